-- Ways down and up between times, for methods that go over the same stretch several times or begin below T.
local errors = require "sdelua.errors"
local options = require "sdelua.options"
local finite = require "sdelua.finite"
local ridge = require "sdelua.posterior.ridge"

local walk = {}

--- The exact step from t down to r (Ho et al. 2020, eq. 6, 7), noise included: the state, and its mean.
function walk.down(run, x, t, r)
  local x0 = run:exchange(x, t)
  local mean = run.process:posterior_mean(x, t, r, x0)
  return mean + run:posterior_std(t, r) * run:normal(), mean
end

--- Forwards: x_t given x_r = x.
function walk.up(run, x, r, t)
  local function at(name, time) return run.process:coefficient(name, x, time) end
  local A = at("m", t) / at("m", r)
  local std = (at("s", t):square() - (A * at("s", r)):square()):clamp(0, math.huge):sqrt()
  return (x - at("c", r)) * A + at("c", t) + std * run:normal()
end

--- `count` times from x, at the end of the grid's interval `last`, up to where interval `first` begins, and down again
-- by step(run, x, t, r) -> x, mean.
function walk.again(run, x, mean, first, last, count, step)
  for _ = 1, count do
    x = walk.up(run, x, run.times[last + 1], run.times[first])
    for i = first, last do x, mean = step(run, x, run.times[i], run.times[i + 1]) end
  end
  return x, mean
end

-- ---- beginning below T ---------------------------------------------------------------------------------------

-- What the option guess, a function (operator, y), returns, for each of N measurements; one stands for all.
local function own_guess(self, run)
  local n, guess = run.y:shape(1), self.guess(run.operator, run.y)
  run.operator:check_like(run.name, "option guess", guess)
  if guess:shape(1) ~= n and guess:shape(1) ~= 1 then
    errors.raise("%s: option guess: expected one image or one a measurement, %d, got %d", run.name, n, guess:shape(1))
  elseif not finite(guess) then
    errors.raise("%s: option guess: expected finite values, got NaN or infinity", run.name)
  end
  return guess:expand { n, table.unpack(run.operator.shape) }
end

--- The image that a method begins with: what its option guess returns, else A^+ y.
function walk.guess(self, run)
  if run.memory.guess then return run.memory.guess end
  local operator, y = run.operator, run.y
  if not (self.guess or operator.linear or operator.made.pinv) then
    errors.raise("%s: argument operator: expected one with a pseudo-inverse, or the option guess, got %s", run.name,
      tostring(operator))
  end
  local guess
  if self.guess then
    guess = own_guess(self, run)
  else
    guess = operator.linear and ridge(operator, y) or operator:pinv(y)
    operator:check_like(run.name, "pseudo-inverse", guess)
  end
  operator:apply(guess) -- an operator that goes wrong is found out here, where no step asks it
  run.memory.guess = guess:to(run.x.dtype)
  return run.memory.guess
end

--- That image at time t, with noise z or, without, its mean.
function walk.guess_at(self, run, t, z)
  local guess = walk.guess(self, run)
  return run.process:perturb(guess, t, z or guess * 0)
end

--- The state and time of a method that begins at the share t0 of [0, T].
function walk.start(self, run)
  local t = self.t0 * run.process.T
  if t <= run.eps then
    errors.raise("%s: option t0: expected a time t0 T after eps, %g, got %g", run.name, run.eps, t)
  end
  return walk.guess_at(self, run, t, run:normal()), t
end

function walk.check(who, o)
  options.portions(who, o, { "t0" })
  options.functions(who, o, { "guess" })
end

return walk
