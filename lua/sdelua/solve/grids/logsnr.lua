local spaced = require "sdelua.solve.spaced"

return {
  doc = "Even in log(m^2/s^2), so in log sigma; also called exponential, and ve.",
  source = "Lu et al. 2022a, section 3.3; Karras et al. 2022, table 1 (ve); k-diffusion's get_sigmas_exponential",
  space = "sigma", options = {},
  make = function(n, hi, lo) return spaced(n, hi, lo, math.log, math.exp) end,
}
