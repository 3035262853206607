--- sl.loss: what networks are trained on. sl.loss.<name>(process, score, x0, options) is the objective that the file
-- sdelua/loss/objectives/<name>.lua describes: one number for a batch x0 [N, ...]. sl.loss.list() prints them all.
-- A row holds, besides doc, source and options,
--   needs      "kernel": a transition kernel (the affine tier)
--   static     it also works without a process, on the data alone: process nil, score a function of x
--   score      function(o): options of process:score for the networks that it was made for, parameterization =,
--              label = or precondition =; the latter two as { kind =, options = }, so that a file can hold them
--   bare       it calls the network itself, which has to be of that score
--   loss       function(o, process, score, x0): o the options, o.who the objective's name
-- Every random number comes from the TRAIN stream, so it depends on the seed and on the samples seen before it in the
-- run, not on batches or threads; t, z and their like may be given instead.
local collection = require "sdelua.collection"
local common = require "sdelua.sde.common"
local options = require "sdelua.options"
local Process = require "sdelua.sde.process"

local loss = {
  objectives = collection "sdelua.loss.objectives",
  dequantizer = require "sdelua.loss.dequantize", eps_offset = require "sdelua.loss.offset",
}

loss.objectives.arguments = { "process", "score", "x0" }

local function check_process(row, process)
  if getmetatable(process) == Process or (row.static and process == nil) then return end
  error(("%s: argument process: expected a process of sl.sde, got %s"):format(row.name, tostring(process)), 3)
end

return loss.objectives:open(loss, { "name", "needs", "doc", "source" }, function(row)
  return function(process, score, x0, opts)
    local o = options.read(row.name, opts, row.options)
    check_process(row, process)
    if process and not row.bare then common.tell_of_network(row.name, score) end
    o.who = row.name
    return row.loss(o, process, score, x0)
  end
end)
