-- process:simulate(x0, options): paths of any process, forwards in time; the only way to see a non-linear one.
--
--   steps = 1000, or times = a list of rising times; T     where the steps stand: from 0 to T (the process's own)
--   method = "euler_maruyama", "milstein" or "srk"         see sdelua/solve/scheme.lua
--   seed, first, index, or noise                           the Brownian path, as samplers take it (see sl.noise)
--   trajectory = true                                      info.trajectory holds the state at each of info.times
--
-- Returns x at the last time, and info. More steps refine the same path.
local sl = require "sdelua"
local core = require "sdelua.core".sde
local errors = require "sdelua.errors"
local options = require "sdelua.options"

local KNOWN = {
  steps = 1000, times = options.NONE, T = options.NONE, method = "euler_maruyama", trajectory = false,
  seed = options.NONE, first = options.NONE, index = options.NONE, noise = options.NONE,
}

local function check_times(times)
  for i, t in ipairs(times) do
    if type(t) ~= "number" or t < 0 or (i > 1 and t <= times[i - 1]) then
      errors.raise("simulate: option times: expected rising times of at least 0, got %s", tostring(t))
    end
  end
  if #times < 2 then errors.raise("simulate: option times: expected at least two, got " .. #times) end
  return times
end

local function times_of(process, o)
  if o.times then return check_times(type(o.times) == "userdata" and o.times:totable() or o.times) end
  local times, T = {}, o.T or process.T
  options.counts("simulate", o, { "steps" })
  for i = 0, o.steps do times[i + 1] = i == o.steps and T or T * i / o.steps end
  return times
end

local function walk(scheme, field, x, times, states)
  local memory = {}
  for i = 1, #times - 1 do
    x = scheme.step("simulate", field, x, times[i], times[i + 1], memory)
    if states then states[i + 1] = x end
  end
  return x
end

return function(process, x0, opts)
  local o = options.read("simulate", opts, KNOWN)
  local schemes = require "sdelua.solve.scheme"
  options.choice("simulate", "method", o.method, schemes.names)
  if not sl.is_tensor(x0) then
    errors.raise("simulate: argument x0: expected a float tensor [N, features ...], got %s", options.show(x0))
  end
  core.settle(process.handle, x0)
  local times, source = times_of(process, o), sl.noise.of(o)
  local states = o.trajectory and { x0 } or nil
  local field = {
    drift = function(x, t) return process:drift(x, t) end,
    diffusion = function(x, t) return process:diffusion(x, t) end,
    path = function(shape, a, b) return source:increment(shape, a, b, x0.dtype) end,
  }
  local x = sl.no_grad(walk, schemes[o.method], field, x0, times, states)
  return x, { times = times, trajectory = states }
end
