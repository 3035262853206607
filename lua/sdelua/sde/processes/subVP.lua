local closed = require "sdelua.sde.closed"

return {
  doc = "VP's drift with a diffusion whose variance stays below VP's; beta linear, or beta = function(t).",
  source = "Song et al. 2021, eq. 12",
  options = closed.options { beta_min = 0.1, beta_max = 20, beta = closed.NONE },
  new = function(o) return closed.new("subVP", o, "beta") end,
}
