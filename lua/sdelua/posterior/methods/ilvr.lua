local coordinates = require "sdelua.posterior.coordinates"
local options = require "sdelua.options"

-- The std of an ancestral step from t to r: of q(x_r | x_t, x_0), or that of a step forwards (Ho et al. 2020).
local function std_of(self, run)
  if self.variance == "small" then return run:posterior_std() end
  local function at(name, t) return run.process:coefficient(name, run.x, t) end
  local A = at("m", run.t) / at("m", run.r)
  return (at("s", run.t):square() - (A * at("s", run.r)):square()):clamp(0, math.huge):sqrt()
end

-- x with the low frequencies of `known`, a state at time t.
local function refined(self, run, x, known, t)
  if not self.up then return coordinates.put(run, x, known, t) end
  local more = self.up(run.operator:apply(known - x))
  run.operator:check_like("ilvr", "option up", more)
  return x + more
end

return {
  doc = "Iterative latent variable refinement: after each ancestral step x + up(A(x') - A(x)), x' a state that y says. "
    .. "A is the operator, that scales down; up(y) the way back, else the pseudo-inverse. Down to time range_t. "
    .. "published = true: x' has the noise of the time just left, a slip of the published code.",
  source = "Choi et al. 2021, algorithm 1",
  admits = { "linear" }, noise = true, cost = 1, needs = { "kernel", "signal", "uniform" }, denoise = "mean",
  options = { up = options.NONE, range_t = 0.0, variance = "small", published = false },
  check = function(o)
    options.choice("ilvr", "variance", o.variance, { "small", "large" })
    options.functions("ilvr", o, { "up" })
    options.amounts("ilvr", o, { "range_t" })
  end,
  step = function(self, run)
    local x, t, r = run.x, run.t, run.r
    local x0 = run:exchange(x, t)
    local mean = run.process:posterior_mean(x, t, r, x0)
    x = mean + std_of(self, run) * run:normal()
    if t <= self.range_t then return x, mean end
    local at = self.published and t or r
    return refined(self, run, x, coordinates.known(run, at, run:normal()), at),
      refined(self, run, mean, coordinates.mean(run, at), at)
  end,
}
