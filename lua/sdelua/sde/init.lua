--- sl.sde: diffusion processes. sl.sde.VP, sl.sde.VE … are the files of sdelua/sde/processes, one each; sl.sde.list()
-- names them. sl.sde.define makes a process from your own functions. Everything else about a process follows from its
-- drift and diffusion (see include/sdelua/sde.h).
local collection = require "sdelua.collection"
local options = require "sdelua.options"

local sde = {
  define = require "sdelua.sde.define", Process = require "sdelua.sde.process",
  processes = collection "sdelua.sde.processes",
}

--- The named processes: a list of { name =, doc =, source = }, which prints as a table.
function sde.list()
  local rows = {}
  for name, row in sde.processes:each() do rows[#rows + 1] = { name = name, doc = row.doc, source = row.source } end
  return setmetatable(rows, require "sdelua.listing" { "name", "doc", "source" })
end

-- The constructor of a named process, a function of its options.
local function constructor(_, name)
  local row = sde.processes:find(name)
  if not row then return nil end
  local function new(opts)
    local o = options.read(name, opts, row.options)
    o.given = opts or {}
    return row.new(o)
  end
  sde[name] = new
  return new
end

return setmetatable(sde, { __index = constructor, __names = function()
  local names = {}
  for _, name in ipairs(sde.processes:names()) do names[name] = true end
  return names
end })
