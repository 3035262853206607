-- Options that every sampler knows: they have their effect, or are refused in the sampler's name.
local check = require "check"
local every = require "every_sampler"
local sl = require "sdelua"

local solve, N, vp, score, each = sl.solve, every.N, every.vp, every.score, every.each

-- ---- correct ------------------------------------------------------------------------------------------------------

-- With `correct` the data is estimated at 0.9 whatever the score says: the score is then -(x - 0.9 m)/s^2.
local function corrected(x, t)
  local m, s = vp:coefficient("m", x, t), vp:coefficient("s", x, t)
  return (m * 0.9 - x) / s:square()
end

-- Rounding moves the steps, along a rough path: both results are as far from the truth.
local AS_FAR = { adaptive_sde = 0.05 }

local cubic = sl.sde.define {
  drift = function(x) return -x * x * x end, diffusion = function(t) return t * 0 + 1 end, noise_type = "scalar",
  tier = "general", prior = { mean = 0, std = 1 },
}

each("corrects", function(name, _, make)
  local opts, calls = { seed = 3, dtype = "float64" }, 0
  local function correct(x0, t, rows)
    calls = calls + 1
    check.eq({ x0:shape(2), t:shape() }, { 2, { x0:shape(1) } })
    check.ok(rows == nil or rows:shape(1) == x0:shape(1))
    return x0 * 0 + 0.9
  end
  local x = make { correct = correct } (vp, score, { N, 2 }, opts)
  check.ok(calls > 1, name .. ": correct is not asked")
  check.close(x:totable(), make {} (vp, corrected, { N, 2 }, opts):totable(), 0, AS_FAR[name] or 1e-6, name)
  x = make { correct = correct, denoise = "tweedie" } (vp, score, { N, 2 }, opts)
  check.close((x - 0.9):abs():amax():item(), 0, 0, 1e-9, name .. ": the last estimate")
  check.raises(function() make { correct = function() return 1 end } (vp, score, { N, 2 }) end,
    name .. ": option correct: expected a result like x0, float32 [5,2], got 1")
  check.raises(function() make { correct = correct } (cubic, score, { N, 2 }) end, name .. ": ")
end)

-- ---- grids --------------------------------------------------------------------------------------------------------

-- A grid, and what is said of it.
local BAD = {
  { { 2, 1, 0.5 }, "expected falling times in [0, 1], got 2" },
  { { 1, 0.5, -0.5 }, "expected falling times in [0, 1], got -0.5" },
  { { 0.1, 0.5, 1 }, "expected falling times in [0, 1], got 0.5 after 0.1" },
  { { 1, 0.5, 0.5 }, "expected falling times in [0, 1], got 0.5 after 0.5" },
  { { 1, 0 / 0, 0.1 }, "expected falling times in [0, 1], got " },
  { { 1, "0.5" }, "expected falling times in [0, 1], got 0.5" },
  { { 1 }, "expected at least two falling times, got 1" },
  { sl.tensor { 1, 0.5, -0.5 }, "expected falling times in [0, 1], got -0.5" },
  { sl.zeros { 2, 2 }, "expected a name, a list of times or { sigma = list }, got float32 [2,2]" },
  { { sigma = { 1, 2, 3 } }, "expected falling sigmas in [0, 152.1", "], got 2 after 1" },
  { { sigma = { 10, 1, -1 } }, "expected falling sigmas in [0, 152.1", "], got -1" },
  { { sigma = { 1e4, 1 } }, "expected falling sigmas in [0, 152.1", "], got 10000" },
  { { sigma = 3 }, "expected a name, a list of times or { sigma = list }, got 3" },
  { { "karras", sigma_max = 1e4 }, "expected falling sigmas in [0, 152.1", "], got 10000" },
  { { "karras", sigma_max = "a" }, "option sigma_max: expected a positive number, got a" },
  { { "karras", rho = 0 }, "expected falling sigmas in [0, 152.1" },
  { { "polyexponential", rho = -1 }, "expected falling sigmas in [0, 152.1" },
  { { "iddpm", M = 3 }, "expected at most " },
  { 3, "expected a name, a list of times or { sigma = list }, got 3" },
  { {}, "expected a name, a list of times or { sigma = list }, got a table" },
  { "linear", 'expected "edm", "exponential", "iddpm", ' },
}

