-- Mixtures of Gaussians, whose noised densities and scores are known at every time, and so is what a linear
-- measurement says of their samples. A mixture has rows: one, or, given measurements, one of each, which differ in
-- weights and means.
local sl = require "sdelua"
local draws = require "sdelua.data.draws"
local errors = require "sdelua.errors"
local options = require "sdelua.options"
local shapes = require "sdelua.inverse.shapes"
local random = require "sdelua.core".data.random

local Mixture = {}
Mixture.__index = Mixture
Mixture.__name = "sdelua.Mixture"

local F64 = { dtype = "float64" }

-- ---- densities -------------------------------------------------------------------------------------------

-- Component k's vectors of d [n,K,D] in the basis of axes [K,D,D], or back from it.
local function turned(d, axes, back)
  if not axes then return d end
  local Q = axes:to(d.dtype)
  return d:permute({ 2, 1, 3 }):contiguous():matmul(back and Q:transpose(2, 3) or Q):permute { 2, 1, 3 }
end

-- Weights [1 or n, K] and means [1 or n, K, D] of n samples, those at `rows` of the batch, as x has them.
local function rows_of(self, x, rows)
  local weights, means = self.weights, self.means
  if rows and weights:shape(1) > 1 then weights, means = weights:index_select(rows, 1), means:index_select(rows, 1) end
  if weights:shape(1) ~= 1 and weights:shape(1) ~= x:shape(1) then
    errors.raise("mixture: argument x: expected one a measurement, %d, got %d", weights:shape(1), x:shape(1))
  end
  return weights:to(x.dtype), means:to(x.dtype)
end

-- Log-weights plus component densities [n,K], and (x - mean)/covariance [n,K,D], of x [n,D] where data x0 has become m
-- x0 + c + s z; m, c, s are numbers or broadcast against [n,1,D].
local function components(self, x, m, c, s, rows)
  local weights, means = rows_of(self, x, rows)
  local difference = turned(x:unsqueeze(2) - (means * m + c), self.axes)
  local variance = self.vars:to(x.dtype) * m * m + s * s
  local logp = (difference:square() / variance + variance:log()):sum(3) * -0.5
    + (weights:log() - 0.5 * self.dim * math.log(2 * math.pi))
  return logp, turned(difference / variance, self.axes, true)
end

-- m, c and s as components takes them.
local function coefficients(self, process, x, t)
  local function column(name) return process:coefficient(name, x, t):unsqueeze(2) end
  local m, c, s = column "m", column "c", column "s"
  if self.axes and (m:shape(3) > 1 or s:shape(3) > 1) then
    errors.raise("mixture: argument process: with covariances, expected the same coefficients for all features, got %s",
      tostring(process))
  end
  return m, c, s
end

--- log p(x) [n] of the mixture itself; given process and t, log p_t(x).
function Mixture:logp(x, process, t)
  local flat = x:reshape { x:shape(1), -1 }
  if not process then return components(self, flat, 1, 0, 0):logsumexp(2) end
  return components(self, flat, coefficients(self, process, flat, t)):logsumexp(2)
end

--- grad log p_t(x) as a score (x, t, rows) for an affine process.
function Mixture:score(process)
  return function(x, t, rows)
    local flat = x:reshape { x:shape(1), -1 }
    local m, c, s = coefficients(self, process, flat, t)
    local logp, pull = components(self, flat, m, c, s, rows)
    return -(logp:softmax(2):unsqueeze(3) * pull):sum(2):reshape(x:shape())
  end
end

-- ---- moments ------------------------------------------------------------------------------------------------

--- E x [rows, D].
function Mixture:mean() return (self.weights:unsqueeze(3) * self.means):sum(2) end

--- Covariance of component k, [D,D].
function Mixture:component_covariance(k)
  local v = self.vars:select(1, k)
  if not self.axes then return sl.eye(self.dim, F64) * v end
  local Q = self.axes:select(1, k)
  return (Q * v):matmul(Q:transpose(1, 2))
end

--- Covariance of x, [rows, D, D].
function Mixture:covariance()
  local sum, R = nil, self.weights:shape(1)
  local from_mean = self.means - self:mean():unsqueeze(2)
  for k = 1, self.vars:shape(1) do
    local d, w = from_mean:select(2, k), self.weights:select(2, k):reshape { R, 1, 1 }
    local part = (self:component_covariance(k):unsqueeze(1) + d:unsqueeze(3) * d:unsqueeze(2)) * w
    sum = sum and sum + part or part
  end
  return sum
