local options = require "sdelua.options"

return {
  doc = "Langevin steps at each time of the grid and nothing else: the corrector without a predictor. norm as in pc.",
  source = "Song et al. 2021, algorithms 4, 5 and table 1 (corrector-only)",
  noise = true, needs = { "kernel", "signal" }, denoise = "mean", paper = true,
  cost = function(o) return o.n_steps end,
  options = { snr = 0.16, n_steps = 2, norm = "kernel" },
  check = function(o, who)
    options.choice(who, "norm", o.norm, { "kernel", "batch" })
    options.counts(who, o, { "n_steps" })
    options.positives(who, o, { "snr" })
  end,
  steppers = function(o) return { { name = "langevin", snr = o.snr, n_steps = o.n_steps, norm = o.norm } } end,
}
