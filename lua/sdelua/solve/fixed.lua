-- Solvers on a fixed grid: a list of steppers, each run once at every step.
local core = require "sdelua.core".solve
local common = require "sdelua.solve.common"
local options = require "sdelua.options"
local times = require "sdelua.sde.common".times

local Fixed = {}
Fixed.__index = Fixed
Fixed.__name = "sdelua.Solver"

local NEEDS = { kernel = 1, signal = 2 }

--- `own` and the options of every such solver. levels = "paper" takes the papers' tables and their grid of `steps`
-- times; "exact" goes through steps + 1 times from T to eps. denoise leaves out the last step's noise.
function Fixed.options(own)
  own.steps, own.eps, own.levels, own.denoise = 1000, options.NONE, "exact", true
  return own
end

-- What a solver declares: the facts of its steppers together.
local function facts(list)
  local known, order, noise = core.steppers(), nil, false
  for _, s in ipairs(list) do
    local fact = s.step and s or known[s.name]
    order = fact.order and math.min(order or fact.order, fact.order) or order
    noise = noise or not not fact.noise
  end
  return order, noise
end

function Fixed.new(name, o, steppers)
  common.choice(name, "levels", o.levels or "exact", { "exact", "paper" })
  if not math.tointeger(o.steps) or o.steps < 1 then
    error(("%s: option steps: expected a positive integer, got %s"):format(name, tostring(o.steps)), 3)
  end
  local order, noise = facts(steppers)
  return setmetatable({
    name = name, steppers = steppers, steps = math.tointeger(o.steps), eps = o.eps, paper = o.levels == "paper",
    denoise = o.denoise, order = order, noise = noise,
  }, Fixed)
end

-- What a stepper in Lua sees.
local Run = {}
Run.__index = Run

function Run:score(x, t)
  self.evaluations = self.evaluations + 1
  return self.call.score(x, times(x, t))
end

function Run:normal(shape)
  self.draws = self.draws + 1
  return self.call.source:normal(shape or self.x:shape(), self.draw + self.draws - 1, self.x.dtype)
end

local function needs(own)
  local bits = 0
  for _, need in ipairs(own.needs or {}) do
    if not NEEDS[need] then
      error(('%s: needs: expected "kernel" or "signal", got %s'):format(own.name or "own", tostring(need)), 0)
    end
    bits = bits | NEEDS[need]
  end
  return bits
end

-- A stepper in Lua as the core takes it.
local function wrapped(own, process, call)
  local function step(x, t, r, i, draw)
    local run = setmetatable({
      process = process, call = call, x = x, t = t, r = r, step = i, draw = draw, draws = 0, evaluations = 0,
    }, Run)
    local y, mean = own:step(run)
    return y, mean or y, run.draws, run.evaluations
  end
  return { name = own.name or "own", needs = needs(own), step = step }
end

local function plan(self, process, call)
  local list = {}
  for i, s in ipairs(self.steppers) do list[i] = s.step and wrapped(s, process, call) or s end
  return {
    steppers = list, steps = self.steps, eps = self.eps or process.eps.sample, paper = self.paper,
    denoise = self.denoise, draw = 2,
  }
end

-- The callback that the options ask for, together with the trajectory it fills.
local function watch(self, call)
  if not call.trajectory then return call.callback, nil end
  local states, last = { call.x }, self.steppers[#self.steppers].name or "own"
  return function(state)
    if state.stage == last then states[#states + 1] = state.x end
    if call.callback then call.callback(state) end
  end, states
end

function Fixed:__call(process, score, shape, opts)
  local call = common.call(self.name, process, score, shape, opts)
  local p = plan(self, process, call)
  local callback, states = watch(self, call)
  p.callback = callback
  local x, nfe = core.integrate(process.handle, call.score, call.exchange, call.x, call.source.spec, p)
  if self.name == "ode" and self.denoise then
    x, nfe = core.denoise(process.handle, call.score, call.exchange, x, p.eps), nfe + 1
  end
  return x, { nfe = nfe, trajectory = states }
end

return Fixed
