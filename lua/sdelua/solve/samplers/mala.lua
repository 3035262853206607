local sl = require "sdelua"
local options = require "sdelua.options"
local grid = require "sdelua.solve.grid"
local column = require "sdelua.sde.common".column

local function sum_rows(v) return v:reshape({ v:shape(1), -1 }):sum(2) end

local function log_prob_of(self, run)
  local score = run.call.score
  local known = self.log_prob
  if known == nil and type(score) == "table" then known = score.log_prob end
  if type(known) == "function" then return known end
  error("mala: option log_prob: expected a function (x, t) -> log p_t(x) up to a constant, [N], got "
    .. tostring(known), 0)
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

return {
  doc = "Metropolis-adjusted Langevin steps of size 2 (snr s_t)^2 at each time of the grid (or at t alone), for scores "
    .. "whose log_prob(x, t) is known. info.acceptance is [N].",
  source = "Roberts & Tweedie 1996; Song et al. 2021, algorithm 4 (the step's size)",
  noise = true, needs = { "kernel", "uniform" }, denoise = false, steps = 100,
  cost = function(o) return o.n_steps + 1 end,
  options = { log_prob = options.NONE, snr = 0.16, n_steps = 10, t = options.NONE },
  sample = function(self, run)
    local log_prob, x = log_prob_of(self, run), run.x
    local times = self.t and { self.t }
      or grid.times("mala", run.process, self.grid or "uniform", self.steps - 1, run.from, run.eps, false)
    local accepted = sl.zeros(x:shape(1), { dtype = x.dtype })
    for _, t in ipairs(times) do x, accepted = at_time(self, run, x, t, log_prob, accepted) end
    return x, { acceptance = accepted / (#times * self.n_steps) }
  end,
}
