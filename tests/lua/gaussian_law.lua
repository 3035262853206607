-- The exact law of what an affine sampler returns, mean and covariance, without Monte Carlo: its state and all its
-- noise are pushed through it as unit vectors, a row of the batch each.
local sl = require "sdelua"

local gaussian_law = {}

local F64 = { dtype = "float64" }

local function width(shape)
  local n = 1
  for i = 2, #shape do n = n * shape[i] end
  return n
end

-- What a run draws: numbers of draws, in order, and how many values a sample has in each.
local function rehearse(run, D)
  local widths, numbers = {}, {}
  run(sl.zeros({ 1, D }, F64), {
    normal = function(shape, number, dtype)
      if not widths[number] then numbers[#numbers + 1] = number end
      widths[number] = width(shape)
      return sl.zeros(shape, { dtype = dtype })
    end,
  })
  table.sort(numbers)
  return numbers, widths
end

-- [n, k]: zeros, and a unit matrix from row `first` on; the last row is ones.
local function units(n, k, first)
  local above, below = sl.zeros({ first - 1, k }, F64), sl.zeros({ n - first - k, k }, F64)
  return sl.cat({ above, sl.eye(k, F64), below, sl.ones({ 1, k }, F64) }, 1)
end

--- The affine map that run(x [n,D], noise) -> [n,D] is: base [1,D], F [D,D] and G [K,D], so that x and noise z [K] give
-- base + x F + z G. Raises if it is not affine.
function gaussian_law.map(run, D)
  local numbers, widths = rehearse(run, D)
  local first, total = {}, 1 + D
  for _, number in ipairs(numbers) do
    first[number] = total + 1
    total = total + widths[number]
  end
  local n = total + 1 -- the last row, ones everywhere, is a check
  local y = run(units(n, D, 2), {
    normal = function(shape, number) return units(n, widths[number], first[number]):reshape(shape) end,
  }):reshape { n, D }
  local base = y:narrow(1, 1, 1)
  local F, G = y:narrow(1, 2, D) - base, nil
  if total > D + 1 then G = y:narrow(1, D + 2, total - D - 1) - base end
  local sum = base + F:sum(1, true) + (G and G:sum(1, true) or 0)
  local off, size = (sum - y:narrow(1, n, 1)):abs():amax():item(), (y:abs():sum(1)):amax():item()
  if off ~= off or off > 1e-9 * size then error(("not affine: off by %g of %g"):format(off, size), 2) end
  return base, F, G
end

--- Mean [1,D] and covariance [D,D] of run(x, noise) for x of that mean and covariance.
function gaussian_law.of(run, mean, cov)
  local base, F, G = gaussian_law.map(run, mean:shape(2))
  local out = F:transpose(1, 2):matmul(cov):matmul(F)
  if G then out = out + G:transpose(1, 2):matmul(G) end
  return base + mean:matmul(F), out
end

--- The same along a list of times, for samplers that remember nothing from step to step: run(x, noise, t, r, last) does
-- the step from t to r. As many steps as one likes, since each is a small map.
function gaussian_law.along(run, times, mean, cov)
  for i = 1, #times - 1 do
    local scope <close> = sl.scope()
    mean, cov = gaussian_law.of(function(x, noise) return run(x, noise, times[i], times[i + 1], i == #times - 1) end,
      mean, cov)
    scope:keep(mean)
    scope:keep(cov)
  end
  return mean, cov
end

--- The posterior of x ~ N(mean, cov) given y = A x + std n: mean [1,D], covariance.
function gaussian_law.posterior(mean, cov, A, std, y)
  local At = A:transpose(1, 2)
  local S = A:matmul(cov):matmul(At) + sl.eye(A:shape(1), F64) * std ^ 2
  local gain = sl.linalg.solve(S, A:matmul(cov)):transpose(1, 2)
  return mean + (y - mean:matmul(At)):matmul(gain:transpose(1, 2)), cov - gain:matmul(A):matmul(cov)
end

--- The exact score of N(mean [1,D], cov [D,D]) under a process, flattening samples of any shape.
function gaussian_law.score(process, mean, cov)
  local values, Q = sl.linalg.eigh(cov)
  local lambda = values:reshape { 1, -1 }
  return function(x, t)
    local n = x:shape(1)
    local function column(name) return process:coefficient(name, x:reshape { n, -1 }, t):reshape { -1, 1 } end
    local m, s, c = column "m", column "s", column "c"
    local d = (x:reshape { n, -1 } - (m * mean:to(x.dtype) + c)):matmul(Q:to(x.dtype))
    local scaled = d / (m:square() * lambda:to(x.dtype) + s:square())
    return -scaled:matmul(Q:to(x.dtype):transpose(1, 2)):reshape(x:shape())
  end
end

return gaussian_law
