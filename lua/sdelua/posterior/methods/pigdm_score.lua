local options = require "sdelua.options"
local pseudoinverse = require "sdelua.posterior.pseudoinverse"

return {
  doc = "Pseudoinverse guidance added to the score, for any sampler: p(x0 | xt) taken as N(x0, r^2 I), with r^2 that "
    .. "of data N(mu, tau^2 I), tau = prior_std, for which it is exact. It is at most `bound` times that of such data.",
  source = "Song et al. 2023, eq. 7",
  admits = { "linear" }, needs = { "uniform" }, sampler = "ddim", steps = 100,
  options = { prior_std = 1.0, bound = 4.0 },
  check = function(o)
    options.positives("pigdm_score", o, { "prior_std", "bound" })
    options.finite("pigdm_score", o, { "prior_std" })
  end,
  gradient = function(self, run, x, t)
    local g, x0, eps = pseudoinverse.gradient(self, run, x, t)
    return g, x0, eps
  end,
}
