--- sl.loss: what networks are trained on. sl.loss.<name>(process, score, x0, options) is the objective that the file
-- sdelua/loss/objectives/<name>.lua describes: one number for a batch x0 [N, ...]. sl.loss.list() prints them all.
-- A row holds, besides doc, source and options,
--   needs      "kernel": a transition kernel (the affine tier)
--   static     it also works without a process, on the data alone: process nil, score a function of x
--   loss       function(o, process, score, x0): o the options, o.who the objective's name
-- Every random number comes from the TRAIN stream, so it depends on the seed and on the samples seen before it in the
-- run, not on batches or threads; t, z and their like may be given instead.
local collection = require "sdelua.collection"
local options = require "sdelua.options"
local Process = require "sdelua.sde.process"

local loss = {
  objectives = collection "sdelua.loss.objectives",
  dequantizer = require "sdelua.loss.dequantize", eps_offset = require "sdelua.loss.offset",
}

--- All objectives: a list of { name =, needs =, doc =, source = }, which prints as a table.
function loss.list()
  local rows = {}
  for name, row in loss.objectives:each() do
    rows[#rows + 1] = { name = name, needs = row.needs, doc = row.doc, source = row.source }
  end
  return setmetatable(rows, require "sdelua.listing" { "name", "needs", "doc", "source" })
end

local function check_process(name, row, process)
  if getmetatable(process) == Process or (row.static and process == nil) then return end
  error(("%s: argument process: expected a process of sl.sde, got %s"):format(name, tostring(process)), 3)
end

local function objective(_, name)
  local row = loss.objectives:find(name)
  if not row then return nil end
  local function run(process, score, x0, opts)
    local o = options.read(name, opts, row.options)
    check_process(name, row, process)
    o.who = name
    return row.loss(o, process, score, x0)
  end
  loss[name] = run
  return run
end

return setmetatable(loss, { __index = objective, __names = function()
  local names = {}
  for _, name in ipairs(loss.objectives:names()) do names[name] = true end
  return names
end })
