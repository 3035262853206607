-- Samplers: what a row of sdelua/solve/samplers, or a table of your own, becomes. A row says what every collection's
-- row says (sdelua/collection.lua) and
--
--   order     of convergence as the step shrinks: strong where it draws noise; weak: of its law
--   noise     true if it draws noise after the start
--   cost      evaluations of the score in a step
--   needs     of the process: "kernel" (a transition kernel), "signal" (m_T > 0), "uniform" (one m, s for all features)
--   space     "time", or "sigma": the state is x/m and its time is sigma = s/m (see run.lua), which needs all three
--   grid, steps, denoise: defaults of those options; denoise = false in time: no step ends by leaving its noise out
--   listed    true if its steps ask for run.times, all times of the grid
--   paper     true if levels = "paper" has a meaning: its steppers know the papers' tables
--   heeds     of a loop of its own: those of the options steps, grid and round that have an effect; none unless given
--   check(options, name)  raises where they are not what they should be
-- and one of
--   step(self, run)      one step: returns the state, and the state before the last noise was added
--   sample(self, run)    the whole way, by a loop of its own: returns the state at eps, and a table for info
--   steppers(options)    a list of steppers of the core, run one after another in each step
-- and, where a step spans several intervals of the grid,
--   schedule(self, run, points)  the steps' times and sigmas, from points(n), those of a grid of n intervals
-- where self has the options, then the row's fields. order, weak, noise, cost, paper and heeds may be functions of
-- the options.
local sl = require "sdelua"
local core = require "sdelua.core".solve
local errors = require "sdelua.errors"
local common = require "sdelua.solve.common"
local grid = require "sdelua.solve.grid"
local heed = require "sdelua.solve.heed"
local options = require "sdelua.options"
local sde = require "sdelua.sde.common"
local settle = require "sdelua.core".sde.settle
local warn = require "sdelua.warn"
local Run = require "sdelua.solve.run"
local Watch = require "sdelua.solve.watch"
local Score = require "sdelua.sde.score"

local fact = common.fact

local Sampler = {}
Sampler.__index = Sampler
Sampler.__name = "sdelua.Solver"

local NEEDS = { kernel = 1, signal = 2, uniform = 0 }

--- Options of every sampler on a grid. levels = "paper": the papers' tables and their grid of `steps` times, where the
-- steppers have them. denoise: how the last noise goes. "mean": the last step adds none; "tweedie": one more
-- evaluation, E[x_0 | x_eps]; "zero", in the space of sigma: the last of `steps` goes from sigma_min to 0; false: it
-- stays. correct = function(x0, t [N], rows): what becomes of each estimate of the data, and so of noise and score;
-- of a process with a kernel. round = function(sigma): the nearest noise level that the network knows, for the grid and
-- for churn.
Sampler.OPTIONS = {
  steps = 1000, eps = options.NONE, grid = options.NONE, levels = "exact", denoise = options.NONE,
  correct = options.NONE, round = options.NONE,
}

--- Sampler.known(row): the options of a row's samplers, with defaults.
function Sampler.known(row)
  return options.merged(Sampler.OPTIONS, row.options, { steps = row.steps })
end

-- What a row's step and sample are called with.
local function self_of(row, o) return setmetatable(o, { __index = row }) end

--- Sampler.new(row, options): options as a script gave them.
function Sampler.new(row, opts)
  local who = row.name or "own"
  local o = options.read(who, opts, Sampler.known(row))
  options.choice(who, "levels", o.levels, { "exact", "paper" })
  options.counts(who, o, { "steps" })
  options.functions(who, o, { "correct", "round" })
  if row.check then row.check(o, who, opts or {}) end
  heed.check(who, row, o, opts or {})
  o.steps = grid.count(o.grid) or math.tointeger(o.steps)
  local steppers = row.steppers and row.steppers(o) or row.step and { self_of(row, o) } or nil
  return setmetatable({
    name = who, row = row, options = self_of(row, o), steppers = steppers,
    order = fact(row, "order", o), weak = fact(row, "weak", o), noise = not not fact(row, "noise", o),
    cost = fact(row, "cost", o), denoise = heed.denoise(who, row, o),
  }, Sampler)
end

function Sampler:__tostring()
  return ("sampler %s%s"):format(self.name, self.options.steps and (", %d steps"):format(self.options.steps) or "")
end

-- ---- one call --------------------------------------------------------------------------------------

