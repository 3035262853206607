return {
  doc = "Guidance by any function fn(x, t [n], rows) -> log p(y | x_t) [n] up to a constant, of recorded ops.",
  source = "Song et al. 2021, eq. 14",
  arguments = { "process", "score", "fn" },
  logp = function(_, a, at) return a.fn(at.x, at.t, at.rows) end,
}
