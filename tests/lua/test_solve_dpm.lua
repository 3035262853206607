-- DPM-Solver and DPM-Solver++ against the reference's runs, in double and, but for adaptive steps, in single precision
-- (where their first error estimates are rounding noise); the process of discrete levels.
local check = require "check"
local oracle = require "oracle"
local sl = require "sdelua"

local solve = sl.solve
local ran, compared = 0, oracle.compared

local function process_of(case)
  local p = case.params
  if p.schedule == "discrete" then return sl.sde.discrete { betas = case.arrays.betas } end
  return sl.sde.VP { beta_min = p.beta_0, beta_max = p.beta_1 }
end

local GRIDS = { time_uniform = "uniform", time_quadratic = "quadratic", logSNR = "logsnr" }

local function sampler(params, eps)
  local new = params.algorithm_type == "dpmsolver" and solve.dpm_solver or solve.dpm_solver_pp
  local thresholds = params.correcting_x0_fn == "dynamic_thresholding"
  local o = {
    order = params.order, method = params.method, solver_type = params.solver_type, eps = params.t_end or eps,
    lower_order_final = params.lower_order_final, denoise = params.denoise_to_zero and "tweedie" or nil,
    correct = thresholds and solve.dynamic_thresholding { max = params.thresholding_max_val } or nil,
  }
  if params.method == "adaptive" then
    o.rtol, o.atol, o.norm = params.rtol, params.atol, "batch"
  else
    o.steps, o.grid = params.steps, GRIDS[params.skip_type]
    o.inner = params.skip_type == "logSNR" and "lambda" or "grid"
  end
  return new(o)
end

