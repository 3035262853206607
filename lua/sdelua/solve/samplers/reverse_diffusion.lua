return {
  doc = "The process's own steps, reversed; noise = lambda between the flow (0) and the SDE (1).",
  source = "Song et al. 2021, appendix E, eq. 46",
  order = 0.5, weak = 1, cost = 1, needs = { "kernel", "signal" }, denoise = "mean",
  noise = function(o) return not o.probability_flow and o.noise ~= 0 end,
  options = { noise = 1.0, probability_flow = false },
  steppers = function(o)
    return { { name = "reverse_diffusion", noise = o.probability_flow and 0 or o.noise } }
  end,
}
