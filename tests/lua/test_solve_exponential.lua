-- Exponential integrators against what is known in closed form: orders of convergence, laws, and what they reduce to.
local check = require "check"
local oracle = require "oracle"
local sl = require "sdelua"

local solve = sl.solve
local f64 = { dtype = "float64" }
local vp = sl.sde.VP {}
local EPS = 1e-2

local function tensor(list) return sl.tensor(list, f64) end

local function mixture(process)
  return oracle.mixture_score(process, tensor { 0.3, 0.7 }, tensor { { -1, 0.5 }, { 0.8, -0.3 } },
    tensor { { 0.3, 0.2 }, { 0.15, 0.4 } })
end

local start = sl.noise { seed = 3 }:normal({ 8, 2 }, 1, "float64")

local function with(options, more)
  local all = {}
  for key, v in pairs(options) do all[key] = v end
  for key, v in pairs(more) do all[key] = v end
  return all
end

local function largest(x) return x:abs():amax():item() end

-- ---- orders ----------------------------------------------------------------------------------------

local score = mixture(vp)
local truth = solve.ode { rtol = 1e-12, atol = 1e-12, eps = EPS } (vp, score, nil, { x = start })

local function error_of(name, options, n)
  local x = solve[name](with(options, { steps = n, eps = EPS }))(vp, score, nil, { x = start })
  return (x - truth):square():mean():sqrt():item()
end

-- { sampler, options, the order it declares }; grids are even in lambda.
local ORDERS = {
  { "dpm_solver", { order = 1 }, 1 },
  { "dpm_solver", { order = 2 }, 2 }, { "dpm_solver_pp", { order = 2 }, 2 },
  { "dpm_solver", { order = 3, solver_type = "taylor" }, 3 },
  { "dpm_solver_pp", { order = 3, solver_type = "taylor" }, 3 },
  { "dpm_solver", { order = 3 }, 2 }, { "dpm_solver_pp", { order = 3 }, 2 },
  { "dpm_solver", { order = 2, method = "singlestep_fixed" }, 2 },
  { "dpm_solver_pp", { order = 2, method = "singlestep_fixed", solver_type = "taylor" }, 2 },
  { "dpm_solver", { order = 3, method = "singlestep_fixed" }, 3 },
  { "dpm_solver_pp", { order = 3, method = "singlestep_fixed", solver_type = "taylor" }, 3 },
  { "dpm_solver", { order = 3, method = "singlestep" }, 2 },
  { "unipc", { order = 1, variant = "bh1" }, 2 }, { "unipc", { order = 1, variant = "bh2" }, 2 },
  { "unipc", { order = 2, variant = "bh1" }, 3 }, { "unipc", { order = 2, variant = "bh2" }, 3 },
  { "unipc", { order = 3 }, 4 }, { "unipc", { order = 3, predicts = "noise" }, 4 },
  { "unipc", { order = 2, variant = "bh1", corrector = false }, 2 }, { "unipc", { order = 3, corrector = false }, 3 },
  { "deis", { degree = 1 }, 2 }, { "deis", { degree = 2 }, 3 }, { "deis", {}, 4 },
  { "ipndm", { order = 2 }, 2 }, { "ipndm", {}, 2 },
  { "sa_solver", { tau = 0, predictor = 2, corrector = 0 }, 2 },
  { "sa_solver", { tau = 0, predictor = 1, corrector = 1 }, 2 },
  { "sa_solver", { tau = 0, predictor = 2, corrector = 2 }, 3 },
  { "sa_solver", { tau = 0, predictor = 3, corrector = 3 }, 4 },
}

