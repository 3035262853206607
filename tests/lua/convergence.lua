-- What the tests of convergence share: every sampler of the collection against the exact laws of normal data, and every
-- process of the collection under a few samplers. Tables of rows, and what is not within 0.15 of the order stated.
local affine = require "affine"
local every_process = require "every_process"
local is_uniform = require "sdelua.sde.common".is_uniform
local names = require "sdelua.options".names
local sl = require "sdelua"

local solve, sde = sl.solve, sl.sde
local convergence = {}

local MEAN, STD = 0.7, 0.5 -- of the data

-- Even in u, with lambda = -log sigma quadratic in it: smooth, and with first steps so short that a multistep method
-- may begin with a lower order. A row like those of the files, that no list shows.
local function quadratic_lambda(n, hi, lo)
  local list = {}
  for i = 0, n do list[i + 1] = hi * (lo / hi) ^ ((i / n) ^ 2) end
  return list
end

package.preload["sdelua.solve.grids.quadratic_lambda"] = function()
  return { doc = "For tests.", space = "sigma", options = {}, make = quadratic_lambda }
end

-- Processes and the grids that are smooth for them: log sigma for samplers in sigma, even times for others.
convergence.places = {
  sigma = { process = sde.EDM { sigma_max = 3, sigma_min = 0.3 }, grid = "quadratic_lambda", eps = 0.3 },
  time = { process = sde.VP { beta_min = 0.5, beta_max = 4 }, grid = "uniform", eps = 0.2 },
}

local function law_at(process, t)
  local at = process:point(t)
  return at.m * MEAN + at.c, math.sqrt((at.m * STD) ^ 2 + at.s ^ 2)
end

--- By the estimate of the data, which holds where m = 0 as well.
function convergence.score_of(process)
  local function x0(x, t)
    local m, s, c = process:coefficient("m", x, t), process:coefficient("s", x, t), process:coefficient("c", x, t)
    return (x - c - m * MEAN) * m * STD ^ 2 / (m:square() * STD ^ 2 + s:square()) + MEAN
  end
  return process:score(x0, { parameterization = "x0", label = function(t) return t end })
end

local function rms(x) return x:square():mean():sqrt():item() end

-- How far a flow takes x, up to two deviations off the mean, from where the exact one does.
local function flow_error(run, mean_T, std_T, mean_0, std_0)
  local z = sl.tensor({ { -2.0 }, { -1.0 }, { 0.0 }, { 1.0 }, { 2.0 } }, { dtype = "float64" })
  return rms(run(z * std_T + mean_T) - (z * std_0 + mean_0))
end

-- A way that is the row's own takes no grid.
local function placed(name, place, options, n)
  local row = solve.samplers:find(name)
  local o = { steps = n, denoise = false, grid = (row.step or row.steppers) and place.grid or nil, eps = place.eps }
  for key, value in pairs(options) do o[key] = value end
  return o
end

--- |mean - exact| + |std - exact| for a sampler of n steps that draws; for a flow, that of states. Where a sampler that
-- draws is no affine map of its state and its draws, nil and the reason.
function convergence.error_of(name, options, n, place)
  place = place or convergence.places[solve.samplers:find(name).space or "time"]
  local sampler, process = solve[name](placed(name, place, options, n)), place.process
  local score = convergence.score_of(process)
  local function run(x, noise)
    return (sampler(process, score, nil, { x = x, noise = noise, from = place.from }))
  end
  local mean_T, std_T = law_at(process, place.from or process.T)
  local mean_0, std_0 = law_at(process, place.eps)
  if not sampler.noise then return flow_error(run, mean_T, std_T, mean_0, std_0) end
  local mean, std = affine.law(run, mean_T, std_T)
  if not mean then return nil, std end
  return math.abs(mean - mean_0) + math.abs(std - std_0)
end

--- Draws of unit normals, one a step, that are increments of one path over the step's interval of time or sigma.
function convergence.from_path(place, row, n, seed)
  local source = sl.noise { seed = seed }
  local points = row.space and quadratic_lambda(n, 3, 0.3) or nil
  return {
    normal = function(shape, number, dtype)
      local i = number - 1
      if points then return source:brownian(shape, points[i], points[i + 1], dtype) end
      local T, eps = place.process.T, place.eps
      return source:brownian(shape, T + (eps - T) * (i - 1) / n, T + (eps - T) * i / n, dtype)
    end,
    increment = function(shape, a, b, dtype) return source:increment(shape, a, b, dtype) end,
  }
end

