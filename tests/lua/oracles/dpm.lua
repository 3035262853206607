-- DPM-Solver and DPM-Solver++ against the reference's runs, in double and, but for adaptive steps, in single precision
-- (where their first error estimates are rounding noise).
local oracle = require "oracle"
local grid = require "sdelua.solve.grid"
local sl = require "sdelua"

local solve = sl.solve

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
    found["steps_" .. skip] = grid.times("test", process, name, params.steps, process.T, params.t_0, false)
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

oracle.replay("sampling", "^dpm_", function(case) (SPECIAL[case.case] or replay)(case) end)
