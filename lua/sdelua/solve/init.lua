--- sl.solve: samplers. sl.solve.<name> { options } is the sampler that the file sdelua/solve/samplers/<name>.lua
-- describes; sl.solve.list() prints them all. It is called as
--   local x, info = sampler(process, score, shape, options)
-- where score is any function (x, t [N]) -> tensor, and the options are seed, first and index, or noise (see sl.noise);
-- x (the state at T), dtype, callback, trajectory. info.nfe counts evaluations of the score.
local collection = require "sdelua.collection"
local Sampler = require "sdelua.solve.sampler"

local solve = { samplers = collection "sdelua.solve.samplers", grids = require "sdelua.solve.grid".rows }

-- Other names that papers and programs have for the same row.
local ALIASES = {
  edm = "heun", euler_ancestral = "euler_a", dpm_2_ancestral = "dpm_2_a", dpmpp_2s_ancestral = "dpmpp_2s_a",
}

-- A fact; one that depends on the options with the defaults, and a star.
local function fact(row, name)
  local v = row[name]
  if type(v) ~= "function" then return v end
  local usual = v(Sampler.new(row).options)
  return usual and (usual == true and "yes" or ("%g"):format(usual)) .. "*" or "*"
end

--- All samplers: a list of { name =, order =, weak =, noise =, cost =, needs =, doc =, source = }, which prints as a
-- table. "2*": 2 with the options' defaults.
function solve.list()
  local rows = {}
  for name, row in solve.samplers:each() do
    rows[#rows + 1] = {
      name = name, order = fact(row, "order"), weak = fact(row, "weak"), noise = fact(row, "noise"),
      cost = fact(row, "cost"),
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

--- For samplers' option correct: dynamic thresholding (see sdelua/solve/thresholding.lua).
function solve.dynamic_thresholding(opts) return require "sdelua.solve.thresholding" (opts) end

-- The constructor of a named sampler, a function of its options.
local function constructor(_, name)
  local row = solve.samplers:find(ALIASES[name] or name)
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
