local amounts = require "sdelua.options".amounts
local scheme = require "sdelua.solve.scheme"

return {
  doc = "Stochastic Runge-Kutta SRA1 on the reverse process, over one Brownian path and its areas; additive noise.",
  source = "Rößler 2010 (SRA1), as in torchsde's tableaus/sra1.py; "
    .. "Foster, Lyons & Oberhauser 2020 (areas); Anderson 1982",
  weak = 2, cost = 2, needs = { "signal" }, denoise = "mean",
  order = function(o) return o.noise > 0 and 1.5 or 2 end,
  noise = function(o) return o.noise > 0 end,
  options = { noise = 1.0 },
  check = function(o, who) amounts(who, o, { "noise" }) end,
  step = function(self, run)
    return scheme.srk.step("srk", scheme.reversed(run, self.noise), run.x, run.t, run.r, run.memory)
  end,
}