check.test("each converges at the order it declares", function()
  for _, row in ipairs(ORDERS) do
    local name, options, want = table.unpack(row)
    check.eq(solve[name](with(options, { steps = 192 })).order, want, name)
    local measured = math.log(error_of(name, options, 192) / error_of(name, options, 384), 2)
    local what = {}
    for key, v in pairs(options) do what[#what + 1] = key .. "=" .. tostring(v) end
    check.close(measured, want, 0, 0.15, ("%s %s"):format(name, table.concat(what, " ")))
  end
end)

check.test("DPM-Solver-3 ends on an order of three when steps = 2 mod 3", function()
  local options = { order = 3, method = "singlestep" }
  check.eq(solve.dpm_solver(with(options, { steps = 194 })).order, 3)
  local measured = math.log(error_of("dpm_solver", options, 194) / error_of("dpm_solver", options, 389), 389 / 194)
  check.close(measured, 3, 0, 0.15)
end)

check.test("iPNDM is of third order on a grid even in sigma", function()
  local edm = sl.sde.EDM {}
  local exact = mixture(edm)
  local function run(name, options, steps, grid)
    local o = with(options, { steps = steps, eps = 0.3, grid = with(grid, { sigma_max = 3, sigma_min = 0.3 }) })
    return solve[name](o)(edm, exact, nil, { x = start * 3 })
  end
  local want = run("unipc", { order = 3 }, 800, { "logsnr" })
  local function off(steps) return largest(run("ipndm", { order = 3 }, steps, { "karras", rho = 1 }) - want) end
  check.close(math.log(off(200) / off(400), 2), 3, 0, 0.15)
end)

check.test("DEIS integrates what is linear in time exactly", function()
  local function eps(t) return 3 * t - 1 end
  local function made(x, t) return (t * -3 + 1):reshape { -1, 1 } / vp:coefficient("s", x, t) end
  local times = { 1, 0.8, 0.5, 0.2, 0.1, 1e-3 }
  local _, info = solve.deis { degree = 1, grid = times } (vp, made, nil, { x = start, trajectory = true })
  local function sigma(t) return vp:point(t).sigma end
  for i = 2, #times - 1 do -- the first step has one value
    local a, b, n, area = times[i], times[i + 1], 4000, 0
    for j = 0, n - 1 do area = area + sigma(a + (b - a) * (j + 0.5) / n) * (b - a) / n end
    local want = eps(b) * sigma(b) - eps(a) * sigma(a) - 3 * area
    local got = info.trajectory[i + 1] / vp:point(b).m - info.trajectory[i] / vp:point(a).m
    check.close(largest(got - want), 0, 0, 2e-6)
  end
end)

-- ---- what they reduce to ---------------------------------------------------------------------------

local FIRST = {
  dpm_solver = { order = 1 }, dpm_solver_pp = { order = 1 }, unipc = { order = 1, corrector = false },
  deis = { degree = 0 }, ipndm = { order = 1 }, sa_solver = { predictor = 1, corrector = 0, tau = 0 },
}

check.test("the first order of each is DDIM", function()
  local opts = { x = start }
  local ddim = solve.euler { steps = 12, eps = EPS, denoise = false, grid = "logsnr" } (vp, score, nil, opts)
  for name, options in pairs(FIRST) do
    local x, info = solve[name](with(options, { steps = 12, eps = EPS }))(vp, score, nil, opts)
    check.ok(largest(x - ddim) < 1e-12, name)
    check.eq(info.nfe, 12, name)
  end
end)

check.test("methods that are the same by other names", function()
  local function run(name, options)
    return (solve[name](with(options, { steps = 15 }))(vp, score, nil, { x = start }))
  end
  local pp2 = run("dpm_solver_pp", { order = 2 })
  check.ok(largest(run("unipc", { order = 2, corrector = false }) - pp2) < 1e-12)
  check.ok(largest(run("unipc", { order = 2, corrector = false, predicts = "noise" })
    - run("dpm_solver", { order = 2 })) < 1e-12)
  local adams = run("dpm_solver_pp", { order = 3, solver_type = "taylor" })
  check.ok(largest(run("sa_solver", { predictor = 3, corrector = 0, tau = 0 }) - adams) < 1e-12)
  local to_zero = run("dpm_solver_pp", { order = 2, denoise = "zero", grid = "karras" })
  check.ok(largest(run("dpmpp_2m", {}) - to_zero) < 1e-12)
end)

check.test("tau = 0 draws nothing", function()
  local sampler = solve.sa_solver { tau = 0, steps = 9 }
  local function never() error "drawn" end
  local x = sampler(vp, score, nil, { x = start, noise = never })
  check.eq(x:totable(), (sampler(vp, score, nil, { x = start, seed = 2 })):totable())
  check.eq({ sampler.noise, solve.sa_solver {}.noise }, { false, true })
  local given = solve.sa_solver { tau = function() return 0 end, steps = 9 }
  check.eq(given(vp, score, nil, { x = start, noise = never }):totable(), x:totable())
end)

-- ---- laws ----------------------------------------------------------------------------------------------

local D = 0.5 -- std of Gaussian data

local function gaussian(process)
  return function(x, t)
    local m, s, c = process:coefficient("m", x, t), process:coefficient("s", x, t), process:coefficient("c", x, t)
    return -(x - c) / (m:square() * D ^ 2 + s:square())
  end
end

local function std_at(process, t)
  local at = process:point(t)
  return math.sqrt((at.m * D) ^ 2 + at.s ^ 2), at.c
end

local FLOWS = {
  { "dpm_solver", {} }, { "dpm_solver_pp", {} }, { "dpm_solver_pp", { method = "singlestep", order = 3 } },
  { "dpm_solver", { method = "adaptive", order = 3, rtol = 1e-5, atol = 1e-6 } }, { "unipc", {} }, { "deis", {} },
  { "ipndm", {} }, { "sa_solver", { tau = 0 } },
}

check.test("the flow of a Gaussian, on every kind of process", function()
  local moving = sl.sde.define {
    mean = function(t) return math.exp(-t) end, std = function(t) return math.sqrt(1 - math.exp(-2 * t)) end,
    offset = function(t) return 2 * t end, T = 4,
  }
  for _, process in ipairs { vp, sl.sde.subVP {}, sl.sde.VE {}, sl.sde.EDM {}, moving } do
    local exact, from, c_T = gaussian(process), std_at(process, process.T)
    local to, c = std_at(process, EPS)
    for _, row in ipairs(FLOWS) do
      local steps = row[2].method ~= "adaptive" and 150 or nil
      local sampler = solve[row[1]](with(row[2], { steps = steps, eps = EPS }))
      local x = sampler(process, exact, nil, { x = start * from + c_T })
      check.close(largest((x - c) / to - start), 0, 0, 2e-3, row[1] .. " on " .. tostring(process))
    end
  end
end)

-- The variance that a linear sampler gives N(0, D^2) over the right one. Each row starts from, or is given, one unit of
-- noise, so that the sum of their squares is the variance.
local function variance_ratio(name, options, n)
  local function unit(number)
    local list = {}
    for i = 1, n + 1 do list[i] = { i == number and 1 or 0 } end
    return tensor(list)
  end
  local x = solve[name](with(options, { steps = n, eps = EPS }))(vp, gaussian(vp), nil, {
    x = unit(1) * std_at(vp, vp.T), noise = function(_, number) return unit(number) end,
  })
  return x:square():sum():item() / std_at(vp, EPS) ^ 2
end

local LAWS = {
  { "dpm_solver_pp", { order = 1, noise = 1.0 }, 1 }, { "dpm_solver_pp", { order = 2, noise = 1.0 }, 2 },
  { "dpm_solver_pp", { order = 2, noise = 0.5 }, 2 }, { "dpm_solver", { order = 2, noise = 1.0 }, 2 },
  { "sa_solver", { tau = 1, predictor = 1, corrector = 0 }, 1 },
  { "sa_solver", { tau = 1, predictor = 1, corrector = 1 }, 2 },
  { "sa_solver", { tau = 1, predictor = 2, corrector = 0 }, 2 },
  { "sa_solver", { predictor = 3, corrector = 3 }, 2 },
  { "sa_solver", { tau = 0.5, predictor = 3, corrector = 3 }, 2 },
}

check.test("the SDE's law is right, and converges at the weak order", function()
  for _, row in ipairs(LAWS) do
    local name, options, weak = table.unpack(row)
    local coarse, fine = variance_ratio(name, options, 100) - 1, variance_ratio(name, options, 200) - 1
    check.close(fine, 0, 0, weak == 1 and 0.05 or 0.003, name)
    check.close(math.log(coarse / fine, 2), weak, 0, 0.15, name)
    check.eq(solve[name](options).weak, weak, name)
  end
  check.close(variance_ratio("dpm_solver", { order = 1, noise = 1.0 }, 200), 1, 0, 0.003)
  check.close(variance_ratio("sa_solver", {}, 200), 1, 0, 0.001)
  local banded = function(sigma) return sigma > 0.05 and sigma < 1 and 1 or 0 end
  check.close(variance_ratio("sa_solver", { tau = banded }, 200), 1, 0, 0.005)
end)

-- ---- samples stand alone ----------------------------------------------------------------------------------

local ALONE = {
  solve.dpm_solver { steps = 9, order = 3, method = "singlestep" }, solve.dpm_solver_pp { steps = 8, noise = 1.0 },
  solve.dpm_solver_pp { method = "adaptive", order = 2 }, solve.dpm_solver { method = "adaptive", order = 3 },
  solve.unipc { steps = 8, order = 3 }, solve.deis { steps = 8 }, solve.ipndm { steps = 8 },
  solve.sa_solver { steps = 8 },
  solve.dpm_solver { method = "adaptive", correct = solve.dynamic_thresholding { p = 0.8 } },
}

check.test("a sample depends on seed and index only", function()
  for _, sampler in ipairs(ALONE) do
    local whole = sampler(vp, score, { 17, 2 }, { seed = 7 })
    for threads = 1, 2 do
      sl.set_threads(threads)
      local parts = {}
      for first = 0, 16, 5 do
        parts[#parts + 1] = sampler(vp, score, { math.min(5, 17 - first), 2 }, { seed = 7, first = first })
      end
      check.eq(sl.cat(parts, 1):totable(), whole:totable(), sampler.name)
    end
    check.eq(sampler(vp, score, { 1, 2 }, { seed = 7, first = 16 }):totable(), { whole:totable()[17] }, sampler.name)
  end
end)

check.test("adaptive steps keep each sample's error", function()
  local sampler = solve.dpm_solver { method = "adaptive", order = 3, rtol = 1e-4, atol = 1e-5, eps = EPS }
  local x, info = sampler(vp, score, nil, { x = start })
  check.ok(largest(x - truth) < 1e-3)
  check.eq(info.nfe:shape(), { 8 })
  local counts, various = info.nfe:totable(), false
  for _, v in ipairs(counts) do
    check.eq(v % 3, 0)
    various = various or v ~= counts[1]
  end
  check.ok(various)
  check.raises(function() sampler(vp, function(y) return y * (0 / 0) end, nil, { x = start }) end,
    "is the score finite and smooth there?")
end)

check.test("the state at every step is the process's", function()
  for _, name in ipairs { "dpm_solver", "unipc", "deis", "ipndm", "sa_solver" } do
    local times, opts = { 1 }, { seed = 1, dtype = "float64", trajectory = true }
    opts.callback = function(state) times[#times + 1] = state.r end
    local x, info = solve[name] { steps = 6 } (vp, score, { 2, 2 }, opts)
    check.eq({ #info.trajectory, largest(info.trajectory[7] - x) }, { 7, 0 }, name)
    local one = solve[name] { grid = { 1, times[2] } } (vp, score, { 2, 2 }, { seed = 1, dtype = "float64" })
    check.ok(largest(one - info.trajectory[2]) < 1e-9, name)
  end
  local last
  solve.dpm_solver { method = "adaptive", eps = EPS } (vp, score, { 2, 2 }, {
    seed = 1, callback = function(state) last = state end,
  })
  check.close(last.t, EPS, 1e-9)
end)

-- ---- thresholding and refusals ----------------------------------------------------------------------------

check.test("dynamic thresholding, each sample by itself", function()
  local x = tensor { { -4, 1, 2, 3, 0 }, { 0.1, -0.2, 0.3, 0.4, 0.5 } }
  local cut = solve.dynamic_thresholding { p = 0.75 } (x, 0.5)
  check.close(cut:totable(), { { -1, 1 / 3, 2 / 3, 1, 0 }, { 0.1, -0.2, 0.3, 0.4, 0.5 } }, 1e-12)
  local between = solve.dynamic_thresholding { p = 0.875, max = 0.1 } (x, 0.5):totable()
  check.close(between[1], { -1, 1 / 3.5, 2 / 3.5, 3 / 3.5, 0 }, 1e-12)
  local x0 = solve.dpm_solver { steps = 6, denoise = true, correct = solve.dynamic_thresholding { max = 0.4 } }
  check.ok(largest(x0(vp, score, { 4, 2 }, { seed = 1 })) <= 1)
end)

check.test("bad options are named", function()
  local function refused(name, options, part)
    check.raises(function() solve[name](options) end, name .. ": option " .. part)
  end
  refused("dpm_solver", { order = 4 }, "order: expected 1, 2 or 3, got 4")
  refused("dpm_solver", { method = "multi" }, "method")
  refused("dpm_solver_pp", { method = "adaptive", order = 1 }, "order")
  refused("dpm_solver_pp", { method = "adaptive", steps = 5 }, "steps")
  refused("dpm_solver_pp", { method = "adaptive", grid = "karras" }, "grid")
  refused("dpm_solver_pp", { method = "singlestep", noise = 1.0 }, "noise")
  refused("dpm_solver_pp", { method = "singlestep_fixed", order = 3, steps = 2 }, "steps")
  refused("unipc", { order = 5 }, "order")
  refused("unipc", { variant = "bh3" }, "variant")
  refused("deis", { degree = 4 }, "degree")
  refused("ipndm", { order = 5 }, "order")
  refused("sa_solver", { tau = -1 }, "tau")
  refused("sa_solver", { corrector = 4 }, "corrector")
  refused("dynamic_thresholding", { p = 2.0 }, "p")
end)
