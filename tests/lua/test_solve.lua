-- Solvers as scripts use them.
local check = require "check"
local programs = require "process"
local sl = require "sdelua"

local solve, sde = sl.solve, sl.sde
local vp = sde.VP {}
local D = 0.5 -- std of the data

-- The exact score of N(0, D^2).
local function exact(process)
  return function(x, t)
    local m, s = process:coefficient("m", x, t), process:coefficient("s", x, t)
    return -x / (m:square() * D ^ 2 + s:square())
  end
end
local score = exact(vp)

local function same(a, b, what) check.eq(a:totable(), b:totable(), what) end

check.test("a solver returns samples and the count of evaluations", function()
  for _, solver in ipairs {
    solve.euler_maruyama { steps = 20 }, solve.reverse_diffusion { steps = 20 }, solve.ancestral { steps = 20 },
    solve.pc { steps = 10 }, solve.ode { steps = 10 }, solve.reverse_diffusion { steps = 20, probability_flow = true },
    solve.pc { steps = 20, corrector = "none", predictor = "euler_maruyama" },
  } do
    local x, info = solver(vp, score, { 6, 2 }, { seed = 1 })
    check.eq(x:shape(), { 6, 2 })
    check.eq(info.nfe, 20, solver.name)
    same(x, (solver(vp, score, { 6, 2 }, { seed = 1 })), solver.name)
  end
  local _, info = solve.pc { steps = 10, n_steps = 3 } (vp, score, { 2, 2 }, { seed = 1 })
  check.eq(info.nfe, 40)
end)

check.test("facts", function()
  check.eq({ solve.ode {}.order, solve.ode {}.noise }, { 5, false })
  check.eq({ solve.pc {}.order, solve.pc {}.noise }, { 0.5, true })
end)

local solvers = {
  pc = solve.pc { steps = 8 }, ancestral = solve.ancestral { steps = 12 }, ode = solve.ode { rtol = 1e-3, atol = 1e-3 },
  em = solve.euler_maruyama { steps = 9, noise = 0.5 },
}

