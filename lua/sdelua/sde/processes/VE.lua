local closed = require "sdelua.sde.closed"

return {
  doc = "Variance exploding: noise of std sigma(t) is added to the data; sigma geometric, or sigma = function(t).",
  source = "Song et al. 2021, eq. 9, 30",
  sampler = { "dpmpp_2m_sde" }, -- ancestral steps add so much noise that they need hundreds
  options = closed.options { sigma_min = 0.01, sigma_max = 50, sigma = closed.NONE },
  new = function(o) return closed.new("VE", o, "sigma") end,
}
