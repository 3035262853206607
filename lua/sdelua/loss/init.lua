--- sl.loss: what networks are trained on. sl.loss.<name>(process, score, x0, options) is the objective that the file
-- sdelua/loss/objectives/<name>.lua describes: one number for a batch x0 [N, ...]. sl.loss.list() prints them all.
-- A row holds, besides doc, source and options,
--   needs      "kernel": a transition kernel (the affine tier)
--   static     it also works without a process, on the data alone: process nil, score a function of x
--   score      function(o): options of process:score for the networks that it was made for, parameterization =,
--              label = or precondition =; the latter two as { kind =, options = }, so that a file can hold them
--   check      function(o): raises where values of options are out of range
--   bare       a network itself will do for a score: it is told the level's number
--   loss       function(o, process, score, x0): o the options, o.who the objective's name
-- Every random number comes from the TRAIN stream, so it depends on the seed and on the samples seen before it in the
-- run, not on batches or threads; t, z and their like may be given instead.
local collection = require "sdelua.collection"
local options = require "sdelua.options"
local arguments = require "sdelua.sde.arguments"

local loss = {
  objectives = collection "sdelua.loss.objectives",
  dequantizer = require "sdelua.loss.dequantize", eps_offset = require "sdelua.loss.offset",
}

loss.objectives.arguments = { "process", "score", "x0" }

return loss.objectives:open(loss, { "name", "needs", "doc", "source" }, function(row)
  return function(process, score, x0, opts)
    local o = options.read(row.name, opts, row.options)
    o.who = row.name
    if process or not row.static then arguments.process(o.who, process) end
    arguments.score(o.who, process, score, row.bare)
    if row.check then row.check(o) end
    return row.loss(o, process, score, x0)
  end
end)
