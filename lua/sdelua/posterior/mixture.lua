-- p(x | y) of a mixture of Gaussians (see sdelua/metrics/mixture.lua) and y = A x + std n: again a mixture. Component
-- k becomes N(mu_k + G_k (y - A mu_k), C_k - G_k A C_k) with G_k = C_k A^T (A C_k A^T + std^2)^-1, and its weight goes
-- with N(y; A mu_k, A C_k A^T + std^2).
local sl = require "sdelua"
local errors = require "sdelua.errors"

-- Directions of y, relative to the largest variance, that a component leaves no doubt of and without noise say nothing.
local LEAST = 1e-12

-- (A C A^T + std^2)^(-1/2) [M,M], by its eigenvectors, and half the logarithm of the determinant.
local function whitening(AC, A, std)
  local S = AC:matmul(A:transpose(1, 2)) + sl.eye(A:shape(1), { dtype = "float64" }) * std ^ 2
  local values, E = sl.linalg.eigh(S)
  local kept = values:gt(values:amax() * LEAST)
  local e = sl.where(kept, values, values * 0 + 1)
  return E * sl.where(kept, e:rsqrt(), e * 0), e:log():sum():item() / 2
end

-- Component k given y: log of its weight [N,1], its means [N,D] and covariance [D,D].
local function component(prior, k, A, std, y)
  local C, mean = prior:component_covariance(k), prior.means:select(2, k)
  local AC = A:matmul(C)
  local white, log_det = whitening(AC, A, std)
  local residual, gain = (y - mean:matmul(A:transpose(1, 2))):matmul(white), white:transpose(1, 2):matmul(AC)
  local log_weight = prior.weights:select(2, k):log():unsqueeze(2) - residual:square():sum(2, true) * 0.5 - log_det
  return log_weight, mean + residual:matmul(gain), C - gain:transpose(1, 2):matmul(gain)
end

return function(prior, operator, y)
  operator:check_measured("mixture", y)
  if not operator.linear or operator.size ~= prior.dim then
    errors.raise("mixture: argument operator: expected a linear operator on %d values, got %s", prior.dim,
      tostring(operator))
  end
  local Mixture, A = getmetatable(prior), operator:matrix()
  y = y:detach():to "float64":reshape { y:shape(1), -1 }
  local weights, means, vars, axes = {}, {}, {}, {}
  for k = 1, prior.vars:shape(1) do
    local covariance
    weights[k], means[k], covariance = component(prior, k, A, operator.std, y)
    axes[k], vars[k] = Mixture.axes_of((covariance + covariance:transpose(1, 2)) * 0.5)
  end
  return setmetatable({
    weights = sl.cat(weights, 2):softmax(2), means = sl.stack(means, 2), vars = sl.stack(vars, 1),
    axes = sl.stack(axes, 1), dim = prior.dim, shape = operator.shape,
  }, Mixture)
end
