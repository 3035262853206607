local kd = require "sdelua.solve.kdiffusion"

return {
  doc = "DPM-Solver-2: the slope at the middle of the step in log sigma; with S_churn as in euler.",
  source = "Lu et al. 2022a, algorithm 1; Karras et al. 2022, algorithm 2; k-diffusion's sample_dpm_2",
  order = kd.flow_order(2), weak = 2, cost = 2, space = "sigma", steps = 20, noise = kd.churns, options = kd.CHURN,
  check = kd.check_churn,
  step = function(self, run)
    local x, sigma = run:churned(self)
    local D = run:denoised(x, sigma)
    if run.sigma_next == 0 then return D end
    return kd.midpoint(run, x, D, sigma, run.sigma_next)
  end,
}