each("stands on falling times of the process, or on none", function(name, row, make)
  local made, why = pcall(make, { grid = "karras" })
  if not made then
    check.eq({ row.sample ~= nil, why:match " (.-none)" }, { true, name .. ": option grid: expected none" })
    return
  end
  for _, case in ipairs(BAD) do
    local said = check.raises(function() make { grid = case[1] } (vp, score, { N, 2 }) end, case[2])
    check.ok(said:gsub("^%S+:%d+: ", ""):find(name .. ": ", 1, true) == 1 and said:find(case[3] or "", 1, true), said)
  end
end)

check.test("a grid of part of the way", function()
  local x = sl.zeros { 2, 2 }
  check.raises(function()
    solve.heun { grid = { 1, 0.5, 0.1 } } (vp, score, nil, { x = x, from = 0.5 })
  end, "heun: option grid: expected falling times in [0, 0.5], got 1")
  local y = solve.heun { grid = { 0.5, 0.1 } } (vp, score, nil, { x = x, from = 0.5 })
  check.eq(y:shape(), { 2, 2 })
  local sigma = vp:point(1).sigma -- to a tensor of float32 and back, it is a little more
  for _, top in ipairs { sigma, sigma * (1 + 1e-7) } do
    check.eq(solve.heun { grid = { sigma = { top, 1, 0 } } } (vp, score, { 2, 2 }):shape(), { 2, 2 })
  end
  check.raises(function()
    solve.heun { steps = 8, round = function() return 1.0 end } (vp, score, { 2, 2 })
  end, "heun: option round: expected levels that fall along the grid, got 1.0 after 1")
  check.raises(function()
    solve.heun { steps = 8, round = function() return "1" end } (vp, score, { 2, 2 })
  end, "heun: option round: expected levels that fall along the grid, got 1")
end)

check.test("a process whose time is its sigma has a grid of its own, where samplers in time have none", function()
  local function times(sampler, process)
    local _, info = sampler(process, function(x) return -x end, { 2, 2 }, { seed = 1, trajectory = true })
    return info.times
  end
  for _, process in ipairs { sl.sde.EDM {}, sl.sde.VElinear {} } do
    local own = times(solve.ancestral { steps = 5 }, process)
    check.eq(own, times(solve.ancestral { steps = 5, grid = "karras" }, process))
    check.ok(own[2] < 0.8 * process.T * 5 / 6, own[2])
    local even = times(solve.ancestral { steps = 5, grid = "uniform" }, process)
    check.close(even[2] - even[1], even[3] - even[2], 1e-6)
  end
  check.close(times(solve.ancestral { steps = 5, eps = 0 }, sl.sde.EDM {})[2], 64, 1e-6) -- down to 0 there is none
  check.close(times(solve.ancestral { steps = 5 }, vp)[3], (vp.T * 3 + vp.eps.sample * 2) / 5, 1e-6)
end)

-- ---- without effect -----------------------------------------------------------------------------------------------

local PAPER = { ancestral = true, euler_maruyama = true, langevin = true, pc = true, reverse_diffusion = true }

each("takes the papers' levels, or says that it has none", function(name, _, make)
  if not PAPER[name] then
    check.raises(function() make { levels = "paper" } end,
      name .. ': option levels: expected "exact", for it has none of the papers\' tables, got paper')
    return
  end
  local exact, paper = make { steps = 40 }, make { levels = "paper", steps = 40 }
  local opts = { seed = 3 }
  check.ok((paper(vp, score, { N, 2 }, opts) - exact(vp, score, { N, 2 }, opts)):abs():amax():item() > 1e-3)
  check.raises(function() paper(vp, score, nil, { x = sl.zeros { N, 2 }, from = 0.5 }) end,
    name .. ": option from: expected none")
  check.raises(function() make { levels = "paper", grid = "karras" } end, name .. ": option grid: expected none")
  check.raises(function() make { levels = "paper", round = function(v) return v end } end,
    name .. ": option round: expected none")
end)

