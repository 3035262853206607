local spaced = require "sdelua.solve.spaced"

return {
  doc = "Even in sigma^(1/rho); also called edm.",
  source = "Karras et al. 2022, eq. 5; k-diffusion's get_sigmas_karras",
  space = "sigma", options = { rho = 7 },
  make = function(n, hi, lo, o)
    return spaced(n, hi, lo, function(v) return v ^ (1 / o.rho) end, function(v) return v ^ o.rho end)
  end,
}
