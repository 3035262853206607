local choice = require "sdelua.solve.common".choice

return {
  doc = "Langevin steps at each time of the grid and nothing else: the corrector without a predictor. norm as in pc.",
  source = "Song et al. 2021, algorithms 4, 5 and table 1 (corrector-only)",
  noise = true, needs = { "kernel", "signal" }, denoise = "mean",
  cost = function(o) return o.n_steps end,
  options = { snr = 0.16, n_steps = 2, norm = "kernel" },
  check = function(o) choice("langevin", "norm", o.norm, { "kernel", "batch" }) end,
  steppers = function(o) return { { name = "langevin", snr = o.snr, n_steps = o.n_steps, norm = o.norm } } end,
}
