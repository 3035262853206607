local kd = require "sdelua.solve.kdiffusion"
local choice = require "sdelua.options".choice
local exp, log, expm1 = math.exp, math.log, kd.expm1

-- Weight of D' over a step h in lambda, where 1 - a = 1 - e^-h multiplies D.
local SOLVERS = {
  midpoint = function(h) return -0.5 * expm1(-h) end,
  heun = function(h) return expm1(-h) / h + 1 end,
}

return {
  doc = "DPM-Solver++(2M) on the SDE: multistep of second order; solver_type = \"midpoint\" or \"heun\"; the noise is "
    .. "one Brownian path in sigma.",
  source = "Lu et al. 2022b, SDE-DPM-Solver++(2M); k-diffusion's sample_dpmpp_2m_sde",
  order = kd.order(2), weak = 2, cost = 1, space = "sigma", steps = 20, noise = kd.has_eta,
  options = { eta = 1.0, s_noise = 1.0, solver_type = "midpoint" },
  check = function(o, who)
    kd.check_ancestral(o, who)
    choice(who, "solver_type", o.solver_type, { "midpoint", "heun" })
  end,
  step = function(self, run)
    local D, past = run:denoised(run.x, run.sigma), run.memory
    if run.sigma_next == 0 then return D end
    local h = log(run.sigma / run.sigma_next)
    local h_eta = (1 + self.eta) * h
    local x = run.x * exp(-h_eta) - D * expm1(-h_eta)
    if past.D then x = x + (D - past.D) * (SOLVERS[self.solver_type](h_eta) * h / past.h) end
    past.D, past.h = D, h
    return kd.driven(run, x, run.sigma_next * math.sqrt(-expm1(-2 * self.eta * h)), self.s_noise)
  end,
}
