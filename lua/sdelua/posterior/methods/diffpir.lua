local sl = require "sdelua"
local options = require "sdelua.options"
local gradient = require "sdelua.posterior.gradient"

-- argmin_x |y - A x|^2 + rho |x - x0|^2, in the coordinates of the singular vectors.
local function closest(run, x0, rho)
  local operator, d = run.operator, run.operator:singular(x0.dtype)
  local residual = operator:Ut(run.y - operator:apply(x0))
  return x0 + operator:V(residual * d / (d:square() + rho):clamp(1e-30, math.huge))
end

-- The same of any operator: steps down its gradient of size 1/(2 L + 2 rho), where L bounds |dA/dx|^2.
local function descended(self, run, x0, rho)
  local x = x0
  for _ = 1, self.iterations do
    local g = sl.enable_grad(function()
      local leaf = x:detach():requires_grad_()
      return gradient(run, (run.y - run.operator:apply(leaf)):square(), leaf)
    end)
    x = x - (g + (x - x0) * (2 * rho)) / (2 * self.lipschitz + 2 * rho)
  end
  return x
end

return {
  doc = "DiffPIR: the estimate of the data is brought close to y, |y - A x|^2 + rho |x - x0|^2 with rho = lambda "
    .. "std^2/sigma^2, then noised anew: zeta = 0 keeps the predicted noise, 1 draws all. A non-linear operator takes "
    .. "`iterations` of descent, lipschitz >= |dA/dx|^2. The paper's code has 4 lambda, for its std is that of images "
    .. "in [0, 1].",
  source = "Zhu et al. 2023, algorithm 1",
  noise = true, cost = 1, needs = { "kernel", "uniform" }, denoise = "mean", steps = 100,
  options = { lambda = 3.0, zeta = 0.3, iterations = 10, lipschitz = 1.0 },
  check = function(o)
    options.shares("diffpir", o, { "zeta" })
    options.counts("diffpir", o, { "iterations" })
    options.positives("diffpir", o, { "lambda", "lipschitz" })
    options.finite("diffpir", o, { "lambda", "lipschitz" })
  end,
  step = function(self, run)
    local process, x = run.process, run.x
    local at, to = process:point(run.t), process:point(run.r)
    local x0 = run:exchange(x, run.t)
    local rho = self.lambda * run.operator.std ^ 2 / at.sigma ^ 2
    x0 = run.operator.linear and closest(run, x0, rho) or descended(self, run, x0, rho)
    local eps = (x - x0 * at.m - at.c) / at.s
    local mean = x0 * to.m + to.c + eps * (to.s * math.sqrt(1 - self.zeta))
    return mean + run:normal() * (to.s * math.sqrt(self.zeta)), mean
  end,
}
