-- What y says of x_t where p(x_0 | x_t) is taken as N(x0, r^2 I), so that p(y | x_t) = N(A x0, r^2 A A^T + std^2 I)
-- (Song et al. 2023, eq. 7); r^2 is that of data N(mu, tau^2 I), tau = prior_std, for which it is exact.
local pseudoinverse = {}

-- The Jacobian of x0 at x is m/s^2 times the covariance of x_0 there: m r^2/s^2 for such data. A network's may be wrong
-- by orders where m is small, and what it then adds to x comes back in the next residual; so v times it is bounded by
-- `bound` times what it would be.
local function bounded(g, v, jacobian, bound)
  local function norm(x) return x:reshape({ x:shape(1), -1 }):square():sum(2, true):sqrt() end
  local factor = (norm(v) * jacobian * bound / norm(g):clamp(1e-30, math.huge)):clamp(0, 1)
  local shape = g:shape()
  for i = 2, #shape do shape[i] = 1 end
  return g * factor:reshape(shape)
end

--- The gradient of log p(y | x_t = x) through the network, x0 and eps; and r^2 [N,1]. o has prior_std and bound.
function pseudoinverse.gradient(o, run, x, t)
  local flat, tau2 = x:reshape { x:shape(1), -1 }, o.prior_std ^ 2
  local m, s = run.process:coefficient("m", flat, t), run.process:coefficient("s", flat, t)
  local r2 = s:square() * tau2 / (m:square() * tau2 + s:square())
  local operator, y, v = run.operator, run.y, nil
  local d = operator:singular(x.dtype)
  local weight = d / (r2 * d:square() + operator.std ^ 2):clamp(1e-30, math.huge)
  local g, x0, eps = run:guided(x, t, function(x0)
    v = operator:V(operator:Ut(y - operator:apply(x0:detach())) * weight)
    return (x0 * v):reshape({ x:shape(1), -1 }):sum(2)
  end)
  return bounded(g, v:detach(), m * r2 / s:square(), o.bound), x0, eps, r2
end

return pseudoinverse
