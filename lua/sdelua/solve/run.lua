-- What a sampler in Lua works with: one call of it, from the first step to the last.
--
--   run.process, run.x                   the process and the state (a sampler that owns its loop: the first one)
--   run.from, run.eps                    the times at which the way begins and ends
--   run.t, run.r                         this step goes from time t down to r
--   run.sigma, run.sigma_next            the same in sigma = s/m, for samplers with space = "sigma"
--   run.step, run.steps                  from 1
--   run.times                            the grid: step i goes from times[i] to times[i + 1]; nil where the core has
--                                        its own uniform one
--   run.rows                             int64 [n], the places in the batch of the samples at run.x, from 1, where a
--                                        sampler lets finished ones go; nil while all are there
--   run.mean                             the state before the last noise, of a step that several steppers make
--   run.memory                           a table that lasts from step to step, for multistep methods
--   run:score(x, t)                      grad log p_t(x); t a number or [N]. Every evaluation is counted.
--   run:exchange(x, t)                   x0 and eps, as the network has them or, then, `correct`
--   run:denoised(x, sigma)               x0 for x in the space of sigma; sigma a number, or a list of each sample's own
--   run:predicted_noise(x, sigma)        eps for such an x
--   run:posterior_std([t, r])            the standard deviation of x_r given x_t and x_0, of this step unless told
--   run:normal([shape])                  the next draw of unit normals, like x
--   run:brownian(a, b)                   (W_b - W_a)/sqrt|b - a| like x, of one path whatever the intervals
--   run:increment(a, b [, shape])        the path's W_b - W_a and its space-time Levy area (see sl.noise); a and b are
--                                        numbers or tensors [N]
--   run:churned(options [, x, sigma])    the state and sigma after fresh noise: S_churn, S_tmin, S_tmax, S_noise
--   run:report(x, t)                     for a sampler that owns its loop: x of the whole batch goes to the callback
--                                        and the trajectory; t a number, or a list of each sample's own; in the space
--                                        of sigma, sigma stands for t
--
-- In the space of sigma every affine process is the EDM process: x/m, noise of std sigma added to the data (Karras et
-- al. 2022, appendix B.2), so a sampler written for one serves all.
local sl = require "sdelua"
local core = require "sdelua.core"
local common = require "sdelua.sde.common"

local times = common.times

local Run = {}
Run.__index = Run

--- A run of the call that the fields say.
function Run.new(fields)
  fields.memory, fields.draws, fields.evaluations = {}, 0, 0
  return setmetatable(fields, Run)
end

function Run:score(x, t)
  self.evaluations = self.evaluations + 1
  return common.said(self.call.score, x, times(x, t), self.rows)
end

function Run:exchange(x, t)
  self.evaluations = self.evaluations + 1
  if self.call.exchange then return self.call.exchange(x, times(x, t), self.rows) end
  local at = times(x, t)
  return core.sde.exchange(self.process.handle, x, at, common.said(self.call.score, x, at, self.rows), "score")
end

-- The state of the process where each sample has a sigma of its own; and the times.
local function each_to_process(process, x, sigmas)
  local list = {}
  for i, sigma in ipairs(sigmas) do list[i] = process:time(sigma) end
  local t = sl.tensor(list, { dtype = "float64" })
  return x * process:coefficient("m", x, t) + process:coefficient("c", x, t), t
end

--- The state of the process at noise ratio sigma, from x in the space of sigma; and the time.
function Run:to_process(x, sigma)
  if type(sigma) == "table" then return each_to_process(self.process, x, sigma) end
  local t = self.process:time(sigma)
  local at = self.process:point(t)
  return x * at.m + at.c, t
end

--- The state in the space of sigma, from x of the process at time t.
function Run:from_process(x, t)
  local at = self.process:point(t)
  return (x - at.c) / at.m
end

function Run:denoised(x, sigma)
  return (self:exchange(self:to_process(x, sigma)))
end

function Run:predicted_noise(x, sigma)
  return select(2, self:exchange(self:to_process(x, sigma)))
end

--- The standard deviation of x_r given x_t and x_0, of this step unless told.
function Run:posterior_std(t, r)
  t, r = t or self.t, r or self.r
  local function at(name, time) return self.process:coefficient(name, self.x, time) end
  local share = at("m", t) / at("m", r) * at("s", r) / at("s", t) -- A s_r/s_t
  return at("s", r) * (1 - share:square()):clamp(0, 1):sqrt()
end

function Run:normal(shape)
  self.draws = self.draws + 1
  return self.call.source:normal(shape or self.x:shape(), self.draw + self.draws - 1, self.x.dtype)
end

-- Karras et al. 2022, algorithm 2, lines 4 to 6. Draws at every step, so that what is drawn does not depend on sigma.
function Run:churned(o, x, sigma)
  x, sigma = x or self.x, sigma or self.sigma
  if o.S_churn == 0 then return x, sigma end
  local z, gamma = self:normal(), 0
  if o.S_tmin <= sigma and sigma <= o.S_tmax then gamma = math.min(o.S_churn / self.steps, math.sqrt(2) - 1) end
  if gamma == 0 then return x, sigma end
  local hat = self.round and self.round(sigma * (1 + gamma)) or sigma * (1 + gamma)
  hat = math.min(hat, self.process:point(self.process.T).sigma)
  return x + z * (o.S_noise * math.sqrt(math.max(hat * hat - sigma * sigma, 0))), hat
end

function Run:increment(a, b, shape)
  return self.call.source:increment(shape or self.x:shape(), a, b, self.x.dtype)
end

function Run:brownian(a, b) return self.call.source:brownian(self.x:shape(), a, b, self.x.dtype) end

--- Hands a step's state on to whoever watches.
function Run:see(state)
  if self.in_sigma and state.r then
    local at = self.process:point(state.r)
    state.x, state.x_mean = state.x * at.m + at.c, state.x_mean * at.m + at.c
  end
  self.watch:see(state)
end

function Run:report(x, t)
  self.step = (self.step or 0) + 1
  if not self.watch then return end
  if self.in_sigma then x, t = self:to_process(x, t) end
  local each = type(t) == "table" and sl.tensor(t, { dtype = "float64" }) or sl.is_tensor(t) and t or nil
  self.watch:see {
    step = self.step, t = each and each:amax():item() or t, times = each, x = x, x_mean = x, nfe = self.evaluations,
    stage = self.name,
  }
end

return Run
