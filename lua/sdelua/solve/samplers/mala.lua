local sl = require "sdelua"
local errors = require "sdelua.errors"
local options = require "sdelua.options"
local grid = require "sdelua.solve.grid"
local common = require "sdelua.sde.common"

local column = common.column

local function sum_rows(v) return v:reshape({ v:shape(1), -1 }):sum(2) end

-- As told, or as the score knows it: process:score of an energy does.
local function log_prob_of(self, run)
  local score = run.call.score
  local known = self.log_prob
  if known == nil and type(score) == "table" then known = score.log_prob end
  if not options.callable(known) then
    errors.raise("mala: option log_prob: expected a function (x, t) -> log p_t(x) up to a constant, [N], unless the "
      .. "score is of an energy, got " .. options.show(known))
  end
  return function(x, t) return common.expect_like("mala: option log_prob", known(x, t), t, false, "t") end
end

-- One proposal y = x + e score + sqrt(2 e) z, accepted with probability p(y) q(x | y)/(p(x) q(y | x)) or 1. Half the
-- sum of squares of two unit normals is minus the logarithm of a uniform number.
local function move(run, state, t, e, log_prob)
  local z = run:normal()
  local y = state.x + state.score * e + z * math.sqrt(2 * e)
  local new = { x = y, score = run:score(y, t), log_p = log_prob(y, run.at) }
  local back = state.x - y - new.score * e
  local log_ratio = new.log_p - state.log_p + sum_rows(z:square() * 0.5 - back:square() / (4 * e))
  local accept = log_ratio:ge(run:normal({ y:shape(1), 2 }):square():sum(2) * -0.5)
  local rows = column(accept, y)
  return {
    x = sl.where(rows, y, state.x), score = sl.where(rows, new.score, state.score),
    log_p = sl.where(accept, new.log_p, state.log_p),
  }, accept
end

-- n_steps of the chain at one time; counts what is accepted.
local function at_time(self, run, x, t, log_prob, accepted)
  run.at = sl.full({ x:shape(1) }, t, { dtype = x.dtype })
  local e = 2 * (self.snr * run.process:point(t).s) ^ 2
  local state = { x = x, score = run:score(x, t), log_p = log_prob(x, run.at) }
  for _ = 1, self.n_steps do
    local accept
    state, accept = move(run, state, t, e, log_prob)
    accepted = accepted + accept:to(x.dtype)
  end
  run:report(state.x, t)
  return state.x, accepted
end

local function check_time(run, t)
  if type(t) ~= "number" or not (t > 0 and t <= run.process.T) then
    errors.raise("mala: option t: expected a time in (0, %g], got %s", run.process.T, options.show(t))
  end
end

return {
  doc = "Metropolis-adjusted Langevin steps of size 2 (snr s_t)^2 at each time of the grid (or at t alone), for scores "
    .. "whose log_prob(x, t) is known, as that of an energy is. info.acceptance is [N].",
  source = "Roberts & Tweedie 1996; Song et al. 2021, algorithm 4 (the step's size)",
  noise = true, needs = { "kernel", "uniform" }, denoise = false, steps = 100,
  heeds = function(o) return o.t == nil and { "steps", "grid" } or {} end,
  cost = function(o) return o.n_steps + 1 end,
  options = { log_prob = options.NONE, snr = 0.16, n_steps = 10, t = options.NONE },
  check = function(o, who)
    options.counts(who, o, { "n_steps" })
    options.positives(who, o, { "snr" })
  end,
  sample = function(self, run)
    local log_prob, x = log_prob_of(self, run), run.x
    if self.t ~= nil then check_time(run, self.t) end
    local spec = self.grid or grid.suited(run.process, run.eps)
    local times = self.t and { self.t }
      or grid.times("mala", run.process, spec, self.steps - 1, run.from, run.eps, false)
    local accepted = sl.zeros(x:shape(1), { dtype = x.dtype })
    for _, t in ipairs(times) do x, accepted = at_time(self, run, x, t, log_prob, accepted) end
    return x, { acceptance = accepted / (#times * self.n_steps) }
  end,
}