end

--- The mixture of x given measurements y [N, measured] that a linear operator of sl.inverse made: N rows.
function Mixture:posterior(operator, y) return require "sdelua.posterior.mixture"(self, operator, y) end

-- ---- samples ---------------------------------------------------------------------------------------------

-- Which component [n] each sample is of, from uniform numbers u [n,1].
local function chosen(self, u)
  local edges = self.weights:cumsum(2):to "float32"
  return u:ge(edges):to "int64":sum(2):clamp(0, self.vars:shape(1) - 1) + 1
end

-- z [n,D] with the covariances of the components `which`.
local function spread(self, z, which)
  z = z * self.vars:index_select(which, 1):sqrt()
  if not self.axes then return z end
  local sum = z * 0
  for k = 1, self.vars:shape(1) do
    local mine = which:eq(k):to(z.dtype):unsqueeze(2)
    sum = sum + (z * mine):matmul(self.axes:select(1, k):transpose(1, 2))
  end
  return sum
end

--- n samples [n, shape], of a posterior one of each row: { seed = 0, first = 0, dtype = "float32" }; sample i depends
-- on seed and first + i alone.
function Mixture:sample(n, opts)
  local o = options.read("mixture", opts, { seed = 0, first = 0, dtype = "float32" })
  local R, K = self.weights:shape(1), self.vars:shape(1)
  if R > 1 and n ~= R then
    errors.raise("mixture: argument n: expected one a measurement, %d, got %d", R, n)
  end
  local which = chosen(self, random("uniform", { n, 1 }, o.seed, o.first, draws.COMPONENT))
  local z = random("normal", { n, self.dim }, o.seed, o.first, draws.COMPONENT_NOISE):to "float64"
  local row = R > 1 and which + sl.arange(0, R * K, K, { dtype = "int64" }) or which
  local means = self.means:reshape({ R * K, self.dim }):index_select(row, 1)
  return (means + spread(self, z, which)):to(o.dtype):reshape { n, table.unpack(self.shape) }
end

-- ---- making ----------------------------------------------------------------------------------------------------

--- Principal axes [D,D] and the variances [D] along them.
function Mixture.axes_of(covariance)
  local values, Q = sl.linalg.eigh(covariance)
  return Q, values:clamp(0, math.huge)
end

local function tensor(v) return sl.is_tensor(v) and v:to "float64" or sl.tensor(v, F64) end

-- Variances [K,D] and, of full covariances, axes [K,D,D].
local function spreads(o, means)
  local K, D = means:shape(1), means:shape(2)
  if o.covariances == nil then return tensor(o.stds or 1):expand(means:shape()):contiguous():square() end
  local covariances, vars, axes = tensor(o.covariances):expand({ K, D, D }):contiguous(), {}, {}
  for k = 1, K do axes[k], vars[k] = Mixture.axes_of(covariances:select(1, k):contiguous()) end
  return sl.stack(vars, 1), sl.stack(axes, 1)
end

--- mixture { weights = {...}, means = {{...}, ...}, stds = number or {{...}, ...}, or covariances = K matrices, or one
-- for all; shape = that of a sample, where it is not flat }.
return function(opts)
  local o = options.read("mixture", opts, {
    weights = options.NONE, means = options.NONE, stds = options.NONE, covariances = options.NONE, shape = options.NONE,
  })
  if o.means == nil then errors.raise("mixture: option means: expected a list of points, got nil") end
  local means = tensor(o.means)
  local K = means:shape(1)
  local weights = o.weights and tensor(o.weights) or sl.ones({ K }, F64)
  local vars, axes = spreads(o, means)
  if means:dim() ~= 2 or weights:numel() ~= K or weights:amin():item() <= 0 or vars:amin():item() <= 0 then
    errors.raise("mixture: expected means [K,D], %d positive weights and positive stds", K)
  end
  local shape = o.shape or { means:shape(2) }
  if shapes.volume(shape) ~= means:shape(2) then
    errors.raise("mixture: option shape: expected %d values, got [%s]", means:shape(2), table.concat(shape, ","))
  end
  return setmetatable({
    weights = (weights / weights:sum()):reshape { 1, K }, means = means:unsqueeze(1), vars = vars, axes = axes,
    dim = means:shape(2), shape = shape,
  }, Mixture)
end
