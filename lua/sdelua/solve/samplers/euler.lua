local kd = require "sdelua.solve.kdiffusion"

return {
  doc = "Euler's method on the flow in sigma; with S_churn, noise is added and taken away again.",
  source = "Karras et al. 2022, algorithm 2 without its second order; k-diffusion's sample_euler",
  order = kd.flow_order(1), weak = 1, cost = 1, space = "sigma", steps = 50, noise = kd.churns, options = kd.CHURN,
  check = kd.check_churn,
  step = function(self, run)
    local x, sigma = run:churned(self)
    return kd.euler(x, run:denoised(x, sigma), sigma, run.sigma_next)
  end,
}