--- Rows that print as a table.
function convergence.rows()
  return setmetatable({}, require "sdelua.listing" { "sampler", "options", "kind", "stated", "measured", "remark" })
end

--- Notes the row; a text where what it measured is not within 0.15 of what it states.
function convergence.verdict(rows, row)
  rows[#rows + 1] = row
  local off = math.abs(row.measured - row.stated)
  if off ~= off or off > 0.15 then
    return ("%s { %s }: %s order %g, measured %.3f")
      :format(row.sampler, row.options, row.kind, row.stated, row.measured)
  end
end

-- ---- every sampler ------------------------------------------------------------------------------------------------

-- Options that a row is measured with in place of its defaults.
local VARIANTS = {
  ode = {
    { method = "euler" }, { method = "midpoint" }, { method = "heun" }, { method = "bosh3" },
    { method = "rk4" }, { method = "dopri5" },
  },
  reverse_diffusion = { {}, { noise = 0.5 } }, srk = { {}, { noise = 0.5 } },
  ancestral = { {}, { variance = "small" }, { variance = "large" } },
  deis = { { degree = 1 }, { degree = 2 }, {} }, lms = { { order = 2 }, { order = 3 }, {} },
  unipc = { {}, { order = 1 }, { predicts = "noise" } },
  edm_ablation = { {}, { alpha = 0.5 }, { solver = "euler" }, { solver = "euler", S_churn = 2.0 } },
  dpm_solver = { {}, { order = 1 }, { order = 3, method = "singlestep_fixed" }, { noise = 1.0, order = 1 } },
  dpm_solver_pp = { {}, { order = 3, solver_type = "taylor" }, { noise = 1.0, order = 1 } },
  sa_solver = { { tau = 2.0 }, { predictor = 1 }, { predictor = 1, corrector = 0 } },
  pc = { { corrector = "none" }, { corrector = "none", predictor = "ancestral" } },
}

-- Amounts of noise, of which rows that have such an option are measured with some and with none.
local AMOUNTS = { eta = 1.0, noise = 1.0, tau = 1.0, S_churn = 2.0 }

-- How many steps the coarse run has, 64 unless said: some leave a higher order's regime later.
local STEPS = {
  flow = {
    dpmpp_2m = 128, dpmpp_2m_sde = 128, dpm_solver_pp = 128, dpmpp_3m_sde = 256, sa_solver = 1024, dpm_fast = 71,
    ode = 32,
  },
  weak = { dpm_solver_pp = 128, dpmpp_3m_sde = 256, sa_solver = 256 },
}
local AFTER = { dpm_fast = 143 } -- m intervals for 3 m - 1 evaluations, the last of second order

--- What can't be measured, and why.
convergence.unmeasured = {
  adaptive_sde = "steps are chosen, not given", dpm_adaptive = "steps are chosen, not given",
  mala = "a chain at one time has no step in time", langevin = "no step in time: its bias goes with snr",
  annealed_langevin = "no step in time: its bias goes with epsilon",
}

local REMARKS = {
  ["pc weak"] = "without its corrector, whose bias goes with snr",
  ["sa_solver weak"] = "its defaults: in the long test",
}

local function described(options)
  local parts = {}
  for key, value in pairs(options) do parts[#parts + 1] = ("%s = %s"):format(key, value) end
  table.sort(parts)
  return table.concat(parts, ", ")
end

local function fact(row, key, sampler)
  local v = row[key]
  if type(v) == "function" then return v(sampler.options) end
  return v
end

-- The kind of order that a sampler has with these options, and what it states; nil where it states none.
local function stated(name, row, options)
  local o = { steps = 8 }
  for key, value in pairs(options) do o[key] = value end
  local sampler = solve[name](o)
  if sampler.noise then return "weak", fact(row, "weak", sampler) end
  return "flow", sampler.order
end

-- Orders from n and n_after steps. That no law can be told is a failure: of what states an order nothing passes unseen.
local function measured(rows, shown, options, n, n_after, place)
  local coarse, reason = convergence.error_of(shown.sampler, options, n, place)
  if not coarse then
    shown.remark, rows[#rows + 1] = reason, shown
    return ("%s { %s }: states %s order %g, which can't be measured: %s")
      :format(shown.sampler, shown.options, shown.kind, shown.stated, reason)
  end
  shown.measured = math.log(coarse / convergence.error_of(shown.sampler, options, n_after, place), 2)
  return convergence.verdict(rows, shown)
end

local function of_sampler(rows, name, row, options)
  local shown = { sampler = name, options = described(options), remark = convergence.unmeasured[name] }
  if not shown.remark then
    shown.kind, shown.stated = stated(name, row, options)
    shown.remark = not shown.stated and "states none" or REMARKS[name .. " " .. shown.kind]
    local n = STEPS[shown.kind][name] or 64
    if shown.stated then return measured(rows, shown, options, n, AFTER[name] or 2 * n) end
  end
  rows[#rows + 1] = shown
end

-- All that a row is measured with: the variants, and the other of some noise or none.
local function variants(name, row)
  local list = { table.unpack(VARIANTS[name] or { {} }) }
  for _, key in ipairs(names(AMOUNTS)) do
    local usual = (row.options or {})[key]
    if usual ~= nil and not convergence.unmeasured[name] then
      list[#list + 1] = { [key] = usual == 0 and AMOUNTS[key] or 0.0 }
    end
  end
  return list
end

--- Measures the flow or weak order of all samplers, or of those whose names match the pattern; adds to rows and returns
-- failures.
function convergence.samplers(rows, pattern)
  local failures = {}
  for name, row in solve.samplers:each() do
    for _, options in ipairs(name:find(pattern or "") and variants(name, row) or {}) do
      failures[#failures + 1] = of_sampler(rows, name, row, options)
    end
  end
  return failures
end

-- ---- every process ------------------------------------------------------------------------------------------------

-- In time, in sigma, and with noise.
local ON_PROCESSES = { { "ode", { method = "heun" } }, { "dpm_2", {} }, { "euler_maruyama", {} } }

-- The middle of a process's time, where its schedule is smooth and m is not 0.
local function middle(process, space)
  return { process = process, from = 0.6 * process.T, eps = 0.4 * process.T, grid = space and "logsnr" or "uniform" }
end

-- Whether the sampler says that it can't: at T nothing of the data is left.
local function refused(name, options, place)
  local ok, err = pcall(convergence.error_of, name, options, 2, place)
  return not ok and tostring(err):find "m_T [>=] 0"
end

local function on_affine(rows, failures, name, process)
  for _, case in ipairs(ON_PROCESSES) do
    local row = solve.samplers:find(case[1])
    local place = middle(process, row.space)
    local shown = { sampler = case[1], options = described(case[2]), remark = "on " .. name }
    if refused(case[1], case[2], place) then
      shown.remark, rows[#rows + 1] = shown.remark .. ": refused, since m_T = 0", shown
    else
      shown.kind, shown.stated = stated(case[1], row, case[2])
      failures[#failures + 1] = measured(rows, shown, case[2], 64, 128, place)
    end
  end
end

-- No exact law is known, or one for each feature: mean differences of n and 2 n steps, of the flow and of a path
-- forwards, with the score -x.
local function order_of(run, n)
  local function gap(k) return (run(k) - run(2 * k)):abs():mean():item() end
  return 0.5 * math.log(gap(n) / gap(4 * n), 2)
end

local function on_general(rows, failures, name, process)
  local place, remark = middle(process), ("on %s, by differences"):format(name)
  local x = process:prior_sampling({ 4000, 2 }, { seed = 3, dtype = "float64" })
  local function flow(n)
    local sampler = solve.ode(placed("ode", place, { method = "heun" }, n))
    return (sampler(process, function(y) return -y end, nil, { x = x, from = place.from }))
  end
  failures[#failures + 1] = convergence.verdict(rows, {
    sampler = "ode", options = "method = heun", kind = "flow", stated = 2, measured = order_of(flow, 16),
    remark = remark,
  })
  local function path(n) return (process:simulate(x, { steps = n, seed = 5 })) end
  local shown = { sampler = "simulate", options = "euler_maruyama", kind = "strong", stated = 0.5 }
  shown.measured, shown.remark = order_of(path, 16), remark .. "; 1 for additive noise"
  rows[#rows + 1] = shown
  if shown.measured ~= shown.measured or shown.measured < 0.35 then
    failures[#failures + 1] = ("%s: strong order 0.5, measured %.3f"):format(name, shown.measured)
  end
end

--- Measures a few samplers on all processes of the collection, or on those whose names match the pattern.
function convergence.processes(rows, pattern)
  local failures = {}
  for name, process in every_process() do
    if name:find(pattern or "") then
      process:drift(sl.zeros({ 2, 2 }, { dtype = "float64" }), 0.5 * process.T) -- what is not declared is probed
      local on = process.tier:find "^affine" and is_uniform(process) and on_affine or on_general
      on(rows, failures, name, process)
    end
  end
  return failures
end

return convergence
