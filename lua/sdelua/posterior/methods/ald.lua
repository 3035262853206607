local errors = require "sdelua.errors"
local options = require "sdelua.options"

-- |A|, so that nothing depends on the units of y.
local function norm(run)
  run.memory.norm = run.memory.norm or run.operator:singular():amax():item()
  return run.memory.norm
end

-- sigma^2 times the gradient of log p(x), as the network has it, and of -|y - A x|^2/(2 (gamma^2 sigma^2 |A|^2 +
-- std^2)).
local function pull(self, run, x, sigma)
  local operator, var = run.operator, sigma * sigma
  local back = operator:adjoint(run.y - operator:apply(x))
  local of_y = (self.gamma * norm(run)) ^ 2 * var + operator.std ^ 2 -- 0 of an operator that measures nothing
  return run:denoised(x, sigma) - x + back * (var / math.max(of_y, 1e-30))
end

-- n_steps of Langevin at one level.
local function at_level(self, run, x, sigma)
  local mean
  for _ = 1, self.n_steps do
    mean = x + pull(self, run, x, sigma) * self.epsilon
    x = mean + run:normal() * (math.sqrt(2 * self.epsilon) * sigma)
  end
  return x, mean
end

return {
  doc = "Annealed Langevin dynamics on the posterior, as for MRI: n_steps of size epsilon sigma^2 at each level, with "
    .. "y as if of variance gamma^2 sigma^2 |A|^2 + std^2; it takes epsilon (1 + 1/gamma^2) < 2. Then the mean given "
    .. "the last level. The paper's code makes the part of y a multiple of the score's norm instead.",
  source = "Jalal et al. 2021, eq. 4 (with gamma_t = gamma sigma_t |A|)",
  admits = { "linear" }, noise = true, space = "sigma", grid = "logsnr", steps = 300,
  cost = function(o) return o.n_steps end,
  options = { gamma = 1.0, n_steps = 3, epsilon = 0.3 },
  check = function(o)
    options.counts("ald", o, { "n_steps" })
    options.positives("ald", o, { "gamma", "epsilon" })
    local step = o.epsilon * (1 + 1 / o.gamma ^ 2) -- of what is measured, in units of its variance
    if step >= 2 then
      errors.raise("ald: options epsilon, gamma: expected epsilon (1 + 1/gamma^2) < 2, else it diverges, got %g", step)
    end
  end,
  step = function(self, run)
    local x, mean = at_level(self, run, run.x, run.sigma)
    if run.step < run.steps then return x, mean end
    if run.sigma_next == 0 then return x + pull(self, run, x, run.sigma) end
    return at_level(self, run, x, run.sigma_next)
  end,
}
