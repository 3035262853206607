local noise_levels = require "sdelua.sde.noise_levels"
local sl = require "sdelua"

return {
  doc = "Even in the time, from 1 to eps_s, of the VP process whose sigma has these ends.",
  source = "Karras et al. 2022, table 1; EDM's generate.py",
  space = "sigma", options = { eps_s = 1e-3 },
  make = function(n, hi, lo, o)
    local B, b = math.log(1 + hi * hi), math.log(1 + lo * lo)
    local beta_d = 2 * (b / o.eps_s - B) / (o.eps_s - 1)
    local t = sl.arange(0, n + 1, 1, { dtype = "float64" }) * ((o.eps_s - 1) / math.max(n, 1)) + 1
    return noise_levels.vp(t, beta_d, B - 0.5 * beta_d):totable()
  end,
}
