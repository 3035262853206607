-- EDM's ablation sampler on any process, DDIM and restarts.
local check = require "check"
local law = require "gaussian"
local sl = require "sdelua"

local solve, sde = sl.solve, sl.sde

-- ---- the ablation sampler -----------------------------------------------------------------------------

local f64 = { dtype = "float64" }
local MEAN, D = law.MEAN, law.D
local offset = law.offset()
local vp = sde.VP {}

local function off(a, b) return (a - b):abs():amax():item() end

check.test("the ablation sampler follows the flow of any process", function()
  local x = sl.tensor({ { 0.3, -1.2 }, { 2.5, 0.9 } }, f64)
  for name, process in pairs { vp = vp, subvp = sde.subVP {}, ve = sde.VE {}, offset = offset } do
    local want = law.flow(process, x, process.T, 1e-3)
    for _, o in ipairs { {}, { alpha = 0.6 }, { solver = "euler" } } do
      local errors = {}
      for i, steps in ipairs { 100, 200 } do
        o.steps, o.eps, o.grid, o.denoise = steps, 1e-3, "logsnr", false
        local y, info = solve.edm_ablation(o)(process, law.score(process), nil, { x = x })
        errors[i] = off(y, want)
        check.eq(info.nfe, (o.solver and 1 or 2) * steps)
      end
      local order = math.log(errors[1] / errors[2], 2)
      check.ok(math.abs(order - (o.solver and 1 or 2)) < 0.25, ("%s: order %g"):format(name, order))
    end
  end
end)

check.test("on the EDM process it is EDM's sampler, churn and all", function()
  local process = sde.EDM { sigma_max = 40 }
  local churn = { S_churn = 4, S_tmin = 0.1, S_tmax = 10, S_noise = 1.01, steps = 12, grid = "edm" }
  local opts = { seed = 3, dtype = "float64" }
  local x = solve.edm_ablation(churn)(process, law.score(process), { 4, 2 }, opts)
  check.close(x:totable(), solve.edm(churn)(process, law.score(process), { 4, 2 }, opts):totable(), 1e-9)
  -- an estimate that is corrected to 0 leads to 0
  local still = solve.edm_ablation { correct = function(x0) return x0 * 0 end, steps = 5, grid = "edm" }
  check.close(still(process, law.score(process), { 4, 2 }, opts):abs():amax():item(), 0, 0, 1e-12)
end)

check.test("bad arguments of the ablation sampler", function()
  check.raises(function() solve.edm_ablation { solver = "rk4" } end, "edm_ablation: option solver")
  check.raises(function() solve.edm_ablation { alpha = 0 } end, "edm_ablation: option alpha")
  check.raises(function() solve.edm_ablation { denoise = "mean" } end, "edm_ablation: option denoise")
end)

-- ---- DDIM -------------------------------------------------------------------------------------------------------

check.test("DDIM with eta = 1 is ancestral sampling, with eta = 0 Euler in sigma", function()
  local opts = { seed = 3, dtype = "float64" }
  for _, process in ipairs { vp, sde.subVP {}, offset } do
    local x = solve.ddim { eta = 1, steps = 20 } (process, law.score(process), { 4, 2 }, opts)
    local y = solve.ancestral { variance = "small", steps = 20 } (process, law.score(process), { 4, 2 }, opts)
    check.close(x:totable(), y:totable(), 1e-8, 1e-10)
    x = solve.ddim { steps = 20, grid = "karras" } (process, law.score(process), { 4, 2 }, opts)
    y = solve.euler { steps = 20, grid = "karras", denoise = false, eps = process.eps.sample } (process,
      law.score(process), { 4, 2 }, opts)
    check.close(x:totable(), y:totable(), 1e-8, 1e-10)
  end
  -- the paper's eq. 12 and 16 with alpha = m^2, a step
  local x, z = sl.tensor({ { 0.4, -1.1 } }, f64), sl.tensor({ { 0.7, 0.2 } }, f64)
  local a, a_r, eta = vp:point(0.6).m ^ 2, vp:point(0.5).m ^ 2, 0.3
  local sigma = eta * math.sqrt((1 - a_r) / (1 - a)) * math.sqrt(1 - a / a_r)
  local eps = -law.score(vp)(x, sl.tensor({ 0.6 }, f64)) * math.sqrt(1 - a)
  local want = (x - eps * math.sqrt(1 - a)) * math.sqrt(a_r / a) + eps * math.sqrt(1 - a_r - sigma ^ 2) + z * sigma
  local got = solve.ddim { eta = eta, grid = { 0.6, 0.5 }, denoise = false } (vp, law.score(vp), nil,
    { x = x, noise = function() return z end })
  check.close(got:totable(), want:totable(), 1e-10)
end)

