local kd = require "sdelua.solve.kdiffusion"

return {
  doc = "Heun's method on the flow in sigma: EDM's sampler; with S_churn, noise is added and taken away again.",
  source = "Karras et al. 2022, algorithms 1 and 2; k-diffusion's sample_heun",
  order = kd.flow_order(2), weak = 2, cost = 2, space = "sigma", steps = 18, noise = kd.churns, options = kd.CHURN,
  check = kd.check_churn,
  step = function(self, run)
    local x, sigma = run:churned(self)
    return kd.heun(run, x, sigma, run.sigma_next)
  end,
}