check.test("a sample depends on seed and index only", function()
  for name, solver in pairs(solvers) do
    local whole = solver(vp, score, { 65, 2 }, { seed = 7 })
    for _, batch in ipairs { 1, 7, 64 } do
      for threads = 1, 2 do
        sl.set_threads(threads)
        local parts = {}
        for first = 0, 64, batch do
          parts[#parts + 1] = solver(vp, score, { math.min(batch, 65 - first), 2 }, { seed = 7, first = first })
        end
        same(sl.cat(parts, 1), whole, name)
      end
    end
    local index = sl.tensor({ 64, 0, 31 }, { dtype = "int64" })
    same(solver(vp, score, { 3, 2 }, { seed = 7, index = index }), whole:index_select(index + 1, 1), name)
    local source = sl.noise { seed = 7, index = index }
    same(solver(vp, score, { 3, 2 }, { noise = source }), whole:index_select(index + 1, 1), name)
  end
  sl.set_threads(2)
end)

check.test("without a seed, draws follow manual_seed", function()
  local em = solvers.em
  sl.manual_seed(5)
  local a, b = em(vp, score, { 2, 2 }), em(vp, score, { 2, 2 })
  sl.manual_seed(5)
  same(em(vp, score, { 2, 2 }), a)
  check.ok((a - b):abs():amax():item() > 0)
end)

check.test("trajectories and callbacks", function()
  local met = {}
  local x, info = solve.pc { steps = 5, denoise = false } (vp, score, { 3, 2 }, {
    seed = 1, trajectory = true, callback = function(s) met[#met + 1] = s end,
  })
  check.eq(#info.trajectory, 6)
  same(info.trajectory[6], x)
  same(info.trajectory[1], vp:prior_sampling({ 3, 2 }, { seed = 1 }))
  check.eq(#met, 10)
  check.eq({ met[1].stage, met[2].stage, met[2].step, met[10].step, met[10].steps, met[9].nfe },
    { "langevin", "reverse_diffusion", 1, 5, 5, 9 })
  check.close({ met[1].t, met[1].r, met[10].r }, { 1, 0.8002, 0.001 }, 1e-9)
  local attempts, last = 0, 1
  solve.ode {} (vp, score, { 3, 2 }, { seed = 1, callback = function(s)
    attempts = attempts + 1
    check.ok(s.t <= last)
    last = s.t
  end })
  check.ok(attempts > 3 and last == 0.001)
end)

check.test("the last step's noise may stay", function()
  local clean = solve.ancestral { steps = 6 } (vp, score, { 4, 2 }, { seed = 2 })
  local noisy = solve.ancestral { steps = 6, denoise = false } (vp, score, { 4, 2 }, { seed = 2 })
  check.ok((clean - noisy):abs():amax():item() > 0)
  -- Tweedie after the flow: x_eps shrinks towards the data's mean
  local x = solve.ode { eps = 0.2, rtol = 1e-7, atol = 1e-7 } (vp, score, { 4, 2 }, { seed = 2, dtype = "float64" })
  local denoising = solve.ode { eps = 0.2, rtol = 1e-7, atol = 1e-7, denoise = true }
  local y, info = denoising(vp, score, { 4, 2 }, { seed = 2, dtype = "float64" })
  local m, s = vp:coefficient("m", x, 0.2):item(), vp:coefficient("s", x, 0.2):item()
  check.close(y:totable(), (x * (m * D ^ 2 / (m * m * D ^ 2 + s * s))):totable(), 1e-6)
  check.eq(info.nfe:dim(), 1)
end)

check.test("the given state starts the run", function()
  local z = sl.randn({ 5, 2 }, { dtype = "float64" })
  local x = solve.ode { rtol = 1e-8, atol = 1e-8 } (vp, score, nil, { x = z })
  local function std(t)
    local m, s = vp:coefficient("m", z, t):item(), vp:coefficient("s", z, t):item()
    return math.sqrt(m * m * D * D + s * s)
  end
  check.close(x:totable(), (z * (std(1e-3) / std(1))):totable(), 1e-5)
  check.raises(function() solve.ode {} (vp, score, { 4, 2 }, { x = z }) end,
    "ode: option x: expected shape [4,2], got [5,2]")
end)

-- ---- solvers in Lua -------------------------------------------------------------------------------

-- Reverse diffusion, line by line from the paper.
local reverse_diffusion = {
  name = "mine", order = 0.5, noise = true, needs = { "kernel", "signal" },
  step = function(_, run)
    local function at(t) return run.process:coefficient("m", run.x, t), run.process:coefficient("s", run.x, t) end
    local m, s = at(run.t)
    local m_r, s_r = at(math.max(run.r, 0))
    local A = m / m_r
    local v = s:square() - (A * s_r):square()
    local mean = run.x * (2 - A) + v * run:score(run.x, run.t)
    return mean + v:sqrt() * run:normal(), mean
  end,
}

check.test("a solver in a Lua table is interchangeable with one in C", function()
  local opts = { seed = 3, dtype = "float64" }
  local x, info = solve.reverse_diffusion { steps = 15 } (vp, score, { 4, 2 }, opts)
  local y, own = solve.new(reverse_diffusion, { steps = 15 })(vp, score, { 4, 2 }, opts)
  check.close(y:totable(), x:totable(), 1e-8, 1e-10)
  check.eq(own.nfe, info.nfe)
  x, info = solve.pc { steps = 15 } (vp, score, { 4, 2 }, opts)
  y, own = solve.pc { steps = 15, predictor = reverse_diffusion } (vp, score, { 4, 2 }, opts)
  check.close(y:totable(), x:totable(), 1e-8, 1e-10)
  check.eq(own.nfe, info.nfe)
  x = solve.pc { steps = 15, predictor = solve.ancestral { variance = "small" } } (vp, score, { 4, 2 }, opts)
  check.eq(x:shape(), { 4, 2 })
  check.raises(function()
    solve.new({ step = function() return 3 end }, { steps = 2 })(vp, score, { 4, 2 }, opts)
  end, "expected a")
end)

-- ---- any process ----------------------------------------------------------------------------------------

check.test("the general tier samples and flows", function()
  -- dx = -x dt + sqrt 2 dw, written with a rotated matrix noise: stationary N(0, 1) whatever t
  local q = sl.tensor({ { 0.6, -0.8 }, { 0.8, 0.6 } }, { dtype = "float64" })
  local p = sde.define {
    drift = function(x) return -x end, noise_type = "matrix", prior = { mean = 0, std = 1 }, T = 2,
    diffusion = function(x, _) return (q * math.sqrt(2)):reshape({ 1, 2, 2 }):expand { x:shape(1), 2, 2 } end,
  }
  local stationary = function(x) return -x end
  local opts = { seed = 1, dtype = "float64" }
  local x = solve.euler_maruyama { steps = 100 } (p, stationary, { 4000, 2 }, opts)
  check.close(x:var():item(), 1, 0.06)
  check.eq(p.tier, "general")
  local z = p:prior_sampling({ 5, 2 }, opts)
  local y = solve.ode {} (p, stationary, { 5, 2 }, opts)
  check.close(y:totable(), z:totable(), 1e-6, 1e-9) -- the flow of a stationary process stands still
end)

check.test("offsets and coefficients over features", function()
  local mu = sl.tensor { 3, -1 }
  local p = sde.define {
    drift = function(x) return mu - x end, diffusion = function(t) return t * 0 + math.sqrt(2) end, T = 4,
  }
  -- data N(mu, D^2): the process forgets D only
  local function gaussian(x, t)
    local m, s = p:coefficient("m", x, t), p:coefficient("s", x, t)
    return (mu - x) / (m:square() * D ^ 2 + s:square())
  end
  for _, solver in ipairs {
    solve.ancestral { steps = 500 }, solve.reverse_diffusion { steps = 500 }, solve.euler_maruyama { steps = 500 },
    solve.ode {},
    solve.pc { steps = 300 },
  } do
    local x = solver(p, gaussian, { 4000, 2 }, { seed = 1 })
    check.close(x:mean(1):totable(), mu:totable(), 0, 0.05, solver.name)
    check.close((x - x:mean(1)):square():mean():sqrt():item(), D, 0.06, 0, solver.name)
  end
end)

-- ---- refusals ---------------------------------------------------------------------------------------------

check.test("bad arguments are named", function()
  local em = solve.euler_maruyama { steps = 2 }
  check.raises(function() solve.pc { stepz = 3 } end, "pc: unknown option stepz")
  check.raises(function() solve.pc { predictor = "heun" } end, "pc: option predictor")
  check.raises(function() solve.pc { norm = "sample" } end, "pc: option norm")
  check.raises(function() solve.ancestral { variance = "big" } end, "ancestral: option variance")
  check.raises(function() solve.ancestral { levels = "papers" } end, "ancestral: option levels")
  check.raises(function() solve.ode { method = "rk4" } end, "ode: option method")
  check.raises(function() solve.ode { steps = 4, method = "rk9" } (vp, score, { 2, 2 }) end, "option method")
  check.raises(function() solve.euler_maruyama { steps = 0 } end, "euler_maruyama: option steps")
  check.raises(function() em({}, score, { 2, 2 }) end, "euler_maruyama: argument process")
  check.raises(function() em(vp, 3, { 2, 2 }) end, "euler_maruyama: argument score")
  check.raises(function() em(vp, score) end, "euler_maruyama: argument shape")
  check.raises(function() em(vp, score, { 2, 2 }, { sead = 1 }) end, "unknown option sead")
  check.raises(function() em(vp, function() return 1 end, { 2, 2 }) end,
    "score: expected a tensor as result, got the number 1")
  check.raises(function() em(vp, function(x) return x:sum(2) end, { 2, 2 }) end, "score: expected a result like x")
  check.raises(function() em(vp, function() error "mine" end, { 2, 2 }) end, "mine")
  check.raises(function() em(vp, score, { 2, 2 }, { noise = function() return sl.zeros(1) end }) end, "noise: draw 1")
  check.raises(function() solve.ancestral { steps = 20, levels = "paper" } (vp, score, { 2, 2 }) end,
    "more than beta_max")
end)

check.test("an interrupted run leaves nothing recorded or alive", function()
  local calls = 0
  local before = sl.is_recording()
  check.raises(function()
    solve.ode {} (vp, function(x, t)
      calls = calls + 1
      if calls > 9 then error "stop" end
      return score(x, t)
    end, { 2, 2 })
  end, "stop")
  check.eq(sl.is_recording(), before)
end)

check.test("a way may begin at any time", function()
  local process = sl.sde.VP {}
  local gaussian = require "gaussian"
  local known, from, to = gaussian.score(process), 0.4, 0.01
  local x = sl.randn({ 4, 3 }, { dtype = "float64" })
  local want = gaussian.flow(process, x, from, to)
  local function off(sampler)
    return (sampler(process, known, { 4, 3 }, { x = x, from = from }) - want):abs():amax():item()
  end
  check.ok(off(sl.solve.ode { rtol = 1e-8, atol = 1e-8, eps = to }) < 1e-6)
  check.ok(off(sl.solve.ode { method = "rk4", steps = 100, eps = to }) < 1e-6)
  check.ok(off(sl.solve.ddim { steps = 2000, eps = to, denoise = false }) < 2e-3)
  check.ok(off(sl.solve.heun { steps = 100, eps = to, denoise = false }) < 2e-4)
  check.ok(off(sl.solve.dpm_fast { steps = 90, eps = to, denoise = false }) < 1e-4)
  check.ok(off(sl.solve.dpm_adaptive { eps = to, rtol = 1e-6, atol = 1e-6, denoise = false }) < 1e-4)
  local z = sl.likelihood.encode(process, known, want, { eps = to, top = from, rtol = 1e-8, atol = 1e-8 })
  check.ok((z - x):abs():amax():item() < 1e-6)
  check.raises(function() sl.solve.ddim {}(process, known, { 4, 3 }, { from = 0.4 }) end,
    "ddim: option from: expected x as well")
  check.raises(function() sl.solve.ddim {}(process, known, { 4, 3 }, { x = x, from = 2 }) end,
    "ddim: option from: expected a time in (0, 1], got 2")
end)

check.test("samples that are not finite are told of", function()
  local code, text = programs.run("", programs.program, "-e", [[
    local sl = require "sdelua"
    local function score(x, t) return sl.where(sl.tensor { { 1 }, { 0 }, { 0 } }:eq(1), 0 / 0, -x) end
    sl.solve.heun { steps = 3 }(sl.sde.VP {}, score, { 3, 2 }, { seed = 1 })
    sl.solve.ddim { steps = 3 }(sl.sde.VP {}, function(x) return -x end, { 3, 2 }, { seed = 1 })
  ]])
  check.eq(code, 0, text)
  check.eq(text, "sdelua: warning: heun: 1 of 3 samples are not finite: is the score so at all times, and are the "
    .. "steps small enough?\n")
end)
