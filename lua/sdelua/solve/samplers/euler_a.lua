local kd = require "sdelua.solve.kdiffusion"

return {
  doc = "Euler's method down to sigma_down, then noise up to the next sigma; eta = 0 is the flow.",
  source = "Ho et al. 2020, algorithm 2, in sigma; k-diffusion's sample_euler_ancestral",
  order = 1, weak = 1, cost = 1, space = "sigma", steps = 50, noise = kd.has_eta, options = kd.ANCESTRAL,
  check = kd.check_ancestral,
  step = function(self, run)
    local down, up = kd.ancestral(run.sigma, run.sigma_next, self.eta)
    return kd.noised(run, kd.euler(run.x, run:denoised(run.x, run.sigma), run.sigma, down), up, self.s_noise)
  end,
}
