local core = require "sdelua.core".sde
local errors = require "sdelua.errors"
local common = require "sdelua.sde.common"
local options = require "sdelua.options"
local Process = require "sdelua.sde.process"

local log = math.log

local function fail(key, expected, got)
  errors.raise("discrete: option %s: expected %s, got %s", key, expected, tostring(got))
end

local function numbers(key, v)
  if type(v) == "userdata" then v = v:to "float64":reshape({ -1 }):totable() end
  if type(v) ~= "table" or type(v[1]) ~= "number" then fail(key, "a list of numbers or a tensor", v) end
  return v
end

-- log alpha of the levels, from 0 at t = 0: { [0] = 0, log alpha_1, ... }.
local function levels_of(o)
  if (o.betas == nil) == (o.alphas_cumprod == nil) then fail("betas", "either betas or alphas_cumprod", o.betas) end
  local key = o.betas and "betas" or "alphas_cumprod"
  local list = { [0] = 0.0 }
  for i, v in ipairs(numbers(key, o[key])) do
    list[i] = o.betas and list[i - 1] + 0.5 * log(1 - v) or 0.5 * log(v)
    if not (list[i] < list[i - 1] and list[i] > -math.huge) then
      fail(key, o.betas and "numbers in (0, 1)" or "numbers in (0, 1) that fall", v)
    end
  end
  return list
end

local function lambda(a) return a - 0.5 * log(1 - math.exp(2 * a)) end

-- The levels at the noisy end whose log-SNR is too low are left out.
local function clipped(list, lowest)
  while lowest and #list > 1 and lambda(list[#list]) < lowest do list[#list] = nil end
  return list
end

-- m and s as functions of t: log alpha is linear between levels.
local function kernel(list)
  local n = #list
  local function log_alpha(t)
    local i = math.max(math.min(math.floor(t * n), n - 1), 0)
    return list[i] + (t * n - i) * (list[i + 1] - list[i])
  end
  local function std(t)
    local x = 2 * log_alpha(t)
    return math.sqrt(x > -1e-5 and -x * (1 + x / 2 * (1 + x / 3)) or 1 - math.exp(x)) -- expm1's series near 0
  end
  return function(t) return math.exp(log_alpha(t)) end, std
end

local function new(o)
  if o.T ~= nil or o.std0 ~= nil then fail("T", "none: the levels tell it", o.T or o.std0) end
  local list = clipped(levels_of(o), o.lambda_min)
  local mean, std = kernel(list)
  local eps = { train = 1 / #list, sample = 1 / #list, likelihood = 1 / #list }
  for key, v in pairs(o.eps or {}) do eps[key] = v end
  o.eps = eps
  local process = Process.new(core.marginal(mean, std, nil, common.for_core("discrete", o)))
  process.name = "discrete"
  process.label = function(t) return t * #list - 1 end -- networks count levels from 0
  return process
end

return {
  doc = "Variance preserving through a table of levels, at t = i/N: betas or alphas_cumprod; log alpha linear between.",
  source = "Ho et al. 2020; Lu et al. 2022a, section 3.4, appendix D.2",
  options = common.with_common {
    betas = options.NONE, alphas_cumprod = options.NONE, lambda_min = options.NONE,
  },
  new = new,
}
