local closed = require "sdelua.sde.closed"

return {
  doc = "Noise of std t is added to the data, t from 0 to sigma_max; samplers stop at sigma_min.",
  source = "Karras et al. 2022, section 3",
  sampler = { "dpmpp_2m_sde" }, -- of networks trained for minutes it draws fewer broken images than heun
  grid = "karras", -- steps even in time would leave all but the largest sigmas to the last of them
  options = closed.options { sigma_min = 0.002, sigma_max = 80.0 },
  new = function(o) return closed.new("EDM", o, "sigma") end,
}
