local pair = require "sdelua.solve.pair"

return {
  doc = "Predictor-corrector: at each time n_steps of the corrector, then the predictor. norm = \"kernel\" steps by "
    .. "s_t, \"batch\" by the paper's norms, which couple the samples of a batch.",
  source = "Song et al. 2021, algorithms 2-5",
  order = 0.5, weak = 1, noise = true, needs = { "kernel", "signal" }, denoise = "mean", cost = pair.cost,
  paper = pair.paper,
  options = pair.options(),
  check = function(o) pair.check("pc", o) end,
  steppers = function(o)
    local predictor, corrector = pair.predictor("pc", o), pair.corrector("pc", o, o.n_steps)
    return corrector and { corrector, predictor } or { predictor }
  end,
}
