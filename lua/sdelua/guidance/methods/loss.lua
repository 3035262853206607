local sl = require "sdelua"

return {
  doc = "Guidance by a loss fn(x0, t [n], rows) -> [n] of the denoised estimate x0 = E[x_0 | x_t], its gradient taken "
    .. "through the network: log p(y | x_t) is taken to be -loss. norm = \"residual\" divides by the loss's root, "
    .. "\"score\" makes the gradient as large as the score.",
  source = "Chung et al. 2023, algorithm 1 (norm \"residual\"); Bansal et al. 2023",
  arguments = { "process", "score", "fn" },
  norms = { "none", "score", "residual" },
  logp = function(_, a, at)
    local loss = a.fn(at:denoised(), at.t, at.rows)
    return sl.is_tensor(loss) and -loss or loss
  end,
}
