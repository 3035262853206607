local column = require "sdelua.sde.common".column
local options = require "sdelua.options"
local grid = require "sdelua.solve.grid"
local particles = require "sdelua.posterior.particles"

-- log p(y | x_t) up to a constant, [n K], with x_0 given x_t taken as N(x0, r2 I).
local function log_twist(run, x0, r2)
  local operator = run.operator
  local residual, var = run.y - operator:apply(x0), operator.std ^ 2
  if not operator.linear then return residual:reshape({ x0:shape(1), -1 }):square():sum(2) / (-2 * (var + r2)) end
  return (operator:Ut(residual):square() / (operator:singular(x0.dtype):square() * r2 + var)):sum(2) * -0.5
end

-- The particles x at time t with x0, the logarithm of the twist and its gradient; at the end x0 in their place.
local function seen(self, run, x, t, last)
  run.evaluations = run.evaluations + self.K - 1 -- of each particle
  if last then
    x = run:exchange(x, t)
    return { x = x, log_p = log_twist(run, x, 0) }
  end
  local at, value = run.process:point(t), nil
  local r2 = (self.tau * at.s) ^ 2 / ((self.tau * at.m) ^ 2 + at.s ^ 2)
  local g, x0 = run:guided(x, t, function(x0)
    value = log_twist(run, x0, r2)
    return value
  end)
  return { x = x, x0 = x0, g = g, log_p = value:detach() }
end

-- How far a particle is pushed, in units of the step's noise: gradients of networks are wild where m is small. The
-- weights know of it.
local function limited(self, push)
  local norm = push:reshape({ push:shape(1), -1 }):square():mean(2):sqrt()
  local share = (norm * 0 + self.limit) / norm:clamp(self.limit, math.huge)
  return push * column(share, push)
end

-- A step of the prior's kernel with its mean moved along the gradient of the twist, and the log of the weight's factor.
local function moved(self, run, p, t, r, last)
  local std, z = run:posterior_std(t, r), particles.normal(run, p.x:shape(1) // self.K, self.K)
  local push = limited(self, std * p.g)
  local x = run.process:posterior_mean(p.x, t, r, p.x0) + std * (push + z)
  local q = seen(self, run, x, r, last)
  return q, q.log_p - p.log_p - (push * (z + push * 0.5)):reshape({ x:shape(1), -1 }):sum(2)
end

local function sample(self, run)
  local n, K = run.x:shape(1), self.K
  local spec = self.grid or grid.suited(run.process, run.eps)
  local times = grid.times("tds", run.process, spec, self.steps, run.from, run.eps, false)
  local p = seen(self, run, particles.begin(run, n, K), times[1])
  local log_w = particles.grouped(p.log_p, K)
  for i = 1, #times - 1 do
    local places, more
    places, log_w = particles.resample(run, self.resample, log_w, self.ess * K)
    p, more = moved(self, run, particles.select(p, places), times[i], times[i + 1], i == #times - 1)
    log_w = log_w + particles.grouped(more, K)
    particles.check("tds", log_w, times[i + 1])
    run:report(p.x:reshape({ n, K, table.unpack(run.operator.shape) }):select(2, 1), times[i + 1])
  end
  local w = log_w:softmax(2)
  return p.x:index_select(particles.pick(run, w), 1), {
    particles = p.x:reshape { n, K, table.unpack(run.operator.shape) }, weights = w, ess = particles.effective(w),
  }
end

return {
  doc = "Twisted diffusion sampler: K particles a measurement go by ancestral steps that the gradient of p(y | x_t) "
    .. "twists, weighted, and drawn anew (resample = \"systematic\" or \"multinomial\") where fewer than ess K count. "
    .. "Exact as K grows. p(y | x_t) takes x_0 as N(x0, r^2 I) with r^2 = tau^2 s^2/(tau^2 m^2 + s^2); a push is "
    .. "at most `limit` times the step's noise. Returns one of them; info.particles, weights, ess.",
  source = "Wu et al. 2023, algorithm 1",
  admits = { "noisy" }, noise = true, needs = { "kernel", "signal", "uniform" }, denoise = false, steps = 100,
  heeds = { "steps", "grid" },
  cost = function(o) return o.K end,
  options = { K = 16, ess = 0.5, resample = "systematic", tau = 1.0, limit = 1.0 },
  check = function(o)
    options.choice("tds", "resample", o.resample, particles.methods)
    options.counts("tds", o, { "K" })
    options.shares("tds", o, { "ess" })
    options.positives("tds", o, { "tau", "limit" })
    options.finite("tds", o, { "tau" })
    o.K = math.tointeger(o.K)
  end,
  sample = sample,
}
