-- Methods of sl.posterior that work in the coordinates of the operator, on Gaussian priors: mean and covariance of what
-- they return, without Monte Carlo (see gaussian_law.lua), against the posterior or the bias that is known of them.
local check = require "check"
local law = require "gaussian_law"
local sl = require "sdelua"

local posterior, F64 = sl.posterior, { dtype = "float64" }

local function row(values) return sl.tensor({ values }, F64) end

local function matrix(rows) return sl.tensor(rows, F64) end

local function diagonal(values) return sl.eye(#values, F64) * sl.tensor(values, F64) end

-- n + 1 times from T, even in log sigma, down to sigma = least.
local function log_times(process, n, least)
  local hi, times = process:point(process.T).sigma, { process.T }
  for i = 1, n do times[i + 1] = process:time(hi * (least / hi) ^ (i / n)) end
  return times
end

-- The law of prior = { mean, cov } given y under a method, step by step: make(grid, last) is the method of one step.
local function along(process, prior, operator, y, times, make)
  local score = law.score(process, prior.mean, prior.cov)
  local at, D = process:point(process.T), prior.mean:shape(2)
  local std = process:prior_sampling({ 1, 1 }, { dtype = "float64", noise = function() return row { 1 } end }):item()
  return law.along(function(x, noise, t, r, last)
    local method = make({ t, r }, last)
    return (method(process, score, operator, y:expand { x:shape(1), y:shape(2) }, { x = x, from = t, noise = noise }))
  end, times, sl.full({ 1, D }, at.c, F64), sl.eye(D, F64) * std ^ 2)
end

local function compare(mean, cov, want_mean, want_cov, tolerance, what)
  check.close(mean:totable(), want_mean:totable(), tolerance, tolerance * 0.05, what .. ", mean")
  check.close(cov:totable(), want_cov:totable(), tolerance, tolerance * 0.05, what .. ", covariance")
end

-- Two unit normals of correlation .8, the first of which is measured to be 1.5.
local RHO, Y = 0.8, 1.5
local pair = { mean = row { 0, 0 }, cov = matrix { { 1, RHO }, { RHO, 1 } } }
local first = sl.inverse.inpaint { mask = sl.tensor { 1, 0 } }

local function replacement(o)
  return function(grid, last)
    o.grid, o.denoise = grid, last and "mean" or false
    return posterior.replacement(o)
  end
end

check.test("replacement without a corrector has its known bias", function()
  for name, process in pairs { VP = sl.sde.VP {}, VE = sl.sde.VE { sigma_min = 1e-3 } } do
    local mean, cov = along(process, pair, first, row { Y }, log_times(process, 900, 5e-3),
      replacement { corrector = "none" })
    check.close(mean:totable(), { { Y, 0.750 } }, 0, 0.005, name) -- Y (1 - sqrt(1 - RHO^2))/RHO; the truth is 1.200
    check.close(cov:narrow(1, 1, 1):totable(), { { 0, 0 } }, 0, 1e-9, name)
  end
end)

check.test("replacement with 100 corrections a level is the posterior", function()
  local process = sl.sde.EDM { sigma_max = 6 }
  local function law_of(levels, least, std)
    local operator = sl.inverse.inpaint { mask = sl.tensor { 1, 0 }, std = std }
    return along(process, pair, operator, row { Y }, log_times(process, levels, least), replacement { n_steps = 100 })
  end
  local function same(mean, cov, std)
    local want_mean, want_cov = law.posterior(pair.mean, pair.cov, matrix { { 1, 0 } }, std, row { Y })
    compare(mean, cov, want_mean, want_cov, 0.02, "std " .. std)
  end
  local mean, cov = law_of(60, 0.01, 0)
  same(mean, cov, 0)
  -- Where y has noise, y is x at the level of as much: half way down these. Its error is of first order in the levels,
  -- and gone in the limit that 20 and 40 of them say.
  local least = 6 / 144
  local std = process:point(log_times(process, 20, least)[11]).sigma
  check.close(std, 0.5)
  mean, cov = law_of(20, least, std)
  local mean2, cov2 = law_of(40, least, std)
  same(mean2 * 2 - mean, cov2 * 2 - cov, std)
end)

check.test("replacement and mcs count the noise of y as noise of x: denoising is exact", function()
  local process, std = sl.sde.EDM { sigma_max = 5 }, 0.5
  local operator = sl.inverse.denoise { shape = { 2 }, std = std }
  local prior, y = { mean = row { 0.3, -1 }, cov = diagonal { 0.5, 2 } }, row { 1.5, 0.5 }
  local want_mean, want_cov = law.posterior(prior.mean, prior.cov, operator:matrix(), std, y)
  for _, name in ipairs { "replacement", "mcs" } do
    local mean, cov = along(process, prior, operator, y, log_times(process, 400, 0.01), function(grid, last)
      return posterior[name] {
        predictor = "ancestral", n_steps = 3, grid = grid, denoise = last and "mean" or false,
      }
    end)
    compare(mean, cov, want_mean, want_cov, 0.02, name)
  end
end)

check.test("mcs: lambda = 0 is the prior, 1 replaces", function()
  local process = sl.sde.VP {}
  local function result(lambda)
    return along(process, pair, first, row { Y }, log_times(process, 250, 0.01), function(grid)
      return posterior.mcs {
        lambda = lambda, corrector = "none", predictor = "ancestral", grid = grid, denoise = false,
      }
    end)
  end
  local mean, cov = result(0)
  compare(mean, cov, pair.mean, pair.cov, 0.02, "lambda = 0")
  mean = result(1)
  check.close(mean:narrow(2, 2, 1):item(), 0.750, 0, 0.01)
end)

check.test("ilvr with the pseudo-inverse has replacement's bias", function()
  local process = sl.sde.VP {}
  local mean = along(process, pair, first, row { Y }, log_times(process, 900, 5e-3), function(grid, last)
    return posterior.ilvr { grid = grid, denoise = last and "mean" or false }
  end)
  check.close(mean:totable(), { { Y, 0.750 } }, 0, 0.005)
end)

-- A 3 x 4 matrix with chosen singular vectors, and a prior that is independent in them.
local function spectral(values)
  local U = sl.linalg.svd(matrix { { 2, 1, 0 }, { 0, 1, 1 }, { 1, 0, 3 } })
  local _, _, Vt = sl.linalg.svd(matrix { { 1, 2, 0, 1 }, { 0, 1, 1, 3 }, { 2, 0, 1, 0 }, { 1, 1, 4, 0 } })
  local A = (U * sl.tensor(values, F64)):matmul(Vt:narrow(1, 1, 3))
  local cov = Vt:transpose(1, 2):matmul(diagonal { 1.5, 0.7, 1, 0.4 }):matmul(Vt)
  return A, { mean = row { 0.5, -0.3, 0.2, 1 }, cov = cov }
end

check.test("ddrm without noise, eta = 0, prior independent in V: the posterior", function()
  for name, process in pairs { VP = sl.sde.VP {}, EDM = sl.sde.EDM {} } do
    local A, prior = spectral { 2, 0.5, 0 }
    local operator, y = sl.inverse.matrix { A = A }, row { 1, 0.4, -0.7 }
    local mean, cov = along(process, prior, operator, y, log_times(process, 900, 0.01), function(grid)
      return posterior.ddrm { eta = 0, grid = grid }
    end)
    local want_mean, want_cov = law.posterior(prior.mean, prior.cov, A + 0, 1e-6, y)
    compare(mean, cov, want_mean, want_cov, 0.01, name)
  end
end)

check.test("ddrm with eta = 1 gives half of an unmeasured coordinate's variance", function()
  local process, variance = sl.sde.EDM { sigma_max = 5 }, 1.7
  local prior = { mean = row { 0, 0 }, cov = diagonal { 1, variance } }
  local _, cov = along(process, prior, first, row { Y }, log_times(process, 1500, 0.05), function(grid)
    return posterior.ddrm { eta = 1, grid = grid }
  end)
  check.close(cov:narrow(1, 2, 1):narrow(2, 2, 1):item() / variance, 0.5, 0, 0.01)
end)

check.test("ddnm without noise: y where measured, ancestral sampling elsewhere", function()
  local process, A, prior = sl.sde.VP {}, spectral { 2, 0.5, 1 }
  local operator, y = sl.inverse.matrix { A = A }, row { 1, 0.4, -0.7 }
  local mean, cov = along(process, prior, operator, y, log_times(process, 600, 0.01), function(grid)
    return posterior.ddnm { grid = grid }
  end)
  local want_mean, want_cov = law.posterior(prior.mean, prior.cov, A, 1e-6, y)
  compare(mean, cov, want_mean, want_cov, 0.02, "ddnm")
end)

check.test("ddnm travels back over stretches and keeps y and the law", function()
  local process, A, prior = sl.sde.EDM { sigma_max = 20 }, spectral { 2, 0.5, 1 }
  local operator, y = sl.inverse.matrix { A = A }, row { 1, 0.4, -0.7 }
  local score = law.score(process, prior.mean, prior.cov)
  local method = posterior.ddnm { steps = 5, travel_length = 2, travel_repeat = 3 }
  local seen = {}
  local x, info = method(process, function(v, t)
    seen[#seen + 1] = t:reshape({ 1 }):item()
    return score(v, t)
  end, operator, y, { seed = 1 })
  check.eq(info.nfe, 5 + 2 * 2 * 2)
  for k = 0, 2 do check.close({ seen[2 * k + 1], seen[2 * k + 2] }, { seen[1], seen[2] }) end
  check.close(operator:apply(x):totable(), y:totable(), 1e-9)
  check.raises(function() posterior.ddnm { travel_length = 0 } end, "ddnm: option travel_length: expected a positive")
  local travelling = posterior.ddnm { steps = 60, travel_length = 5, travel_repeat = 3 }
  local _, cov = law.of(function(v, noise)
    return (travelling(process, score, operator, y:expand { v:shape(1), 3 }, { x = v, noise = noise }))
  end, sl.zeros({ 1, 4 }, F64), sl.eye(4, F64) * 400)
  local _, want = law.posterior(prior.mean, prior.cov, A, 1e-6, y)
  local off = (cov - want):abs():amax():item()
  check.ok(off < 0.04, "off by " .. off) -- .034 without travelling: of so few steps
end)

check.test("pigdm_score on N(mu, tau^2 I), prior_std = tau: the posterior", function()
  local tau, std = 0.7, 0.3
  local prior = { mean = row { 0.5, -0.3, 0.2, 1 }, cov = diagonal { tau ^ 2, tau ^ 2, tau ^ 2, tau ^ 2 } }
  local operator, y = sl.inverse.matrix { A = (spectral { 2, 0.5, 1 }), std = std }, row { 1, 0.4, -0.7 }
  local want_mean, want_cov = law.posterior(prior.mean, prior.cov, operator:matrix(), std, y)
  for name, process in pairs { VP = sl.sde.VP {}, EDM = sl.sde.EDM {} } do
    local mean, cov = along(process, prior, operator, y, log_times(process, 700, 0.01), function(grid)
      return posterior.pigdm_score { prior_std = tau, bound = math.huge, grid = grid, denoise = false }
    end)
    compare(mean, cov, want_mean, want_cov, 0.01, name)
  end
end)

check.test("pigdm's step, by hand", function()
  local process, tau, eta, std, t, r = sl.sde.VP {}, 0.8, 0.6, 0.2, 0.5, 0.3
  local operator = sl.inverse.denoise { shape = { 1 }, std = std }
  local score = law.score(process, row { 0 }, diagonal { tau ^ 2 })
  local x, z, y = 0.9, -0.4, 1.3
  local got = posterior.pigdm { prior_std = tau, eta = eta, grid = { t, r }, denoise = false }(process, score, operator,
    row { y }, { x = row { x }, from = t, noise = function() return row { z } end }):item()
  local a, b = process:point(t), process:point(r)
  local r2 = tau ^ 2 * a.s ^ 2 / (a.m ^ 2 * tau ^ 2 + a.s ^ 2)
  local J = a.m * tau ^ 2 / (a.m ^ 2 * tau ^ 2 + a.s ^ 2) -- of x0 = J x
  local g = J * (y - J * x) / (r2 + std ^ 2)
  local c1 = eta * b.s * math.sqrt(1 - (a.m / b.m * b.s / a.s) ^ 2)
  local eps = (x - a.m * J * x) / a.s
  check.close(got, b.m * J * x + c1 * z + math.sqrt(b.s ^ 2 - c1 ^ 2) * eps + a.m * r2 * g, 1e-6)
end)

-- One step of a method from t to r on data N(0, TAU^2), of which y is x with noise: x, y, the draws by number from 2,
-- and k, of E[x_0 | x_t] = k x.
local TAU = 0.8

local function one_step(method, process, t, std, x, y, draws)
  local function noise(_, number) return row { draws[number - 1] } end
  local got = method(process, law.score(process, row { 0 }, diagonal { TAU ^ 2 }),
    sl.inverse.denoise { shape = { 1 }, std = std }, row { y }, { x = row { x }, from = t, noise = noise }):item()
  local at = process:point(t)
  return got, at.m * TAU ^ 2 / (at.m ^ 2 * TAU ^ 2 + at.s ^ 2)
end

check.test("mcs's step, by hand", function()
  local process, lambda, std, t, r = sl.sde.VP {}, 0.3, 0.2, 0.5, 0.3
  local x, y, z, more = 0.9, 1.3, -0.4, 0.7
  local got, k = one_step(posterior.mcs {
    lambda = lambda, corrector = "none", predictor = "ancestral", grid = { t, r }, denoise = false,
  }, process, t, std, x, y, { z, more })
  local a, b = process:point(t), process:point(r)
  x = x + lambda * (a.m * y + math.sqrt(a.s ^ 2 - (a.m * std) ^ 2) * z - x)
  local share = a.m / b.m * b.s ^ 2 / a.s ^ 2
  local deviation = math.sqrt(a.s ^ 2 - (a.m / b.m * b.s) ^ 2) -- that of a step forwards
  check.close(got, share * x + b.m * (1 - share * a.m / b.m) * k * x + deviation * more, 1e-6)
end)

check.test("ddrm_jpeg's step, by hand", function()
  local eta, eta_b, x, y, z = 0.6, 0.4, 0.9, 1.3, -0.4
  local method = posterior.ddrm_jpeg { eta = eta, eta_b = eta_b, grid = { sigma = { 3, 2 } }, denoise = false }
  local got, k = one_step(method, sl.sde.EDM {}, 3, 0, x, y, { z })
  local eps = (x - k * x) / 3
  check.close(got, k * x + eta_b * (y - k * x) + 2 * ((1 - eta) * eps + eta * z), 1e-6)
end)

check.test("ddnm's step with noisy y, by hand: all of y's noise fits, and a part of it", function()
  local eta, x, y, z, sigma, r = 0.6, 0.9, 1.3, -0.4, 3, 2
  local a = 1 - (r / sigma) ^ 2 -- of x0 in the mean of x_r
  local deviation = r * math.sqrt(a)
  local most = math.sqrt(1 - eta ^ 2) * deviation -- that y's noise may have in it
  for _, std in ipairs { 0.5 * most / a, 2 * most / a } do
    local method = posterior.ddnm { eta = eta, grid = { sigma = { sigma, r } }, denoise = false }
    local got, k = one_step(method, sl.sde.EDM {}, sigma, std, x, y, { z })
    local lambda = math.min(1, most / (a * std))
    local fresh = math.sqrt(deviation ^ 2 - (a * lambda * std) ^ 2)
    check.close(got, (1 - a) * x + a * (k * x + lambda * (y - k * x)) + fresh * z, 1e-6)
  end
end)

-- Affine maps of normal laws: x has become x F + b and noise of covariance Q.
local function after(one, two)
  local Ft = two.F:transpose(1, 2)
  return { b = one.b:matmul(two.F) + two.b, F = one.F:matmul(two.F), Q = Ft:matmul(one.Q):matmul(two.F) + two.Q }
end

local function power(map, n)
  if n == 1 then return map end
  local half = power(map, n // 2)
  local even = after(half, half)
  return n % 2 == 0 and even or after(even, map)
end

check.test("snips, a singular value zero, 2000 levels of 200 steps, step_lr 3.3e-6: the posterior", function()
  local process, std, least = sl.sde.EDM { sigma_max = 50 }, 0.2, 0.01
  local A, prior = spectral { 2, 0.5, 0 }
  prior.cov = matrix { { 1, 0.6, 0.2, 0 }, { 0.6, 1.2, -0.3, 0.1 }, { 0.2, -0.3, 0.8, 0.25 }, { 0, 0.1, 0.25, 0.5 } }
  local operator, y = sl.inverse.matrix { A = A, std = std }, row { 1, 0.4, -0.7 }
  local score, c = law.score(process, prior.mean, prior.cov), 3.3e-6 / least ^ 2
  local mean, cov = sl.zeros({ 1, 4 }, F64), sl.eye(4, F64) * 2500
  for i = 0, 1999 do -- each level a run of its own, and its 200 steps the power of one
    local scope <close> = sl.scope()
    local sigma = 50 * (least / 50) ^ (i / 1999)
    local method = posterior.snips { n_steps = 1, c = c, grid = { sigma = { sigma, 0 } } }
    local b, F, G = law.map(function(x, noise)
      return (method(process, score, operator, y:expand { x:shape(1), 3 }, { x = x, from = sigma, noise = noise }))
    end, 4)
    local level = after({ b = mean, F = sl.eye(4, F64), Q = cov },
      power({ b = b, F = F, Q = G:transpose(1, 2):matmul(G) }, 200))
    mean, cov = scope:keep(level.b), scope:keep(level.Q)
  end
  local want_mean, want_cov = law.posterior(prior.mean, prior.cov, A, std, y)
  compare(mean, cov, want_mean, want_cov, 0.01, "snips")
end)

check.test("snips runs its levels and steps one after another", function()
  local process, sigmas = sl.sde.EDM { sigma_max = 4 }, { 4, 2, 1 }
  local operator, y = sl.inverse.matrix { A = (spectral { 2, 0.5, 0 }), std = 0.2 }, row { 1, 0.4, -0.7 }
  local score, seen = law.score(process, row { 0, 0, 0, 0 }, sl.eye(4, F64)), {}
  local function counted(x, t)
    seen[#seen + 1] = t:reshape({ 1 }):item()
    return score(x, t)
  end
  local x = row { 1, -2, 3, 0.5 }
  local two = posterior.snips { n_steps = 2, c = 0.033, grid = { sigma = { 4, 2, 1, 0 } } }
  local all, info = two(process, counted, operator, y, { x = x, seed = 1 })
  check.close(seen, { 4, 4, 2, 2, 1, 1 }, 1e-6)
  check.eq(info.nfe, 6)
  local number = 2
  for _, sigma in ipairs(sigmas) do
    for _ = 1, 2 do
      local at = number
      x = posterior.snips { n_steps = 1, c = 0.033, grid = { sigma = { sigma, 0 } } }(process, score, operator, y, {
        x = x, from = sigma,
        noise = function(shape, _, dtype) return sl.noise({ seed = 1 }):normal(shape, at, dtype) end,
      })
      number = number + 1
    end
  end
  check.close(all:totable(), x:totable(), 1e-9)
end)

check.test("snips chooses its step for the levels: the paper's 500 of 5 steps want about .033", function()
  local process = sl.sde.EDM { sigma_max = 90, sigma_min = 0.01 }
  local method = posterior.snips { grid = { sigma = { 90, 90 * (0.01 / 90) ^ (1 / 499) } }, denoise = false }
  local x = method(process, function(x) return x * 0 end, first, row { 1 }, {
    x = row { 0, 0 }, from = 90, noise = function(shape, number) return sl.full(shape, number == 2 and 1 or 0, F64) end,
  })
  local c = (x:narrow(2, 2, 1):item() / 90) ^ 2 / 2 -- an unmeasured coordinate took sqrt(2 c) sigma
  check.ok(c > 0.02 and c < 0.06, "c " .. c)
end)

check.test("ddrm_jpeg: with eta_b = 1 the result fits y, for a linear operator and for JPEG", function()
  local process = sl.sde.VP {}
  local function score(x, t) return -x / (process:coefficient("m", x, t):square() * 0.1 + process:coefficient("s", x,
    t):square()) end
  for _, operator in ipairs {
    sl.inverse.superres { shape = { 8, 8, 1 }, factor = 2 }, sl.inverse.jpeg { shape = { 8, 8, 1 }, quality = 30 },
  } do
    local y = operator:apply(sl.noise({ seed = 1 }):normal({ 2, 8, 8, 1 }, 1) * 0.3)
    local x = posterior.ddrm_jpeg { steps = 5, eta_b = 1 }(process, score, operator, y, { seed = 2 })
    local off = (operator:apply(x) - y):abs():amax():item()
    check.ok(off < 1e-5, operator.name .. ": off by " .. off)
  end
end)

check.test("ddrm_jpeg takes y as exact: linear operators with little noise in each coordinate, and others", function()
  local shape, score = { 8, 8, 1 }, function(x) return -x end
  local method, process, y = posterior.ddrm_jpeg { steps = 2 }, sl.sde.VP {}, sl.zeros { 1, 8, 8, 1 }
  local function blur(std) return sl.inverse.blur { shape = shape, width = 5, bandwidth = 2.0, std = std } end
  check.raises(function() method(process, score, blur(0.05), y) end, "ddrm_jpeg: argument operator: expected an "
    .. "operator whose noise in the coordinates of its singular vectors, std/s, is at most 0.5, got operator blur")
  for _, operator in ipairs {
    blur(0), sl.inverse.denoise { shape = shape, std = 0.5 }, sl.inverse.jpeg { shape = shape, std = 0.1 },
  } do
    check.eq(method(process, score, operator, y, { seed = 1 }):shape(), { 1, 8, 8, 1 })
  end
end)

check.test("what the methods refuse, by name", function()
  local process = sl.sde.VP {}
  local jpeg, y = sl.inverse.jpeg { shape = { 8, 8, 1 } }, sl.zeros { 1, 8, 8, 1 }
  for _, name in ipairs { "replacement", "mcs", "ilvr", "snips", "ddrm", "ddnm", "pigdm", "pigdm_score" } do
    check.raises(function() posterior[name] {}(process, function(x) return -x end, jpeg, y) end,
      name .. ": argument operator: expected a linear operator, got operator jpeg")
  end
  check.raises(function()
    posterior.ddrm_jpeg {}(process, function(x) return -x end, sl.inverse.define {
      shape = { 2 }, measured = { 2 }, apply = function(x) return x:square() end,
    }, sl.zeros { 1, 2 })
  end, "ddrm_jpeg: argument operator: expected an operator with a pseudo-inverse")
  check.raises(function() posterior.ddrm { eta = 2 } end, "ddrm: option eta: expected a number in [0, 1], got 2")
  check.raises(function() posterior.ddrm { eta_c = "x" } end, "ddrm: option eta_c: expected a number in [0, 1], got x")
  check.raises(function() posterior.mcs { lambda = -1 } end, "mcs: option lambda: expected a number in [0, 1], got -1")
  check.raises(function() posterior.replacement { predictor = "heun" } end, "replacement: option predictor: expected")
  check.raises(function() posterior.ilvr { variance = "v" } end, "ilvr: option variance: expected")
end)
