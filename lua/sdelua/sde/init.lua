--- sl.sde: diffusion processes. sl.sde.VP, sl.sde.VE … are the files of sdelua/sde/processes, one each; sl.sde.list()
-- names them. sl.sde.define makes a process from your own functions. Everything else about a process follows from its
-- drift and diffusion (see include/sdelua/sde.h). A row holds, besides doc, source and options,
--   new        function(o): the process; o.given is what was given, without defaults
--   sampler    { name, option = … }: what scripts draw with unless told otherwise (ancestral)
--   grid       the name of the grid in sigma of samplers whose steps would be even in time, where those are too coarse
local collection = require "sdelua.collection"
local options = require "sdelua.options"

local sde = {
  define = require "sdelua.sde.define", Process = require "sdelua.sde.process",
  processes = collection "sdelua.sde.processes",
}

return sde.processes:open(sde, { "name", "doc", "source" }, function(row)
  return function(opts)
    local o = options.read(row.name, opts, row.options)
    o.given = opts or {}
    local process = row.new(o)
    process.row, process.options = row, o
    return process
  end
end)
