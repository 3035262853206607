local amounts = require "sdelua.options".amounts

return {
  doc = "Euler-Maruyama on the reverse process; noise = lambda between the flow (0) and the SDE (1).",
  source = "Song et al. 2021, eq. 6; Anderson 1982",
  weak = 1, cost = 1, needs = { "signal" }, denoise = "mean", paper = true,
  order = function(o) return o.noise > 0 and 0.5 or 1 end,
  noise = function(o) return o.noise > 0 end,
  options = { noise = 1.0 },
  check = function(o, who) amounts(who, o, { "noise" }) end,
  steppers = function(o) return { { name = "euler_maruyama", noise = o.noise } } end,
}
