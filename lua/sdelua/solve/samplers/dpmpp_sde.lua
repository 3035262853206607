local options = require "sdelua.options"
local kd = require "sdelua.solve.kdiffusion"

return {
  doc = "DPM-Solver++ on the SDE with a second evaluation at a share r of the step; the noise is one Brownian path in "
    .. "sigma.",
  source = "Lu et al. 2022b, SDE-DPM-Solver++, singlestep; k-diffusion's sample_dpmpp_sde",
  order = kd.order(2), weak = 2, cost = 2, space = "sigma", steps = 20, noise = kd.has_eta,
  options = { eta = 1.0, s_noise = 1.0, r = 0.5 },
  check = function(o, who)
    kd.check_ancestral(o, who)
    options.portions(who, o, { "r" })
  end,
  step = function(self, run)
    local x, sigma, to = run.x, run.sigma, run.sigma_next
    local D = run:denoised(x, sigma)
    if to == 0 then return D end
    local mid = kd.between(sigma, to, self.r)
    local down, up = kd.ancestral(sigma, mid, self.eta)
    local u = kd.euler(x, D, sigma, down)
    if up > 0 then u = u + run:brownian(sigma, mid) * (up * self.s_noise) end
    local weight = 1 / (2 * self.r)
    D = D * (1 - weight) + run:denoised(u, mid) * weight
    down, up = kd.ancestral(sigma, to, self.eta)
    return kd.driven(run, kd.euler(x, D, sigma, down), up, self.s_noise)
  end,
}
