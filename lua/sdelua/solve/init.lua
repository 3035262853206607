--- sl.solve: samplers. sl.solve.<name> { options } is the sampler that the file sdelua/solve/samplers/<name>.lua
-- describes; sl.solve.list() prints them all. It is called as
--   local x, info = sampler(process, score, shape, options)
-- where score is any function (x, t [N], rows) -> tensor (see sdelua/sde/score.lua); the options are seed, first and
-- index, or noise (see sl.noise); x, the state at T or at the time `from`; dtype, callback, trajectory. info.nfe counts
-- evaluations of the score.
local collection = require "sdelua.collection"
local Sampler = require "sdelua.solve.sampler"

-- Other names that papers and programs have for the same row.
local ALIASES = {
  edm = "heun", euler_ancestral = "euler_a", dpm_2_ancestral = "dpm_2_a", dpmpp_2s_ancestral = "dpmpp_2s_a",
}

local solve = {
  samplers = collection("sdelua.solve.samplers", ALIASES), grids = require "sdelua.solve.grid".rows,
}

solve.samplers.known = Sampler.known

--- A sampler of your own: a table as in sdelua/solve/sampler.lua, of which step or sample is enough, and its options.
function solve.new(own, opts)
  if type(own) ~= "table" or type(own.step or own.sample) ~= "function" then
    error("solve.new: argument solver: expected a table with a function step, got " .. tostring(own), 2)
  end
  return Sampler.new(own, opts)
end

--- For samplers' option correct: dynamic thresholding (see sdelua/solve/thresholding.lua).
function solve.dynamic_thresholding(opts) return require "sdelua.solve.thresholding" (opts) end

-- A fact of a row, for the list; one that depends on the options with the defaults, and a star: "2*".
local function fact(row, name)
  local v = row[name]
  if name == "needs" and row.space == "sigma" then return { "kernel", "signal", "uniform" } end
  if type(v) ~= "function" then return v end
  local usual = v(Sampler.new(row).options)
  return usual and (usual == true and "yes" or ("%g"):format(usual)) .. "*" or "*"
end

return solve.samplers:open(solve, { "name", "order", "weak", "noise", "cost", "needs", "source" }, function(row)
  return function(opts) return Sampler.new(row, opts) end
end, fact)
