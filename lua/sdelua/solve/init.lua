--- sl.solve: samplers. sl.solve.<name> { options } is the sampler that the file sdelua/solve/samplers/<name>.lua
-- describes; sl.solve.list() prints them all. It is called as
--   local x, info = sampler(process, score, shape, options)
-- where score is any function (x, t [N]) -> tensor, and the options are seed, first and index, or noise (see sl.noise);
-- x (the state at T), dtype, callback, trajectory. info.nfe counts evaluations of the score.
local collection = require "sdelua.collection"
local Sampler = require "sdelua.solve.sampler"

local solve = { samplers = collection "sdelua.solve.samplers", grids = require "sdelua.solve.grid".rows }

local function text(v) return type(v) == "function" and "*" or v end

--- All samplers: a list of { name =, order =, weak =, noise =, cost =, needs =, doc =, source = }, which prints as a
-- table. "*" depends on the options.
function solve.list()
  local rows = {}
  for name, row in solve.samplers:each() do
    rows[#rows + 1] = {
      name = name, order = text(row.order), weak = row.weak, noise = text(row.noise), cost = text(row.cost),
      needs = row.space == "sigma" and { "kernel", "signal", "uniform" } or row.needs, doc = row.doc,
      source = row.source,
    }
  end
  return setmetatable(rows, require "sdelua.listing" { "name", "order", "weak", "noise", "cost", "needs", "source" })
end

--- A sampler of your own: a table as in sdelua/solve/sampler.lua, of which step or sample is enough, and its options.
function solve.new(own, opts)
  if type(own) ~= "table" or type(own.step or own.sample) ~= "function" then
    error("solve.new: argument solver: expected a table with a function step, got " .. tostring(own), 2)
  end
  return Sampler.new(own, opts)
end

-- The constructor of a named sampler, a function of its options.
local function constructor(_, name)
  local row = solve.samplers:find(name)
  if not row then return nil end
  local function new(opts) return Sampler.new(row, opts) end
  solve[name] = new
  return new
end

return setmetatable(solve, { __index = constructor, __names = function()
  local names = {}
  for _, name in ipairs(solve.samplers:names()) do names[name] = true end
  return names
end })
