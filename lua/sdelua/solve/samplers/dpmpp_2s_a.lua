local kd = require "sdelua.solve.kdiffusion"

return {
  doc = "DPM-Solver++(2S) down to sigma_down, then noise up to the next sigma; eta = 0 is the flow.",
  source = "Lu et al. 2022b, DPM-Solver++(2S); k-diffusion's sample_dpmpp_2s_ancestral",
  order = kd.order(2), weak = 2, cost = 2, space = "sigma", steps = 20, noise = kd.has_eta, options = kd.ANCESTRAL,
  check = kd.check_ancestral,
  step = function(self, run)
    local x, sigma, D = run.x, run.sigma, run:denoised(run.x, run.sigma)
    local down, up = kd.ancestral(sigma, run.sigma_next, self.eta)
    if down > 0 then
      local mid = kd.between(sigma, down, 0.5)
      D = run:denoised(kd.euler(x, D, sigma, mid), mid)
    end
    return kd.noised(run, kd.euler(x, D, sigma, down), up, self.s_noise)
  end,
}
