local errors = require "sdelua.errors"
local closed = require "sdelua.sde.closed"

return {
  doc = "Variance exploding with sigma even in time: sigma_min + (sigma_max - sigma_min) t/T.",
  source = "Song et al. 2021, eq. 9, with a linear schedule",
  grid = "karras", -- steps even in time would leave all but the largest sigmas to the last of them
  options = closed.options { sigma_min = 0.01, sigma_max = 50 },
  new = function(o)
    local lo, hi, T = o.sigma_min, o.sigma_max, o.T or 1
    if not (lo >= 0 and lo < hi) then
      errors.raise("VElinear: options sigma_min, sigma_max: expected 0 <= sigma_min < sigma_max, got %g, %g", lo, hi)
    end
    return closed.new("VE", {
      sigma = function(t) return lo + (hi - lo) * t / T end, T = o.T, std0 = o.std0, eps = o.eps, prior = o.prior,
      given = {},
    }, "sigma")
  end,
}
