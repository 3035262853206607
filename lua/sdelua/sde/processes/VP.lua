local closed = require "sdelua.sde.closed"

return {
  doc = "Variance preserving: dx = -beta(t)/2 x dt + sqrt(beta(t)) dw; beta linear, or beta = function(t).",
  source = "Song et al. 2021, eq. 11, 32",
  options = closed.options { beta_min = 0.1, beta_max = 20, beta = closed.NONE },
  new = function(o) return closed.new("VP", o, "beta") end,
}