local function needs_of(row)
  local bits, uniform = 0, row.space == "sigma"
  for _, need in ipairs(row.needs or {}) do
    if not NEEDS[need] then
      errors.raise('%s: needs: expected "kernel", "signal" or "uniform", got %s', row.name or "own", tostring(need))
    end
    bits, uniform = bits | NEEDS[need], uniform or need == "uniform"
  end
  if row.space == "sigma" then bits = NEEDS.kernel | NEEDS.signal end
  return bits, uniform
end

local function text_of(shape) return "[" .. table.concat(shape, ",") .. "]" end

-- Raises unless y, what a step in Lua made of x, is like it.
local function check_step(who, x, y)
  if sl.is_tensor(y) and text_of(y:shape()) == text_of(x:shape()) then return end
  errors.raise("%s: step: expected a state %s, got %s", who, text_of(x:shape()), options.show(y))
end

-- A step in Lua as the core takes it. The run lives as long as the call; the core counts draws and evaluations.
local function wrapped(own, run)
  local function step(x, t, r, i, draw)
    run.x, run.t, run.r, run.step, run.draw = x, t, r, i, draw
    if run.sigmas then run.sigma, run.sigma_next = run.sigmas[i], run.sigmas[i + 1] end
    local evaluations = run.evaluations
    run.draws = 0
    local y, mean = own:step(run)
    check_step(run.name, x, y)
    if mean then check_step(run.name, x, mean) end
    return y, mean or y, run.draws, run.evaluations - evaluations
  end
  return { name = own.name or "own", needs = (needs_of(own)), step = step }
end

-- Where several steppers make a step, one in Lua finds in run.mean the state before the last noise of those before it.
local function listener(run, several)
  if not several and not run.watch then return nil end
  return function(state)
    run.mean = state.x_mean
    if run.watch then run:see(state) end
  end
end