check.test("a sampler of several steppers has the papers' levels where they have", function()
  for _, predictor in ipairs { "flow", solve.srk {}, { step = function() end } } do
    check.raises(function() solve.pc { predictor = predictor, levels = "paper" } end, "pc: option levels")
  end
  local function still(_, run) return run.x end
  for _, predictor in ipairs { "none", solve.ancestral {}, { paper = true, step = still } } do
    local x = solve.pc { predictor = predictor, levels = "paper", steps = 40 } (vp, score, { N, 2 }, { seed = 1 })
    check.eq(x:shape(), { N, 2 })
  end
  check.raises(function() sl.posterior.mcs { levels = "paper" } end, "mcs: option levels")
end)

-- What a call gives changes with these, or they are refused.
local EFFECT = {
  steps = 11, grid = { 1, 0.6, 0.3, 0.05 }, round = function(sigma) return 0.9 * sigma end, denoise = "tweedie",
  eps = 0.05, correct = function(x0) return x0 * 0.5 end,
}

each("has an effect of each option, or refuses it", function(name, _, make)
  local opts = { seed = 3, dtype = "float64" }
  local usual = make {} (vp, score, { N, 2 }, opts)
  for key, value in pairs(EFFECT) do
    local made, sampler = pcall(make, { [key] = value })
    if made then
      local x = sampler(vp, score, { N, 2 }, opts)
      check.ok((x - usual):abs():amax():item() > 1e-9, name .. ": option " .. key .. " changes nothing")
    else
      check.ok(tostring(sampler):find(name .. ": option " .. key .. ": expected", 1, true), tostring(sampler))
    end
  end
end)

each("ends as it says", function(name, row, make)
  local opts, ends = { seed = 3, dtype = "float64" }, {}
  local in_sigma = row.space == "sigma" or row.denoise == "zero"
  local own_loop = row.sample and not row.step
  for _, kind in ipairs { "mean", "zero", "tweedie" } do
    local made, sampler = pcall(make, { denoise = kind })
    ends[kind] = made
    if made then check.eq(sampler(vp, score, { N, 2 }, opts):shape(), { N, 2 }) end
    if not made then check.ok(tostring(sampler):find(name .. ": option denoise: expected", 1, true), sampler) end
  end
  check.eq(ends, { mean = not in_sigma and not own_loop, zero = in_sigma and not own_loop, tweedie = true })
end)

check.test("restarts below the grid's end", function()
  check.raises(function() solve.restart { grid = { 1, 0.6, 0.1 } } (vp, score, { N, 2 }) end,
    "restart: option intervals: expected t_max above the grid's level nearest to t_min, 0.")
end)

check.test("what has no effect is refused where the options decide", function()
  local function refused(name, options, key)
    check.raises(function() solve[name](options) end, name .. ": option " .. key .. ": expected")
  end
  refused("ode", { steps = 5, denoise = "mean" }, "denoise")
  refused("ode", { steps = 5, levels = "paper" }, "levels")
  refused("dpm_solver", { method = "adaptive", denoise = "zero" }, "denoise")
  refused("dpm_solver", { method = "adaptive", grid = "karras" }, "grid")
  refused("adaptive_sde", { steps = 5 }, "steps")
  refused("mala", { t = 0.5, grid = "karras" }, "grid")
  refused("mala", { t = 0.5, steps = 3 }, "steps")
  check.eq(solve.ode { steps = 5, grid = "karras" } (vp, score, { N, 2 }):shape(), { N, 2 })
end)

-- ---- values -------------------------------------------------------------------------------------------------------

local NAN = 0 / 0
local INTERVAL = { N = 3, K = 1, t_min = 0.1, t_max = 0.2 }

local function interval(key, value)
  local list = { { [key] = value } }
  for name, usual in pairs(INTERVAL) do list[1][name] = list[1][name] or usual end
  return { intervals = list }
end

local CHURN = { { S_churn = -1 }, { S_churn = NAN }, { S_tmin = -1 }, { S_tmax = -1 }, { S_noise = -1 } }
local ANCESTRAL = { { eta = -1 }, { eta = NAN }, { s_noise = -1 } }
local NOISE = { { noise = -1 }, { noise = NAN } }