check.test("DDIM starts where nothing of the data is left, and serves coefficients over features", function()
  local cosine = sde.define {
    mean = function(t) return math.cos(t * math.pi / 2) end, std = function(t) return math.sin(t * math.pi / 2) end,
  }
  -- v = m eps - s x0 of the Gaussian data, finite at T
  local score = cosine:score(function(x, t)
    local m, s = cosine:coefficient("m", x, t), cosine:coefficient("s", x, t)
    local v = m:square() * D ^ 2 + s:square()
    local centred = x - m * MEAN
    return m * s * centred / v - s * (MEAN + m * D ^ 2 * centred / v)
  end, { parameterization = "v", label = function(t) return t end })
  local x = sl.tensor({ { 0.5, -2 }, { 1.1, 0.2 } }, f64)
  local y = solve.ddim { steps = 400, eps = 0 } (cosine, score, nil, { x = x })
  check.close(y:totable(), (x * D + MEAN):totable(), 0, 0.02)
  local noisy = solve.ddim { steps = 100, eps = 0, eta = 1 } (cosine, score, { 2000, 1 }, { seed = 1 })
  check.close({ noisy:mean():item(), noisy:std():item() }, { MEAN, D }, 0, 0.04)
  check.raises(function() solve.ddim {} (cosine, law.score(cosine), { 2, 2 }) end, "m_T = 0")
  local rows = sde.define {
    mean = function(t) return sl.tensor({ math.exp(-t), math.exp(-2 * t) }, f64) end,
    std = function(t) return sl.tensor({ t, 1 - math.exp(-2 * t) }, f64) end, T = 1,
  }
  y = solve.ddim { steps = 400, eps = 0 } (rows, law.score(rows), nil, { x = x })
  local m, s = rows:coefficient("m", x, 1), rows:coefficient("s", x, 1)
  check.close(y:totable(), ((x - m * MEAN) * D / (m:square() * D ^ 2 + s:square()):sqrt() + MEAN):totable(), 0, 0.01)
end)

-- ---- restarts ---------------------------------------------------------------------------------------------------

check.test("restarts: the paper's count of evaluations, the law, the flow without them", function()
  local process, opts = sde.EDM { sigma_max = 80 }, { seed = 5 }
  local x, info = solve.restart { steps = 18 } (process, law.score(process), { 3000, 2 }, opts)
  check.eq(info.nfe, 2 * 18 - 1 + 2 * 2 * (3 - 1)) -- 2 n - 1 + 2 K (N - 1), as the paper counts
  check.close({ x:mean():item(), x:std():item() }, { MEAN, D }, 0, 0.03)
  local none = solve.restart { intervals = {} } (process, law.score(process), { 4, 2 }, opts)
  check.eq(none:totable(), solve.heun {} (process, law.score(process), { 4, 2 }, opts):totable())
  local noises = 0
  local levels = { { N = 4, K = 3, t_min = 0.1, t_max = 2 }, { N = 2, K = 1, t_min = 1, t_max = 5 } }
  local _, two = solve.restart { intervals = levels } (process, law.score(process), nil, {
    x = sl.zeros { 2, 2 }, noise = function(shape)
      noises = noises + 1
      return sl.zeros(shape)
    end,
  })
  check.eq({ noises, two.nfe }, { 4, 35 + 3 * 3 * 2 + 2 })
  check.raises(function() solve.restart { intervals = { { N = 1, K = 1, t_min = 1, t_max = 2 } } } end,
    "restart: option intervals")
end)

check.test("restarts, line by line", function()
  -- on numbers, the data N(MEAN, D^2): D(x; sigma) = (x D^2 + MEAN sigma^2)/(D^2 + sigma^2)
  local function d(x, sigma) return (x - (x * D ^ 2 + MEAN * sigma ^ 2) / (D ^ 2 + sigma ^ 2)) / sigma end
  local function heun(x, t, r)
    local y = x + (r - t) * d(x, t)
    return r == 0 and y or x + (r - t) * (d(x, t) + d(y, r)) / 2
  end
  local draws, drawn = { 0.5, -1.3, 0.2 }, 0
  local x, t = 7.0, { 5.0, 2.0, 0.7, 0.3, 0.1, 0.0 }
  for i = 1, 5 do
    x = heun(x, t[i], t[i + 1])
    if t[i + 1] == 0.3 then -- nearest to t_min = 0.35
      for k = 1, 3 do
        x = x + draws[k] * 1.1 * math.sqrt(1.5 ^ 2 - 0.3 ^ 2)
        local mid = ((1.5 ^ (1 / 5) + 0.3 ^ (1 / 5)) / 2) ^ 5
        x = heun(heun(x, 1.5, mid), mid, 0.3)
      end
    end
  end
  local process = sde.EDM {}
  local sampler = solve.restart {
    grid = { sigma = t }, rho = 5, S_noise = 1.1, intervals = { { N = 3, K = 3, t_min = 0.35, t_max = 1.5 } },
  }
  local got = sampler(process, law.score(process), nil, { x = sl.tensor({ { 7 } }, f64), noise = function(_, _, dtype)
    drawn = drawn + 1
    return sl.tensor({ { draws[drawn] } }, { dtype = dtype })
  end })
  check.close(got:item(), x, 1e-10)
end)

check.test("restarted samples depend on seed and index only", function()
  local process = vp
  for _, sampler in ipairs { solve.restart { steps = 6 }, solve.ddim { eta = 0.5, steps = 5 },
    solve.edm_ablation { S_churn = 2, steps = 5 } } do
    local whole = sampler(process, law.score(process), { 5, 2 }, { seed = 2 })
    local part = sampler(process, law.score(process), { 2, 2 }, { seed = 2, first = 3 })
    check.eq(part:totable(), whole:narrow(1, 4, 2):totable(), sampler.name)
  end
end)
