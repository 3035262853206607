local amounts = require "sdelua.options".amounts
local scheme = require "sdelua.solve.scheme"

return {
  doc = "Milstein's method on the reverse process, over one Brownian path: strong order 1 where each feature's noise "
    .. "depends on that feature. With additive noise it is Euler-Maruyama.",
  source = "Milstein 1975; Kloeden & Platen 1992, section 10.3; Anderson 1982",
  order = 1, weak = 1, cost = 1, needs = { "signal" }, denoise = "mean",
  noise = function(o) return o.noise > 0 end,
  options = { noise = 1.0 },
  check = function(o, who) amounts(who, o, { "noise" }) end,
  step = function(self, run)
    return scheme.milstein.step("milstein", scheme.reversed(run, self.noise), run.x, run.t, run.r, run.memory)
  end,
}
