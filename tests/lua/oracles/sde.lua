-- Processes against the reference implementation.
local check = require "check"
local oracle = require "oracle"
local sl = require "sdelua"

-- One case in one type: suffix "" with float32, "_f64" with float64. Both are held against the float64 values,
-- each within its own tolerance: the reference's float32 formulas lose digits at small t. The stored time step is
-- met through disc_f and disc_G.
local function quantities(case, dtype, suffix)
  local a, p = case.arrays, oracle.process(case.params)
  local x, t, z = a.x:to(dtype), a.t:to(dtype), a.z:to(dtype)
  local score = oracle.mixture_score(p, a.gmm_weights, a.gmm_means, a.gmm_vars)
  local N, paper = case.params.N, { levels = "paper" }
  local function same(name, got) oracle.close(case, name .. suffix, got, a[name .. "_f64"]) end
  local function spread(got) return got:expand { x:shape(1), 1, 1, 1 } end
  same("drift", p:drift(x, t))
  same("diffusion", p:diffusion(x, t))
  local mean, std = p:marginal_prob(x, t)
  same("marg_mean", mean)
  same("marg_std", std)
  local f, G = p:discretize(x, t, N, paper)
  same("disc_f", f)
  same("disc_G", spread(G))
  same("prior_logp", p:prior_logp(z))
  same("score", score(x, t))
  local reverse, flow = p:reverse(score), p:reverse(score, { probability_flow = true })
  same("rev_drift", reverse:drift(x, t))
  same("rev_diffusion", reverse:diffusion(x, t))
  f, G = reverse:discretize(x, t, N, paper)
  same("rev_f", f)
  same("rev_G", spread(G))
  same("pf_drift", flow:drift(x, t))
  check.eq(flow:diffusion(x, t):abs():amax():item(), 0.0)
  f, G = flow:discretize(x, t, N, paper)
  same("pf_f", f)
  check.eq(G:abs():amax():item(), 0.0)
end

local function both(case)
  quantities(case, "float32", "")
  quantities(case, "float64", "_f64")
end

local STEP = { timestep = "the index of t in the reference's table, met through disc_f and disc_G" }
oracle.replay("sde", "_2d$", both, STEP)
oracle.replay("sde", "_img$", both, STEP)

oracle.replay("sde", "^table_", function(case)
  local p, n = oracle.process(case.params), case.params.N
  local level = p:levels(n)
  local function same(name, got)
    oracle.close(case, name, got)
    oracle.close(case, name .. "_f64", got)
  end
  if case.params.sde == "vp" then
    same("discrete_betas", level.v)
    same("alphas", level.A:square())
    same("alphas_cumprod", level.m:square())
    same("sqrt_alphas_cumprod", level.m)
    same("sqrt_1m_alphas_cumprod", level.s)
  else
    same("discrete_sigmas", level.s)
  end
  -- the index that discretize finds for each of the samplers' times, through G
  local step = level.v:sqrt()
  for _, eps in ipairs(case.params.eps) do
    local times = sl.linspace(1, eps, n, { dtype = "float64" })
    local suffix = ("eps%g"):format(eps):gsub("e%-0", "e-0")
    same("timesteps_" .. suffix, times)
    local _, G = p:discretize(sl.zeros({ n, 1 }, { dtype = "float64" }), times, n, { levels = "paper" })
    local here = (step - G):abs():lt(G * 1e-9):to "float64"
    oracle.close(case, "index_" .. suffix, here:matmul(sl.arange(0, n, 1, { dtype = "float64" })) / here:sum(2))
  end
end)

-- The network of the references' score wrappers.
local function linear_net(seen)
  return function(x, labels)
    seen.labels = labels
    return x * 0.3 + labels:reshape { -1, 1, 1, 1 } * 0.01
  end
end

oracle.replay("sde", "^wrap_", function(case)
  local a, p, n = case.arrays, oracle.process(case.params), case.params.N
  local is_ve = case.params.sde == "ve"
  for suffix, dtype in pairs { [""] = "float32", _f64 = "float64" } do
    local x, t, seen = a.x:to(dtype), a.t:to(dtype), {}
    local opts = { parameterization = is_ve and "score" or "noise" }
    local scale = 1
    if case.params.continuous == false and case.params.sde ~= "subvp" then
      -- networks of the discrete papers: labels are places in the tables, the deviation is the table's
      opts.label = function(u)
        if is_ve then return ((1 - u) * (n - 1)):round() end
        return u * (n - 1)
      end
      if not is_ve then
        opts.parameterization = "score"
        local std = p:levels(n).s:index_select((t * (n - 1)):floor():to "int64" + 1, 1)
        scale = -1 / std:to(dtype):reshape { -1, 1, 1, 1 }
      end
    end
    local score = p:score(linear_net(seen), opts)
    oracle.close(case, "score" .. suffix, score(x, t) * scale)
    if a["labels" .. suffix] then oracle.close(case, "labels" .. suffix, seen.labels) end
  end
end)

oracle.replay("sde", "^importance_", function(case)
  local a, p, eps = case.arrays, oracle.process(case.params), case.params.eps
  local x = sl.zeros({ a.t:shape(1), 1 }, { dtype = "float64" })
  local function log_ratio(t) return (p:coefficient("s", x, t) / p:coefficient("m", x, t)):square():log() end
  oracle.close(case, "weight", p:coefficient("importance", x, a.t))
  oracle.close(case, "cum", log_ratio(a.t) - log_ratio(eps))
  oracle.close(case, "t_of_u", p:importance_time(a.u, eps))
end)
