-- Samplers of the SDE, Langevin's chains, process:simulate, and diffusions that depend on the state.
local check = require "check"
local sl = require "sdelua"

local solve, sde = sl.solve, sl.sde
local vp = sde.VP {}
local D = 0.5 -- std of the data

local function moments(x, t)
  return vp:coefficient("m", x, t), vp:coefficient("s", x, t)
end
local function score(x, t)
  local m, s = moments(x, t)
  return -x / (m:square() * D ^ 2 + s:square())
end
local function log_prob(x, t)
  local m, s = moments(x, t)
  local variance = m:square() * D ^ 2 + s:square()
  return (x:square() / variance * -0.5):reshape({ x:shape(1), -1 }):sum(2)
end

local function same(a, b, what) check.eq(a:totable(), b:totable(), what) end
local function rms(x) return x:square():mean():sqrt():item() end
local f64 = { dtype = "float64" }

local samplers = {
  milstein = solve.milstein { steps = 100 }, srk = solve.srk { steps = 40 },
  half = solve.srk { steps = 40, noise = 0.5 }, gaussian_bridge = solve.gaussian_bridge { steps = 400 },
  mala = solve.mala { log_prob = log_prob, t = 0.01, n_steps = 100, snr = 3 },
  adaptive_sde = solve.adaptive_sde { rtol = 0.05, atol = 0.05 },
}

check.test("samples have the data's law", function()
  for name, sampler in pairs(samplers) do
    local x = sampler(vp, score, { name == "adaptive_sde" and 400 or 1000, 2 }, { seed = 1 })
    check.close(rms(x), D, 0.08, 0, name)
    check.close(x:mean():item(), 0, 0, 0.05, name)
  end
end)

check.test("a sample depends on seed and index only", function()
  samplers.langevin = solve.langevin { steps = 8 }
  samplers.annealed_langevin = solve.annealed_langevin { steps = 4, n_steps = 3 }
  for name, sampler in pairs(samplers) do
    local n = name == "gaussian_bridge" and 2 or 5
    local whole = sampler(vp, score, { n, 2 }, { seed = 7 })
    for threads = 1, 2 do
      sl.set_threads(threads)
      for i = 0, n - 1 do
        same(sampler(vp, score, { 1, 2 }, { seed = 7, first = i }), whole:narrow(1, i + 1, 1), name)
      end
    end
  end
  sl.set_threads(2)
end)

-- ---- one by one -------------------------------------------------------------------------------------------------

check.test("gaussian_bridge is ancestral sampling with the small variance", function()
  local opts = { seed = 3, dtype = "float64" }
  for _, denoise in ipairs { "mean", false } do
    local x = solve.ancestral { steps = 15, variance = "small", denoise = denoise } (vp, score, { 4, 2 }, opts)
    local y, info = solve.gaussian_bridge { steps = 15, denoise = denoise } (vp, score, { 4, 2 }, opts)
    check.close(y:totable(), x:totable(), 1e-6, 1e-8)
    check.eq(info.nfe, 15)
  end
end)

check.test("gaussian_bridge starts where no signal is left", function()
  local p = sde.define { mean = function(t) return math.cos(math.pi / 2 * t) end,
    std = function(t) return math.sin(math.pi / 2 * t) end }
  -- the velocity of N(0, D^2): x0 = m D^2 x/(m^2 D^2 + s^2), v = m eps - s x0
  local function net(x, t)
    local m, s = p:coefficient("m", x, t), p:coefficient("s", x, t)
    local pull = x / (m:square() * D ^ 2 + s:square())
    return m * (s * pull) - s * (m * D ^ 2 * pull)
  end
  local v = p:score(net, { parameterization = "v", label = function(t) return t end })
  local x = solve.gaussian_bridge { steps = 300 } (p, v, { 1500, 2 }, { seed = 1 })
  check.close(rms(x), D, 0.05)
  check.raises(function() solve.srk { steps = 3 } (p, v, { 2, 2 }) end, "m_T")
end)

