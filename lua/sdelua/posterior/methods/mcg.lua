local coordinates = require "sdelua.posterior.coordinates"
local options = require "sdelua.options"
local ridge = require "sdelua.posterior.ridge"
local residual = require "sdelua.posterior.residual"

return {
  doc = "Manifold-constrained gradient: an ancestral step, the gradient of |W(y - A x0)|^2 in x_t times zeta over the "
    .. "norm, each sample by its own, then the measured coordinates are those of y with the noise of the time. W = "
    .. "A^+, with noise that of the ridge std^2. The paper has zeta = 1 for inpainting, else 0.1; its code's weight is "
    .. "2 zeta.",
  source = "Chung et al. 2022b, the steps of manifold-constrained gradient and projection (their size: appendix C); "
    .. "its code: controllable_generation.py, guided_diffusion/gaussian_diffusion.py",
  admits = { "linear" }, noise = true, cost = 1, needs = { "kernel", "signal", "uniform" }, denoise = "mean",
  options = { zeta = 1.0 },
  check = function(o)
    options.amounts("mcg", o, { "zeta" })
    options.finite("mcg", o, { "zeta" })
  end,
  step = function(self, run)
    local x, t, r, operator, y = run.x, run.t, run.r, run.operator, run.y
    local g, x0 = residual.gradient(run, x, t, function(x0) return ridge(operator, y - operator:apply(x0)) end)
    local mean = run.process:posterior_mean(x, t, r, x0) - g * self.zeta
    local moved = mean + run:posterior_std() * run:normal()
    return coordinates.put(run, moved, coordinates.known(run, r, run:normal()), r),
      coordinates.put(run, mean, coordinates.mean(run, r), r)
  end,
}
