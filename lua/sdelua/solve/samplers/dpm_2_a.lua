local kd = require "sdelua.solve.kdiffusion"

return {
  doc = "DPM-Solver-2 down to sigma_down, then noise up to the next sigma; eta = 0 is the flow.",
  source = "Lu et al. 2022a, algorithm 1; k-diffusion's sample_dpm_2_ancestral",
  order = kd.order(2), weak = 2, cost = 2, space = "sigma", steps = 20, noise = kd.has_eta, options = kd.ANCESTRAL,
  check = kd.check_ancestral,
  step = function(self, run)
    local x, D = run.x, run:denoised(run.x, run.sigma)
    local down, up = kd.ancestral(run.sigma, run.sigma_next, self.eta)
    local y = down == 0 and D or kd.midpoint(run, x, D, run.sigma, down)
    return kd.noised(run, y, up, self.s_noise)
  end,
}