check.test("a path is one and the same at every tolerance", function()
  local opts = { seed = 5, dtype = "float64" }
  local fine = solve.srk { steps = 2048, denoise = false } (vp, score, { 20, 2 }, opts)
  local last, evaluations = math.huge, 0
  for _, tol in ipairs { 3e-2, 3e-3, 3e-4 } do
    local x, info = solve.adaptive_sde { rtol = tol, atol = tol } (vp, score, { 20, 2 }, opts)
    local off = rms(x - fine)
    check.ok(off < last / 2 and off < 4 * tol, ("tolerance %g: off by %g, before %g"):format(tol, off, last))
    local n = info.nfe:to "float64":mean():item()
    check.eq(info.nfe:shape(), { 20 })
    check.ok(n > evaluations)
    last, evaluations = off, n
  end
  for _, method in ipairs { "milstein", "euler_maruyama" } do
    local x = solve.adaptive_sde { method = method, rtol = 1e-2, atol = 1e-2 } (vp, score, { 20, 2 }, opts)
    check.ok(rms(x - fine) < 0.05, method)
  end
  local replay = { increment = function(...) return sl.noise { seed = 5 }:increment(...) end }
  local rough, z = solve.adaptive_sde { rtol = 0.1, atol = 0.1 }, vp:prior_sampling({ 20, 2 }, opts)
  same(rough(vp, score, nil, { x = z, noise = replay }), (rough(vp, score, { 20, 2 }, opts)))
  check.raises(function() solve.adaptive_sde { max_steps = 3 } (vp, score, { 2, 2 }, opts) end,
    "more than max_steps = 3")
  check.raises(function()
    solve.adaptive_sde {} (vp, function(x) return x * (0 / 0) end, { 2, 2 }, opts)
  end, "adaptive_sde: sample 1: no step is small enough")
end)

check.test("MALA has no bias where Langevin steps of the same size have", function()
  local t, n = 0.4, 4000
  local at = vp:point(t)
  local std = math.sqrt(at.m ^ 2 * D ^ 2 + at.s ^ 2)
  local x = sl.noise { seed = 8 }:normal({ n, 1 }, 1, "float64") * 1.4 * std
  local chain = solve.mala { log_prob = log_prob, t = t, n_steps = 60, snr = 0.85 }
  local y, info = chain(vp, score, nil, { x = x, seed = 2 })
  check.close(rms(y), std, 0.04)
  local accepted = info.acceptance:mean():item()
  check.ok(accepted > 0.4 and accepted < 0.95, "acceptance " .. accepted)
  check.eq(info.nfe, 61)
  -- x' = (1 - e/var) x + sqrt(2 e) z has the variance var/(1 - e/(2 var))
  local e = 2 * (0.85 * at.s) ^ 2
  check.ok(1 / math.sqrt(1 - e / (2 * std ^ 2)) > 1.3)
  local scored = setmetatable({ log_prob = log_prob }, { __call = function(_, ...) return score(...) end })
  same(solve.mala { t = t, n_steps = 60, snr = 0.85 } (vp, scored, nil, { x = x, seed = 2 }), y)
end)

check.test("MALA takes the density of an energy's score, of its classes too", function()
  local function energy(x, t, classes)
    local E = -log_prob(x, t)
    return classes and E + classes:to "float64" * x:square():sum(2) or E
  end
  local of_energy = vp:score(energy, { parameterization = "energy", label = function(t) return t end })
  local opts = { seed = 2, dtype = "float64" }
  local chain = solve.mala { steps = 3, n_steps = 4, snr = 0.8 }
  local want = solve.mala { steps = 3, n_steps = 4, snr = 0.8, log_prob = log_prob } (vp, score, { 50, 2 }, opts)
  local x, info = chain(vp, of_energy, { 50, 2 }, opts)
  check.close(x:totable(), want:totable(), 1e-9)
  check.ok(info.acceptance:mean():item() < 1)
  check.eq(of_energy.log_prob(x, 0.3):totable(), log_prob(x, sl.full({ 50 }, 0.3, f64)):totable())
  local function narrow(v, t) return score(v, t) - v * 2 end -- of class 1
  local own = solve.mala { steps = 3, n_steps = 4, snr = 0.8, log_prob = function(v, t)
    return log_prob(v, t) - v:square():sum(2)
  end }
  local given = chain(vp, of_energy:given(1), { 50, 2 }, opts)
  check.close(given:totable(), own(vp, narrow, { 50, 2 }, opts):totable(), 1e-9)
  check.eq(vp:score(score, { parameterization = "score" }).log_prob, nil)
  local function wrong(fn)
    return function() solve.mala { steps = 2, log_prob = fn } (vp, score, { 4, 2 }, opts) end
  end
  check.raises(wrong(function(v) return v end),
    "mala: option log_prob: expected a result like t, float64 [4], got float64 [4,2]")
  check.raises(wrong(function() end), "mala: option log_prob: expected a result like t, float64 [4], got nil")
  check.raises(wrong(3), "mala: option log_prob: expected a function (x, t)")
end)

