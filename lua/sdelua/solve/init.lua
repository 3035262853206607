--- sl.solve: samplers. sl.solve.<name> { options } is the sampler that the file sdelua/solve/samplers/<name>.lua
-- describes; sl.solve.list() prints them all. It is called as
--   local x, info = sampler(process, score, shape, options)
-- where score is any function (x, t [N], rows) -> tensor (see sdelua/sde/score.lua); info.nfe counts evaluations of the
-- score. The options of every sampler, in { }, are
--   steps       steps of the grid
--   eps         the time at which it ends; that of the process unless given
--   grid        how the steps' times stand, a row of sdelua/solve/grids (see sdelua/solve/grid.lua)
--   levels      "exact", or "paper": the papers' tables
--   denoise     how the last noise goes: "mean", "zero", "tweedie", or false: it stays
--   correct     function(x0, t [N], rows): what becomes of each estimate of the data
--   round       function(sigma): the nearest noise level that the network knows
-- and those of its call
--   seed        of the noise, with first or index, the samples' numbers (see sl.noise)
--   noise       sl.noise { ... } in place of these
--   x           the state to begin with, at T or at the time `from`
--   from        the time at which x is; T unless given
--   dtype       "float32" or "float64"
--   callback    function(state), after each step: state.x, of the whole batch, x_mean, step, t, nfe, stage; of a step
--               on a grid, from t to r, also r. Where each sample has steps of its own: state.times [N], of which t is
--               the latest; samples that have arrived stay as they are
--   trajectory  true: info.trajectory is the list of all states, from the first to the result, info.times that of
--               their times: numbers, or tensors [N] where each sample has its own. The last state is what is returned:
--               with denoise = "mean" it lacks the last noise; "tweedie" adds a state, at time 0
local collection = require "sdelua.collection"
local errors = require "sdelua.errors"
local Sampler = require "sdelua.solve.sampler"

-- Other names that papers and programs have for the same row.
local ALIASES = {
  edm = "heun", euler_ancestral = "euler_a", dpm_2_ancestral = "dpm_2_a", dpmpp_2s_ancestral = "dpmpp_2s_a",
}

local solve = {
  samplers = collection("sdelua.solve.samplers", ALIASES), grids = require "sdelua.solve.grid".all,
}

solve.samplers.known = Sampler.known
solve.samplers.called =
  "x, info = sampler(process, score, shape, { seed, first, index, noise, x, from, dtype, callback, trajectory })"

--- A sampler of your own: a table as in sdelua/solve/sampler.lua, of which step or sample is enough, and its options.
function solve.new(own, opts)
  if type(own) ~= "table" or type(own.step or own.sample) ~= "function" then
    errors.raise("solve.new: argument solver: expected a table with a function step, got " .. tostring(own))
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