-- Of each sampler, tables of one bad option.
local VALUES = {
  euler = CHURN, heun = CHURN, dpm_2 = CHURN, edm_ablation = { { alpha = 0 }, { alpha = 2 }, { S_churn = -1 } },
  euler_a = ANCESTRAL, dpm_2_a = ANCESTRAL, dpmpp_2s_a = ANCESTRAL, dpmpp_3m_sde = ANCESTRAL, dpmpp_2m_sde = ANCESTRAL,
  dpm_fast = ANCESTRAL, dpmpp_sde = { { eta = -1 }, { s_noise = -1 }, { r = 0 }, { r = 2 }, { r = NAN } },
  dpm_adaptive = { { eta = -1 }, { s_noise = -1 }, { rtol = -1 }, { atol = 0 }, { h_init = 0 }, { accept_safety = 0 },
    { max_steps = 0 }, { max_steps = 1.5 } },
  ddim = { { eta = -1 }, { eta = 3 }, { eta = NAN } }, euler_maruyama = NOISE, reverse_diffusion = NOISE,
  milstein = NOISE, srk = NOISE,
  adaptive_sde = { { noise = -1 }, { rtol = -1 }, { atol = 0 }, { first_step = -1 }, { max_steps = -1 } },
  ode = { { rtol = -1 }, { atol = 0 }, { rtol = NAN } },
  annealed_langevin = { { n_steps = 0 }, { n_steps = 1.5 }, { epsilon = -1 }, { epsilon = 0 } },
  langevin = { { n_steps = 0 }, { n_steps = 1.5 }, { snr = -1 }, { snr = NAN } },
  pc = { { n_steps = -1 }, { n_steps = 1.5 }, { snr = -0.1 } },
  mala = { { n_steps = 0 }, { n_steps = 2.5 }, { snr = -1 }, { snr = 0 } },
  dpm_solver = { { rtol = -1 }, { atol = -1 }, { h_init = 0 }, { theta = 0 }, { noise = NAN }, { noise = -1 } },
  restart = { interval("K", 0), interval("N", 1), interval("t_max", 0.05), { rho = 0 }, { S_noise = -1 } },
}

each("refuses values that mean nothing", function(name, _, make)
  for _, bad in ipairs(VALUES[name] or {}) do
    check.raises(function() make(bad) (vp, score, { N, 2 }) end, ("%s: option %s: expected"):format(name, next(bad)))
  end
end)

check.test("options that have no effect beside others are refused", function()
  for given, said in pairs {
    [{ steps = 5, rtol = 1e-3 }] = "ode: option rtol: expected none, for its steps are fixed where steps is given, "
      .. "got 0.001",
    [{ steps = 5, max_steps = 9 }] = "ode: option max_steps: expected none",
    [{ steps = 3, grid = { 1, 0.5, 0.1 } }] = "ode: option steps: expected none or 2, the steps of the list given as "
      .. "grid, got 3",
    [{ steps = 3, grid = { sigma = sl.tensor { 3, 2 } } }] = "ode: option steps: expected none or 1",
  } do
    check.raises(function() solve.ode(given) end, said)
  end
  check.eq(tostring(solve.heun { grid = { 1, 0.5, 0.1 } }), "sampler heun, 2 steps")
  check.raises(function() sl.posterior.dps { steps = 3, grid = { 1, 0.5 } } end, "option steps: expected none or 1")
end)

check.test("a time of a chain is one of the process", function()
  for _, t in ipairs { 5, 0, -1, "a" } do
    local chain = solve.mala { t = t, log_prob = function(x) return x:square():sum(2) end }
    check.raises(function() chain(vp, score, { N, 2 }) end, "mala: option t: expected a time in (0, 1], got " .. t)
  end
end)

check.test("values at the border mean something", function()
  for _, case in ipairs {
    { "heun", { S_churn = 3, S_noise = 0 } }, { "euler_a", { eta = 5 } }, { "dpmpp_sde", { r = 1 } },
    { "dpmpp_2m_sde", { eta = 2 } }, { "ddim", { eta = 1 } }, { "edm_ablation", { alpha = 1 } },
    { "pc", { n_steps = 0 } }, { "euler_maruyama", { noise = 0 } },
  } do
    local x = every.make(case[1], sl.solve.samplers:find(case[1]), case[2]) (vp, score, { N, 2 }, { seed = 1 })
    check.ok(x:abs():amax():item() < 10, case[1])
  end
end)