local function plan(self, run, times)
  local o, list, in_lua = self.options, {}, false
  for i, s in ipairs(self.steppers) do
    list[i], in_lua = s.step and wrapped(s, run) or s, in_lua or s.step ~= nil
  end
  return {
    steppers = list, steps = times and #times - 1 or o.steps, times = times, eps = run.eps, paper = o.levels == "paper",
    denoise = self.denoise == "mean", draw = 2, callback = listener(run, in_lua and #list > 1),
  }
end

-- E[x_0 | x_eps], where it is asked for.
local function denoised(self, call, x, eps)
  if self.denoise ~= "tweedie" then return x, 0 end
  if self.options.correct then return (sl.no_grad(call.exchange, x, sde.times(x, eps))), 1 end
  return core.denoise(call.process.handle, call.score, call.exchange, x, eps), 1
end

-- The estimates of the data are corrected here, for all that asks for a score.
local function corrected(self, call, correct)
  if not call.process.tier:find "^affine" then
    errors.raise("%s: argument process: expected one with a transition kernel (affine tier) for option correct, got %s",
      self.name, tostring(call.process))
  end
  local score = Score.corrected(self.name, call.process, call.score, correct)
  call.score, call.exchange = score, sde.exchange_of(score)
end

-- What the core can't know; it names the other needs itself.
local function check_needs(self, process, from)
  local eps = self.options.eps
  if eps ~= nil and not (type(eps) == "number" and eps >= 0 and eps < from) then
    errors.raise("%s: option eps: expected a time in [0, %g), got %s", self.name, from, options.show(eps))
  end
  if self.options.levels == "paper" and from < process.T then
    errors.raise('%s: option from: expected none with levels = "paper", whose grid begins at T, got %g', self.name,
      from)
  end
  local bits, uniform = needs_of(self.row)
  if uniform and not sde.is_uniform(process) then
    errors.raise("%s: argument process: expected an affine one with the same coefficients for all features, got %s",
      self.name, tostring(process))
  elseif uniform and bits & NEEDS.signal ~= 0 and process:point(process.T).m < 1e-10 then
    errors.raise("%s: argument process: expected m_T > 0, got %s, where x_T holds nothing of x_0: use ode", self.name,
      tostring(process))
  end
end

-- The grid's first time need not be T: the state is then the kernel's there.
local function start(call, times)
  if call.given_x or not times or times[1] >= call.from then return call.x end
  return call.process:perturb(call.x * 0, times[1], call.source:normal(call.x:shape(), 1, call.x.dtype))
end

-- The grid; nil for the core's own times, even in time.
local function spec_of(self, process, run)
  local o = self.options -- and of the row, where none was given
  if o.grid or run.in_sigma then return o.grid or "karras" end
  local suited = o.levels == "paper" and "uniform" or grid.suited(process, run.eps)
  local listed = self.row.listed or self.denoise == "zero" or o.round or run.from < process.T
  return (listed or suited ~= "uniform") and suited or nil
end

-- Times and, where the sampler asks for them, sigmas; nil for the core's own.
local function stand(self, process, run)
  local o, to_zero, spec = self.options, self.denoise == "zero", spec_of(self, process, run)
  if not spec then return nil end
  local function points(n)
    local times, sigmas = grid.times(self.name, process, spec, n, run.from, run.eps, to_zero)
    if o.round then return grid.rounded(self.name, process, times, sigmas, o.round) end
    return times, sigmas
  end
  if self.row.schedule then return self.row.schedule(o, run, points) end
  return points(o.steps)
end

local function on_grid(self, call, run)
  local process = call.process
  local times, sigmas = stand(self, process, run)
  local x = start(call, times)
  run.times, run.steps = times, times and #times - 1 or run.steps
  if run.watch then run.watch:begin(x, times and times[1] or run.from) end
  if not run.in_sigma then
    local y, nfe = core.integrate(process.handle, call.score, call.exchange, x, call.source.spec,
      plan(self, run, times))
    return y, nfe, times and times[#times] or run.eps
  end
  if not sigmas then
    sigmas = {}
    for i, t in ipairs(times) do sigmas[i] = process:point(t).sigma end
  end
  run.sigmas = sigmas
  local y, nfe = core.integrate(process.handle, call.score, call.exchange, run:from_process(x, times[1]),
    call.source.spec, plan(self, run, times))
  return (run:to_process(y, sigmas[#sigmas])), nfe, times[#times]
end

-- A row's own loop.
local function by_itself(self, call, run)
  local process, in_sigma = call.process, self.row.space == "sigma"
  run.x, run.draw, run.steps = call.x, 2, self.options.steps
  if in_sigma then
    run.sigma_max, run.sigma_min = process:point(run.from).sigma, process:point(run.eps).sigma
    if not (run.sigma_min > 0 and run.sigma_min < run.sigma_max) then
      errors.raise("%s: option eps: expected a time in (0, %g) with sigma > 0, got %g", self.name, run.from, run.eps)
    end
    run.x = run:from_process(call.x, run.from)
  end
  local x, info = sl.no_grad(self.row.sample, self.options, run)
  run.rows = nil -- all are there again
  if in_sigma then x = run:to_process(x, run.sigma_min) end
  return x, run.evaluations, run.eps, info
end

-- A network that went wrong gives samples that a picture shows black, or not at all.
local function tell_of_wrong_ones(who, x)
  local n = x:shape(1)
  local wrong = x:numel() > 0 and n - (x - x):eq(0):reshape({ n, -1 }):to(x.dtype):amin(2):sum():item() or 0
  if wrong > 0 then
    warn("%s: %d of %d samples are not finite: is the score so at all times, and are the steps small enough?",
      who, wrong, n)
  end
end

--- Samples: what calling it does (see sl.solve). Options: seed, first, index, noise, x, from, dtype, callback,
-- trajectory. fields, where given, are more for run to have.
function Sampler:sample(process, score, shape, opts, fields)
  local call = common.call(self.name, process, score, shape, opts)
  call.process = process
  settle(process.handle, call.x)
  check_needs(self, process, call.from)
  if self.options.correct then corrected(self, call, self.options.correct) end
  local run = Run.new {
    process = process, call = call, name = self.name, from = call.from, eps = self.options.eps or process.eps.sample,
    round = self.options.round, in_sigma = self.row.space == "sigma",
    steps = self.options.steps,
  }
  for key, value in pairs(fields or {}) do run[key] = value end
  local last = self.steppers and (self.steppers[#self.steppers].name or "own") or self.name
  run.watch = Watch.new(call, run.from, last)
  local own_loop = heed.own_loop(self.row, self.options)
  local x, nfe, eps, more = (own_loop and by_itself or on_grid)(self, call, run)
  local y, one = denoised(self, call, x, eps)
  tell_of_wrong_ones(self.name, y)
  local info = { nfe = nfe + one }
  if run.watch then info.trajectory, info.times = run.watch:close(y, one) end
  for key, value in pairs(more or {}) do info[key] = value end
  return y, info
end

Sampler.__call = Sampler.sample

return Sampler
