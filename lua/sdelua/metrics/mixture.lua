-- Mixtures of Gaussians with diagonal covariances, whose noised densities and scores are known at every time.
local sl = require "sdelua"
local options = require "sdelua.options"
local random = require "sdelua.core".data.random

local Mixture = {}
Mixture.__index = Mixture
Mixture.__name = "sdelua.Mixture"

-- Log-weights plus component densities [n,K], and (x - mean)/variance [n,K,D], of x [n,D] where data x0 has become m x0
-- + c + s z; m, c, s are numbers or broadcast against [n,1,D].
local function components(self, x, m, c, s)
  local function like(v) return v:to(x.dtype) end
  local difference = x:unsqueeze(2) - (like(self.means) * m + c)
  local variance = like(self.vars) * m * m + s * s
  local logp = (difference:square() / variance + variance:log()):sum(3) * -0.5
    + (like(self.weights):log() - 0.5 * self.dim * math.log(2 * math.pi))
  return logp, difference / variance
end

--- log p(x) [n] of the mixture itself.
function Mixture:logp(x) return components(self, x:reshape { x:shape(1), -1 }, 1, 0, 0):logsumexp(2) end

--- grad log p_t(x) as a score (x, t) for an affine process.
function Mixture:score(process)
  return function(x, t)
    local flat = x:reshape { x:shape(1), -1 }
    local function column(name) return process:coefficient(name, flat, t):unsqueeze(2) end
    local logp, pull = components(self, flat, column "m", column "c", column "s")
    return -(logp:softmax(2):unsqueeze(3) * pull):sum(2):reshape(x:shape())
  end
end

--- n samples [n,D]: { seed = 0, first = 0, dtype = "float32" }; sample i depends on seed and first + i alone.
function Mixture:sample(n, opts)
  local o = options.read("mixture", opts, { seed = 0, first = 0, dtype = "float32" })
  local draw = require "sdelua.metrics.common".SAMPLES
  local u = random("uniform", { n, 1 }, o.seed, o.first, draw)
  local edges = self.weights:cumsum(1):to "float32":reshape { 1, -1 }
  local which = u:ge(edges):to "int64":sum(2):clamp(0, self.weights:shape(1) - 1) + 1
  local z = random("normal", { n, self.dim }, o.seed, o.first, draw + 8):to "float64"
  return (self.means:index_select(which, 1) + self.vars:index_select(which, 1):sqrt() * z):to(o.dtype)
end

--- mixture { weights = {...}, means = {{...}, ...}, stds = number or {{...}, ...} }.
return function(opts)
  local o = options.read("mixture", opts, { weights = options.NONE, means = options.NONE, stds = options.NONE })
  local f64 = { dtype = "float64" }
  local function tensor(v) return sl.is_tensor(v) and v:to "float64" or sl.tensor(v, f64) end
  if o.means == nil then error("mixture: option means: expected a list of points, got nil", 2) end
  local means = tensor(o.means)
  local K = means:shape(1)
  local weights = o.weights and tensor(o.weights) or sl.ones({ K }, f64)
  local stds = tensor(o.stds or 1):expand(means:shape()):contiguous()
  if means:dim() ~= 2 or weights:numel() ~= K or weights:amin():item() <= 0 or stds:amin():item() <= 0 then
    error(("mixture: expected means [K,D], %d positive weights and positive stds"):format(K), 2)
  end
  return setmetatable({
    weights = weights / weights:sum(), means = means, vars = stds:square(), dim = means:shape(2),
  }, Mixture)
end
