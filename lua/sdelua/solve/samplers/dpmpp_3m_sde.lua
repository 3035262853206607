local kd = require "sdelua.solve.kdiffusion"
local exp, log, expm1 = math.exp, math.log, kd.expm1

-- D' and D''/2 times h^2 where D is now, D_1 a step h_1 before and D_2 a step h_2 before that, in units of h.
local function differences(D, D_1, D_2, h, h_1, h_2)
  local r0, r1 = h_1 / h, h_2 / h
  local d0, d1 = (D - D_1) / r0, (D_1 - D_2) / r1
  local d2 = (d0 - d1) / (r0 + r1)
  return d0 + d2 * r0, d2
end

return {
  doc = "DPM-Solver++(3M) on the SDE: multistep with two earlier estimates; the noise is one Brownian path in sigma.",
  source = "Lu et al. 2022b, SDE-DPM-Solver++, with one more past value; k-diffusion's sample_dpmpp_3m_sde",
  order = kd.order(2), weak = 2, cost = 1, space = "sigma", steps = 20, noise = kd.has_eta, options = kd.ANCESTRAL,
  check = kd.check_ancestral,
  step = function(self, run)
    local D, past = run:denoised(run.x, run.sigma), run.memory
    if run.sigma_next == 0 then return D end
    local h = log(run.sigma / run.sigma_next)
    local h_eta = (1 + self.eta) * h
    local x, phi_2 = run.x * exp(-h_eta) - D * expm1(-h_eta), expm1(-h_eta) / h_eta + 1
    if past.D_2 then
      local d1, d2 = differences(D, past.D, past.D_2, h, past.h, past.h_2)
      x = x + d1 * phi_2 - d2 * (phi_2 / h_eta - 0.5)
    elseif past.D then
      x = x + (D - past.D) * (phi_2 * h / past.h)
    end
    past.D, past.D_2, past.h, past.h_2 = D, past.D, h, past.h
    return kd.driven(run, x, run.sigma_next * math.sqrt(-expm1(-2 * self.eta * h)), self.s_noise)
  end,
}