check.test("annealed Langevin is the paper's loop", function()
  local p = sde.EDM { sigma_min = 0.1, sigma_max = 4 }
  local function s(x, t) return -x / (t:square():reshape { -1, 1 } + D ^ 2) end
  local opts = { seed = 2, dtype = "float64" }
  local source, x = sl.noise { seed = 2 }, p:prior_sampling({ 3, 2 }, opts)
  local L, T, epsilon, draw = 5, 4, 1e-3, 1
  for i = 1, L do
    local sigma = 4 * (0.1 / 4) ^ ((i - 1) / (L - 1))
    local alpha = epsilon * (sigma / 0.1) ^ 2
    for _ = 1, T do
      draw = draw + 1
      local z = source:normal({ 3, 2 }, draw, "float64")
      x = x + s(x, sl.full({ 3 }, sigma, f64)) * (alpha / 2) + z * math.sqrt(alpha)
    end
  end
  local levels = { n_steps = T, epsilon = epsilon, steps = L }
  local y = solve.annealed_langevin(levels)(p, s, { 3, 2 }, opts)
  check.close(y:totable(), (x * (D ^ 2 / (D ^ 2 + 0.01))):totable(), 1e-8, 1e-10)
  levels.steps, levels.denoise = L - 1, false
  y = solve.annealed_langevin(levels)(p, s, { 3, 2 }, opts)
  check.close(y:totable(), x:totable(), 1e-8, 1e-10)
end)

check.test("langevin is pc without a predictor", function()
  local opts = { seed = 2, dtype = "float64" }
  local x = solve.langevin { steps = 6, n_steps = 2, denoise = false } (vp, score, { 3, 2 }, opts)
  local pc = solve.pc { steps = 6, n_steps = 2, predictor = "none", denoise = false }
  same(x, (pc(vp, score, { 3, 2 }, opts)))
end)

-- ---- forwards -----------------------------------------------------------------------------------------------------

