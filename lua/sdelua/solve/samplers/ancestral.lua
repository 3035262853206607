local choice = require "sdelua.options".choice

return {
  doc = "Ancestral sampling with exact steps of any affine process; variance = \"v\", \"small\" or \"large\".",
  source = "Ho et al. 2020, algorithm 2; Song et al. 2021, eq. 4, 47",
  order = 0.5, weak = 1, noise = true, cost = 1, needs = { "kernel", "signal" }, denoise = "mean", paper = true,
  options = { variance = "v" },
  check = function(o) choice("ancestral", "variance", o.variance, { "v", "small", "large" }) end,
  steppers = function(o) return { { name = "ancestral", variance = o.variance } } end,
}
