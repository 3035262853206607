local errors = require "sdelua.errors"
local options = require "sdelua.options"

-- The posterior mixture's score, of the whole batch, of which some may have left.
local function score_of(self, run)
  if run.rows and not run.memory.score then return self.mixture:posterior(run.operator, run.y):score(run.process) end
  run.memory.score = run.memory.score or self.mixture:posterior(run.operator, run.y):score(run.process)
  return run.memory.score, run.rows
end

return {
  doc = "The exact score of p(x_t | y) where the data are Gaussians, mixture = sl.metrics.mixture { ... }: the "
    .. "reference of all methods. The score that the call gives is not asked.",
  source = "Bayes' rule for Gaussians; Song et al. 2021, eq. 14",
  admits = { "linear" }, needs = { "uniform" }, sampler = "euler_maruyama", steps = 1000,
  options = { mixture = options.NONE },
  check = function(o)
    if type(o.mixture) ~= "table" or type(o.mixture.posterior) ~= "function" then
      errors.raise("exact: option mixture: expected one of sl.metrics.mixture, got %s", options.show(o.mixture))
    end
  end,
  gradient = function(self, run, x, t)
    local score, rows = score_of(self, run)
    local m, c = run.process:coefficient("m", x, t), run.process:coefficient("c", x, t)
    return score(x, t, rows), (x - c) / m, x * 0
  end,
}
