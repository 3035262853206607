local scheme = require "sdelua.solve.scheme"

return {
  doc = "Stochastic Runge-Kutta SRA1 on the reverse process, over one Brownian path and its areas; additive noise.",
  source = "Rößler 2010 (SRA1); Foster, Lyons & Oberhauser 2020 (areas); Anderson 1982",
  order = 1.5, weak = 2, noise = true, cost = 2, needs = { "signal" }, denoise = "mean",
  options = { noise = 1.0 },
  step = function(self, run)
    return scheme.srk.step("srk", scheme.reversed(run, self.noise), run.x, run.t, run.r, run.memory)
  end,
}
