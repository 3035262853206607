local sl = require "sdelua"
local coordinates = require "sdelua.posterior.coordinates"
local options = require "sdelua.options"

local function rest(eta) return math.sqrt(1 - eta * eta) end

-- a^2 - b^2 under a root, b [D]
local function less(a, b) return (a * a - b:square()):clamp(0, math.huge):sqrt() end

-- The start, where y is less noisy than x: about what it says, with the rest of the noise.
local function begun(known, c, sigma)
  local about_y = known.y + c / sigma * less(sigma, known.std)
  return known.pick(sl.where(known.std:le(sigma), about_y, c), c)
end

-- The coordinates at the next sigma, before noise, and the noise's std.
local function next_of(self, known, c0, eps, sigma)
  local behind = known.std:le(sigma) -- y is less noisy than x
  local pull = (known.y - c0) / known.std:clamp(1e-30, math.huge) * (sigma * rest(self.eta))
  local mean = sl.where(behind, c0 + (known.y - c0) * self.eta_b, c0 + pull)
  local std = sl.where(behind, less(sigma, known.std * self.eta_b), known.std * 0 + sigma * self.eta)
  local eta = self.eta_c or self.eta
  return known.pick(mean, c0 + eps * (sigma * rest(eta))), known.pick(std, known.std * 0 + sigma * eta)
end

return {
  doc = "Denoising diffusion restoration, in the operator's singular vectors. eta is the fresh share of the noise, "
    .. "eta_c that of the unmeasured coordinates (eta, unless given); eta_b the weight of y where it is less noisy "
    .. "than x.",
  source = "Kawar et al. 2022a, section 3; its code: functions/denoising.py, efficient_generalized_steps",
  admits = { "linear" }, noise = true, space = "sigma", steps = 20, cost = 1,
  options = { eta = 0.85, eta_b = 1.0, eta_c = options.NONE },
  check = function(o) options.shares("ddrm", o, { "eta", "eta_b", "eta_c" }) end,
  step = function(self, run)
    local operator, known, sigma = run.operator, coordinates.of(run), run.sigma
    local c = operator:Vt(run.x)
    if run.step == 1 and not run.call.given_x then c = begun(known, c, sigma) end
    local c0 = operator:Vt(run:denoised(operator:V(c), sigma))
    local mean, std = next_of(self, known, c0, (c - c0) / sigma, run.sigma_next)
    return operator:V(mean + run:normal(c:shape()) * std), operator:V(mean)
  end,
}
