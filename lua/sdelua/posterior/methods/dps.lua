local options = require "sdelua.options"
local residual = require "sdelua.posterior.residual"

return {
  doc = "Diffusion posterior sampling: an ancestral step, then the gradient of |y - A(x0)|^2 in x_t, times zeta/|y - "
    .. "A(x0)|, each sample by its own norm. Any differentiable operator; likelihood = \"gaussian\" or \"poisson\", "
    .. "whose norm has weights 1/(2 y). The scale of the paper's code is 2 zeta (gaussian).",
  source = "Chung et al. 2023, algorithms 1, 2 (the step's size: appendix D.1)",
  noise = true, cost = 1, needs = { "kernel", "signal" }, denoise = "mean",
  options = { zeta = 1.0, likelihood = "gaussian" },
  check = function(o)
    options.choice("dps", "likelihood", o.likelihood, { "gaussian", "poisson" })
    options.amounts("dps", o, { "zeta" })
    options.finite("dps", o, { "zeta" })
  end,
  step = function(self, run)
    local x, t, r, y = run.x, run.t, run.r, run.y
    local weight = self.likelihood == "poisson" and (y:abs():clamp(1e-6, math.huge) * 2):rsqrt() or 1
    local g, x0 = residual.gradient(run, x, t, function(x0) return (y - run.operator:apply(x0)) * weight end)
    local mean = run.process:posterior_mean(x, t, r, x0) - g * self.zeta
    return mean + run:posterior_std() * run:normal(), mean
  end,
}
