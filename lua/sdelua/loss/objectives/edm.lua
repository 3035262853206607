local sl = require "sdelua"
local core = require "sdelua.core".sde
local errors = require "sdelua.errors"
local options = require "sdelua.options"
local common = require "sdelua.loss.common"
local noise_levels = require "sdelua.sde.noise_levels"
local Precondition = require "sdelua.sde.precondition"

-- How sigma is drawn from a unit normal or uniform u [N], the weight of |D - x0|^2, and the preconditioning that goes
-- with it (NVlabs/edm's three losses).
local DISTRIBUTIONS = {
  lognormal = {
    options = { P_mean = -1.2, P_std = 1.2, sigma_data = 0.5 }, draw = "normal", precondition = "EDM",
    sigma = function(u, o) return (u * o.P_std + o.P_mean):exp() end,
    weight = function(sigma, o) return (sigma:square() + o.sigma_data ^ 2) / (sigma * o.sigma_data):square() end,
  },
  vp = {
    options = { beta_d = 19.9, beta_min = 0.1, epsilon_t = 1e-5 }, draw = "uniform", precondition = "VP",
    sigma = function(u, o) return noise_levels.vp(u * (o.epsilon_t - 1) + 1, o.beta_d, o.beta_min) end,
    weight = function(sigma) return sigma:square():reciprocal() end,
  },
  ve = {
    options = { sigma_min = 0.02, sigma_max = 100 }, draw = "uniform", precondition = "VE",
    sigma = function(u, o) return (u * math.log(o.sigma_max / o.sigma_min)):exp() * o.sigma_min end,
    weight = function(sigma) return sigma:square():reciprocal() end,
  },
}

local function distribution(o)
  local row = DISTRIBUTIONS[o.distribution]
  if not row then options.choice("edm", "distribution", o.distribution, { "lognormal", "vp", "ve" }) end
  local own = {}
  for _, other in pairs(DISTRIBUTIONS) do
    for key in pairs(other.options) do
      if o[key] ~= nil and row.options[key] == nil then
        errors.raise("edm: option %s: does not go with distribution %s", key, o.distribution)
      end
    end
  end
  for key, default in pairs(row.options) do own[key] = o[key] or default end
  return row, own
end

local function check(o)
  options.positives(o.who, o, { "sigma_data", "beta_d", "beta_min", "sigma_min", "sigma_max" })
  options.numbers(o.who, o, { "P_mean", "P_std" })
  options.shares(o.who, o, { "epsilon_t" })
end

-- The times at which s/m is sigma: a process cannot be noised further than T.
local function times(process, sigma)
  local list = sigma:to "float64":reshape { -1 }:totable()
  for i, v in ipairs(list) do list[i] = process:time(v) end
  return sl.tensor(list, { dtype = "float64" }):to(sigma.dtype)
end

-- The network as those losses have it: F, with the same numbers.
local function taught(o)
  local row, own = distribution(o)
  local shared = {}
  for key in pairs(Precondition.presets[row.precondition].options) do shared[key] = own[key] end
  return { parameterization = "F", precondition = { kind = row.precondition, options = shared } }
end

local function reduced(o, x)
  options.choice("edm", "reduction", o.reduction, { "mean", "sum", "none" })
  if o.reduction == "none" then return x end
  return o.reduction == "mean" and x:mean() or x:sum() / x:shape(1)
end

return {
  doc = "lambda(sigma) |D(x0 + n; sigma) - x0|^2, sigma = s/m drawn log-normal (P_mean, P_std), lambda = (sigma^2 + "
    .. "sigma_data^2)/(sigma sigma_data)^2; distribution \"vp\" or \"ve\": as those papers draw it, lambda = "
    .. "1/sigma^2. reduction \"mean\" over elements, \"sum\" over them and mean over samples, \"none\".",
  source = "Karras et al. 2022, section 5, table 1, appendix B.6",
  needs = { "kernel" },
  options = {
    distribution = "lognormal", P_mean = options.NONE, P_std = options.NONE, sigma_data = options.NONE,
    beta_d = options.NONE, beta_min = options.NONE, epsilon_t = options.NONE, sigma_min = options.NONE,
    sigma_max = options.NONE, reduction = "mean", u = options.NONE, z = options.NONE,
  },
  score = taught, check = check,
  loss = function(o, process, score, x0)
    core.need_kernel(process.handle, x0, "edm")
    local row, own = distribution(o)
    common.open(o, x0)
    local u, z = common.draw(row.draw, { x0:shape(1) }, x0), common.draw("normal", x0:shape(), x0)
    local t = times(process, row.sigma(o.u or u, own))
    common.check_prior("edm", process, x0)
    local x = process:perturb(x0, t, o.z or z)
    local D = common.pair(o, process, score, x, t)
    local sigma = process:coefficient("s", x0, t) / process:coefficient("m", x0, t)
    return reduced(o, (D - x0):square() * row.weight(sigma, own))
  end,
}
