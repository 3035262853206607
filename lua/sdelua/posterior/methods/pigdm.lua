local pseudoinverse = require "sdelua.posterior.pseudoinverse"
local options = require "sdelua.options"

return {
  doc = "Pseudoinverse guidance in the paper's steps: DDIM with eta of the noise of an ancestral step, and m r^2 times "
    .. "the guidance, whatever the length of the step; prior_std and bound as in pigdm_score. The authors' code (in "
    .. "RED-diff) multiplies the guidance by the next m as well.",
  source = "Song et al. 2023, algorithm 1 (appendix A.1)",
  admits = { "linear" }, noise = true, cost = 1, needs = { "kernel", "signal", "uniform" }, denoise = "mean",
  steps = 100,
  options = { eta = 1.0, prior_std = 1.0, bound = 4.0 },
  check = function(o)
    options.shares("pigdm", o, { "eta" })
    options.positives("pigdm", o, { "prior_std", "bound" })
    options.finite("pigdm", o, { "prior_std" })
  end,
  step = function(self, run)
    local x, t, r = run.x, run.t, run.r
    local function at(name, time) return run.process:coefficient(name, x, time) end
    local g, x0, eps, r2 = pseudoinverse.gradient(self, run, x, t)
    local c1 = run:posterior_std() * self.eta
    local c2 = (at("s", r):square() - c1:square()):clamp(0, math.huge):sqrt()
    local guidance = (g:reshape { x:shape(1), -1 } * r2):reshape(x:shape()) * at("m", t)
    local mean = x0 * at("m", r) + at("c", r) + eps * c2 + guidance
    return mean + c1 * run:normal(), mean
  end,
}