-- The reference keeps a multistep run's start as well, and the denoised end.
local function intermediates(params, x, states, final)
  if params.method == "multistep" then table.insert(states, 1, x) end
  if params.denoise_to_zero then states[#states + 1] = final end
  return sl.stack(states, 1)
end

local function run(case, dtype, suffix)
  local a, params, process = case.arrays, case.params, process_of(case)
  local exact = oracle.mixture_score(process, a.gmm_weights, a.gmm_means, a.gmm_vars)
  local times, states = {}, {}
  local function score(x, t)
    times[#times + 1] = t:select(1, 1):to "float64":item()
    return exact(x, t)
  end
  local start = a.x:to(dtype)
  local x, info = sampler(params, process.eps.sample)(process, score, nil, {
    x = start, callback = function(state) states[#states + 1] = state.x end,
  })
  local function like(name, got) oracle.close(case, a[name .. suffix] and name .. suffix or name, got) end
  like("final", x)
  like("model_t", sl.tensor(times, { dtype = "float64" }))
  local nfe = type(info.nfe) == "number" and info.nfe or info.nfe:amax():item()
  like("nfe", sl.tensor({ nfe }, { dtype = "float64" }))
  if a.intermediates then like("intermediates", intermediates(params, start, states, x)) end
end

local function replay(case)
  run(case, "float64", "_f64")
  if case.params.method ~= "adaptive" then run(case, "float32", "") end
end

local function column(x) return x:to "float64":reshape { -1 } end

-- The coefficients of a process, and where the three grids stand.
local function schedule(case)
  local a, process, params = case.arrays, process_of(case), case.params
  local t = column(a.t):totable()
  local found = { log_alpha = {}, alpha = {}, sigma = {}, lambda = {}, t_of_lambda = {} }
  for i, v in ipairs(t) do
    local at = process:point(v)
    found.alpha[i], found.log_alpha[i], found.sigma[i] = at.m, math.log(at.m), at.s
    found.lambda[i], found.t_of_lambda[i] = math.log(at.m / at.s), process:time(at.s / at.m)
  end
  for skip, name in pairs(GRIDS) do
    found["steps_" .. skip] = require "sdelua.solve.grid".times("test", process, name, params.steps, params.t_0, false)
  end
  for name, values in pairs(found) do
    oracle.close(case, name .. "_f64", sl.tensor(values, { dtype = "float64" }))
  end
end

local KINDS = { noise = "noise", x_start = "x0", v = "v", score = "score" }

-- A network's output of every kind as the predicted noise; guidance with and without a classifier.
local function wrapper(case)
  local a, process = case.arrays, process_of(case)
  local x, t = a.x:to "float64", a.t:to "float64"
  local function at(v) return v:reshape { -1, 1, 1, 1 } end
  local function noise(score)
    local _, eps = score:exchange(x, t)
    return eps
  end
  local function net(y, time, cond) return y * 0.5 + at(time) * (cond or 1) end
  local label = function(time) return time end
  for name, kind in pairs(KINDS) do
    local score = process:score(net, { parameterization = kind, label = label })
    oracle.close(case, "noise_from_" .. name .. "_f64", noise(score))
  end
  local cond = at(sl.tensor({ 1, 2, 3, 4 }, { dtype = "float64" }))
  local function given(c) return process:score(function(y, time) return net(y, time, c) end, { label = label }) end
  local conditional, unconditional = given(cond), given(cond * 0)
  oracle.close(case, "guided_f64", noise(unconditional) * -1.5 + noise(conditional) * 2.5)
  local s = process:coefficient("s", x, t)
  local guided = process:score(net, { label = label })(x, t) + (cond - x) * 1.5
  oracle.close(case, "classifier_f64", guided * -s)
end

local SPECIAL = {
  dpm_schedule_linear = schedule, dpm_schedule_discrete = schedule, dpm_model_wrapper_a = wrapper,
}

for _, case in ipairs(oracle.cases("sampling", "^dpm_")) do
  ran = ran + 1
  check.test("dpm oracle: " .. case.case, function() (SPECIAL[case.case] or replay)(case) end)
end

-- 174 arrays in double, the manifest's all, and 4 of 35 runs in single precision.
check.test("dpm oracle: nothing left out", function()
  check.eq({ ran, oracle.compared - compared }, { 42, 174 + 4 * 35 })
end)
print(("dpm oracle: %d cases, %d arrays compared"):format(ran, oracle.compared - compared))

-- ---- discrete levels ------------------------------------------------------------------------------------

local betas = {}
for i = 1, 100 do betas[i] = 1e-3 + (0.2 - 1e-3) * (i - 1) / 99 end

check.test("a table of levels is a process", function()
  local products, product = {}, 1
  for i, beta in ipairs(betas) do
    product = product * (1 - beta)
    products[i] = product
  end
  local p = sl.sde.discrete { betas = betas }
  local q = sl.sde.discrete { alphas_cumprod = sl.tensor(products, { dtype = "float64" }) }
  for _, i in ipairs { 1, 2, 50, 100 } do
    for _, process in ipairs { p, q } do
      local at = process:point(i / 100)
      -- functions of time are tabulated; log alpha has a kink at every level, where that holds to 1e-5
      check.close({ at.m, at.s }, { math.sqrt(products[i]), math.sqrt(1 - products[i]) }, 1e-5)
    end
  end
  check.eq({ p.T, p.eps.sample, p.eps.train, p.name, p.tier }, { 1, 0.01, 0.01, "discrete", "affine" })
  check.close(p:point(0).s, 0, 0, 1e-6)
  -- networks are told the number of the level, from 0
  local told
  local score = p:score(function(x, label)
    told = label
    return x
  end)
  score(sl.zeros { 3, 2 }, sl.tensor { 0.01, 0.5, 1 })
  check.close(told:totable(), { 0, 49, 99 }, 1e-5, 1e-5)
  local cut = sl.sde.discrete { betas = betas, lambda_min = -3 }
  local n = math.floor(1 / cut.eps.sample + 0.5)
  check.ok(n < 100)
  check.close(cut:point(1).m, math.sqrt(products[n]), 1e-5)
  check.ok(math.log(cut:point(1).sigma) <= 3 and math.log(math.sqrt((1 - products[n + 1]) / products[n + 1])) > 3)
end)

check.test("bad tables are named", function()
  local function refused(options, part) check.raises(function() sl.sde.discrete(options) end, "discrete: " .. part) end
  refused({}, "option betas: expected either betas or alphas_cumprod")
  refused({ betas = betas, alphas_cumprod = betas }, "option betas")
  refused({ betas = { 0.1, 1.5 } }, "option betas: expected numbers in (0, 1), got 1.5")
  refused({ alphas_cumprod = { 0.9, 0.9 } }, "option alphas_cumprod: expected numbers in (0, 1) that fall")
  refused({ betas = "cosine" }, "option betas: expected a list of numbers or a tensor")
  refused({ betas = betas, T = 2 }, "option T")
end)