check.test("simulate follows the process", function()
  local x0 = sl.full({ 2000, 2 }, 0.8)
  for _, method in ipairs { "euler_maruyama", "milstein", "srk" } do
    local x, info = vp:simulate(x0, { steps = 128, T = 0.5, method = method, seed = 1, trajectory = true })
    local at = vp:point(0.5)
    check.close(x:mean():item(), 0.8 * at.m, 0.02, 0.01, method)
    check.close(x:var():sqrt():item(), at.s, 0.03, 0, method)
    check.eq({ #info.times, #info.trajectory, info.times[129] }, { 129, 129, 0.5 })
    same(info.trajectory[129], x)
  end
  local x, info = vp:simulate(x0, { times = { 0, 0.1, 0.5 }, seed = 1 })
  check.eq(info.times, { 0, 0.1, 0.5 })
  same(vp:simulate(x0:narrow(1, 8, 1), { times = { 0, 0.1, 0.5 }, seed = 1, first = 7 }), x:narrow(1, 8, 1))
  check.raises(function() vp:simulate(x0, { times = { 0, 0.5, 0.1 } }) end, "simulate: option times")
  check.raises(function() vp:simulate(x0, { times = { 0 } }) end, "simulate: option times")
  check.raises(function() vp:simulate(x0, { steps = 0 }) end, "simulate: option steps")
  check.raises(function() vp:simulate(x0, { method = "heun" }) end, "simulate: option method")
  check.raises(function() vp:simulate(x0, { step = 3 }) end, "simulate: unknown option step")
end)

-- ---- state-dependent noise ----------------------------------------------------------------------------------------

-- Geometric Brownian motion of log-normal data, log x_0 ~ N(MU, V) in two independent features, in three spellings.
local MU, V, RATE, SIGMA = 0.2, 0.3, 0.4, 0.8
local function log_law(t) return MU + (RATE - SIGMA ^ 2 / 2) * t, V + SIGMA ^ 2 * t end
local function geometric_score(x, t)
  t = t:reshape { -1, 1 }
  return -(1 + (x:log() - MU - t * (RATE - SIGMA ^ 2 / 2)) / (t * SIGMA ^ 2 + V)) / x
end

local function geometric(noise_type)
  return sde.define {
    drift = function(x) return x * RATE end, noise_type = noise_type, tier = "general",
    diffusion = function(x, _)
      if noise_type ~= "matrix" then return x * SIGMA end
      local eye = sl.eye(x:shape(2), { dtype = x.dtype }):reshape { 1, x:shape(2), x:shape(2) }
      return x:unsqueeze(3) * eye * SIGMA
    end,
  }
end

local function prior_of(n, features)
  local mean, var = log_law(1)
  return (sl.noise { seed = 4 }:normal({ n, features }, 1, "float64") * math.sqrt(var) + mean):exp()
end

check.test("geometric Brownian motion: the flow carries the divergence of G G^T", function()
  local mean_T, var_T = log_law(1)
  local mean_0, var_0 = log_law(0.01)
  for noise_type, features in pairs { diagonal = 2, matrix = 2, scalar = 1 } do
    local x = prior_of(20, features)
    local flow = solve.ode { eps = 0.01, rtol = 1e-8, atol = 1e-8 }
    local y = flow(geometric(noise_type), geometric_score, nil, { x = x })
    local want = (x:log() - mean_T) * math.sqrt(var_0 / var_T) + mean_0
    check.close(y:log():totable(), want:totable(), 1e-5, 1e-6, noise_type)
    -- A score that takes the term away again. With v = V + SIGMA^2 t the variance of log x, the error e of log x obeys
    -- de/dv = 1 + e/(2 v), e = 0 at T, so that every sample ends too low by 2 (sqrt(v_0 v_T) - v_0).
    local function without(v, t) return geometric_score(v, t) - 2 / v end
    local off = solve.ode { eps = 0.01 } (geometric(noise_type), without, nil, { x = x }):log() - want
    check.close(off:mean():item(), 2 * (var_0 - math.sqrt(var_0 * var_T)), 1e-3, 0, noise_type)
    check.ok(off:mean():item() < -0.4 and off:std():item() < 1e-3, noise_type)
  end
end)

check.test("geometric Brownian motion: the reverse SDE gives the data's law", function()
  local mean_0, var_0 = log_law(0.01)
  for name, case in pairs { euler_maruyama = "diagonal", milstein = "diagonal", matrix = "matrix" } do
    local sampler = solve[name == "matrix" and "euler_maruyama" or name]
    local x = sampler { steps = 150, eps = 0.01, denoise = false } (
      geometric(case), geometric_score, nil, { x = prior_of(1200, 2), seed = 1 })
    check.ok(x:amin():item() > 0, name)
    check.close(x:log():mean():item(), mean_0, 0, 0.05, name)
    check.close(x:log():var():item(), var_0, 0.12, 0, name)
  end
end)

-- y is an Ornstein-Uhlenbeck process, dy = -y dt + sqrt 2 dw from N(NU, S), and x = (sinh y_1, y_2 + A sin y_1). Itô's
-- formula gives x's drift and its matrix of noise, the change of variables its score.
local NU, S, A = { 0.5, -0.3 }, { 0.3, 0.8 }, 0.7

local function columns(x) return x:narrow(2, 1, 1), x:narrow(2, 2, 1) end
local function pushed(y)
  local a, b = columns(y)
  return sl.cat({ (a:exp() - (-a):exp()) * 0.5, b + a:sin() * A }, 2)
end
local function pulled(x)
  local a, b = columns(x)
  a = (a + (a:square() + 1):sqrt()):log()
  return sl.cat({ a, b - a:sin() * A }, 2)
end

local warped = sde.define {
  noise_type = "matrix", tier = "general", T = 1,
  drift = function(x)
    local y, z = columns(pulled(x))
    local sinh = columns(x)
    local cosh = (sinh:square() + 1):sqrt()
    return sl.cat({ sinh - y * cosh, -z - y * y:cos() * A - y:sin() * A }, 2)
  end,
  diffusion = function(x, _)
    local y, sinh = columns(pulled(x)), columns(x)
    local cosh, none = (sinh:square() + 1):sqrt(), sinh * 0
    return sl.stack({ sl.cat({ cosh, y:cos() * A }, 2), sl.cat({ none, none + 1 }, 2) }, 3) * math.sqrt(2)
  end,
}

local function ou_law(t)
  local decay = (type(t) == "number" and sl.full({ 1 }, -t, f64) or -t):reshape({ -1, 1 }):exp()
  return decay * sl.tensor(NU, f64), decay:square() * (sl.tensor(S, f64) - 1) + 1
end

local function warped_score(x, t)
  return sl.enable_grad(function()
    local leaf = x:detach():requires_grad_()
    local y, mean, var = pulled(leaf), ou_law(t)
    local logp = ((y - mean):square() / var * -0.5):sum() - (columns(leaf):square() + 1):log():sum() * 0.5
    return sl.grad(logp, leaf)
  end)
end

local function warped_prior(n)
  local mean, var = ou_law(1)
  local y = sl.noise { seed = 4 }:normal({ n, 2 }, 1, "float64") * var:sqrt() + mean
  return y, mean, var
end

check.test("a pushed Ornstein-Uhlenbeck process: its flow is the pushed flow", function()
  local y, mean_T, var_T = warped_prior(12)
  local x = solve.ode { eps = 0.05, rtol = 1e-8, atol = 1e-8 } (warped, warped_score, nil, { x = pushed(y) })
  local mean, var = ou_law(0.05)
  check.close(pulled(x):totable(), ((y - mean_T) * (var / var_T):sqrt() + mean):totable(), 1e-5, 1e-6)
end)

check.test("a pushed Ornstein-Uhlenbeck process: its reverse SDE, and itself forwards", function()
  local mean, var = ou_law(0.05)
  local x = solve.euler_maruyama { steps = 150, eps = 0.05, denoise = false } (
    warped, warped_score, nil, { x = pushed((warped_prior(1500))), seed = 1 })
  local y = pulled(x)
  check.close(y:mean(1):totable(), mean:reshape({ 2 }):totable(), 0, 0.07)
  check.close((y - y:mean(1)):square():mean(1):totable(), var:reshape({ 2 }):totable(), 0.1)
  local mean_T, var_T = ou_law(1)
  local z = sl.noise { seed = 6 }:normal({ 1500, 2 }, 1, "float64") * sl.tensor(S, f64):sqrt() + sl.tensor(NU, f64)
  y = pulled((warped:simulate(pushed(z), { steps = 128, seed = 1 })))
  check.close(y:mean(1):totable(), mean_T:reshape({ 2 }):totable(), 0, 0.08)
  check.close((y - y:mean(1)):square():mean(1):totable(), var_T:reshape({ 2 }):totable(), 0.1)
end)

-- ---- refusals ------------------------------------------------------------------------------------------------------

check.test("what a sampler can't serve it refuses by name", function()
  local x = prior_of(3, 2)
  local function run(sampler, p, noise)
    return function() sampler(p, geometric_score, nil, { x = x, seed = 1, noise = noise }) end
  end
  check.raises(run(solve.srk { steps = 3 }, geometric "diagonal"), "srk: argument process: expected a diffusion that "
    .. "does not depend on x (additive noise)")
  check.raises(run(solve.adaptive_sde {}, geometric "diagonal"), "adaptive_sde: argument process: expected a diffusion")
  check.raises(run(solve.milstein { steps = 3 }, geometric "matrix"),
    "milstein: argument process: expected scalar or diagonal noise, got a matrix")
  local mixing = sde.define {
    drift = function(v) return -v end, noise_type = "diagonal", tier = "general",
    diffusion = function(v, _) return v:flip(2) * 0.1 + 1 end,
  }
  check.raises(run(solve.milstein { steps = 3 }, mixing), "milstein: argument process: expected a diffusion of each "
    .. "feature that depends on this feature alone")
  local shared = sde.define {
    drift = function(v) return -v end, noise_type = "scalar", tier = "general",
    diffusion = function(v, _) return v:square():sum(2, true) * 0.1 + 1 end,
  }
  check.raises(run(solve.milstein { steps = 3 }, shared), "depends on this feature alone")
  check.raises(function() geometric "matrix":simulate(x, { method = "milstein" }) end, "simulate: argument process")
  local replay = { brownian = function(shape, _, _, dtype) return sl.zeros(shape, { dtype = dtype }) end }
  check.raises(function() solve.srk { steps = 3 } (vp, score, { 2, 2 }, { x = sl.zeros(2, 2), noise = replay }) end,
    "srk: option noise: expected increments with their areas")
  check.raises(function() solve.mala { steps = 2 } (vp, score, { 2, 2 }) end, "mala: option log_prob: expected")
  check.raises(function() solve.langevin { norm = "sample" } end, "langevin: option norm")
  check.raises(function() solve.adaptive_sde { method = "heun" } end, "adaptive_sde: option method")
  check.raises(function() solve.srk { nois = 1 } end, "srk: unknown option nois")
end)
