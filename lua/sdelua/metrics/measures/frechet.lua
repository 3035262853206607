local sl = require "sdelua"
local common = require "sdelua.metrics.common"
local draws = require "sdelua.data.draws"

-- Mean [D] and covariance [D,D] of x with weights [n] that sum to 1; unbiased where they are all 1/n.
local function moments(x, w)
  local n, column = x:shape(1), w:reshape { -1, 1 }
  local mean = (x * column):sum(1, true)
  local centred = x - mean
  return mean, (centred * column):transpose(1, 2):matmul(centred) * (n / (n - 1))
end

local function root(a)
  local w, v = sl.linalg.eigh(a)
  return (v * w:clamp(0):sqrt()):matmul(v:transpose(1, 2))
end

local function trace(a) return (a * sl.eye(a:shape(1), { dtype = "float64" })):sum():item() end

-- |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)), the last as the roots of the eigenvalues of C1^(1/2) C2 C1^(1/2).
local function distance(m1, c1, m2, c2)
  local r = root(c1)
  local product = r:matmul(c2):matmul(r)
  local eigenvalues = sl.linalg.eigh((product + product:transpose(1, 2)) * 0.5)
  return (m1 - m2):square():sum():item() + trace(c1) + trace(c2) - 2 * eigenvalues:clamp(0):sqrt():sum():item()
end

return {
  doc = "Frechet (Wasserstein-2) distance, squared, of the Gaussians with the means and covariances of x and y: give "
    .. "features of samples and of data. Needs more rows than features.",
  source = "Dowson & Landau 1982; Heusel et al. 2017; EDM's fid.py",
  options = { bootstrap = 20 },
  measure = function(o, x, y)
    local wx = common.weights(o, x:shape(1), draws.RESAMPLE_X)
    local wy = common.weights(o, y:shape(1), draws.RESAMPLE_Y)
    local values = {}
    for r = 1, wx:shape(1) do
      local scope <close> = sl.scope()
      local m1, c1 = moments(x, wx:select(1, r))
      local m2, c2 = moments(y, wy:select(1, r))
      values[r] = distance(m1, c1, m2, c2)
    end
    return common.result(o, "frechet", values)
  end,
}
