-- Methods that guide, edit and resample, where their results are known: one step by hand, laws on Gaussians in closed
-- form, the exact posterior of mixtures.
local check = require "check"
local law = require "gaussian_law"
local programs = require "process"
local resampling = require "sdelua.posterior.particles"
local sl = require "sdelua"

local F64 = { dtype = "float64" }
local vp, subVP = sl.sde.VP {}, sl.sde.subVP {}

local function tensor(v) return sl.tensor(v, F64) end
local function transposed(A) return A:transpose(1, 2) end
local function zero_noise(shape, _, dtype) return sl.zeros(shape, { dtype = dtype }) end

-- ---- the posterior of a mixture -----------------------------------------------------------------------

local mixture = sl.metrics.mixture {
  weights = { 0.3, 0.7 }, means = { { 1, 1 }, { -1, 0 } },
  covariances = { { { 1, 0.8 }, { 0.8, 1 } }, { { 0.5, -0.2 }, { -0.2, 0.3 } } },
}
local A = tensor { { 1, 0.5 } }
local measurement = sl.inverse.matrix { A = A, std = 0.3 }

check.test("a mixture given y is the prior times the likelihood", function()
  local y = tensor { { 0.5 }, { -1 } }
  local posterior, x = mixture:posterior(measurement, y), tensor { { 0.2, 0.1 }, { -0.4, 0.8 } }
  local function excess(points) -- log p(x | y) - log p(x) - log p(y | x) is -log p(y), whatever x
    local residual = y - points:matmul(transposed(A))
    return (posterior:logp(points) - mixture:logp(points) + residual:square():sum(2) / (2 * 0.3 ^ 2)):totable()
  end
  check.close(excess(x), excess(x * -2 + 1), 1e-9)
  local sum -- p(y), of both components
  for k = 1, 2 do
    local v = A:matmul(mixture:component_covariance(k)):matmul(transposed(A)):item() + 0.3 ^ 2
    local mean = mixture.means:select(2, k):matmul(transposed(A)):item()
    local weight = mixture.weights:totable()[1][k] / math.sqrt(2 * math.pi * v)
    local density = ((y - mean):square() / (-2 * v)):exp() * weight
    sum = sum and sum + density or density
  end
  local want = (sum:log() * -1 - math.log(math.sqrt(2 * math.pi) * 0.3)):reshape({ -1 }):totable()
  check.close(excess(x), { want[1], want[2] }, 1e-9)
end)

check.test("its samples have its moments, and of each measurement its own", function()
  local y, n = tensor { { 0.5 } }, 40000
  local one = mixture:posterior(measurement, y)
  local x = one:sample(n, { seed = 1, dtype = "float64" })
  local centred = x - x:mean(1, true)
  check.close(x:mean(1):totable(), one:mean():totable()[1], 0, 4 * math.sqrt(0.8 / n))
  check.close((transposed(centred):matmul(centred) / n):totable(), one:covariance():totable()[1], 0, 0.02)
  local ys = tensor { { 0.5 }, { -1 }, { 2 } }
  local several = mixture:posterior(measurement, ys)
  check.close(several:mean():totable()[1], one:mean():totable()[1], 1e-12)
  check.eq(several:sample(3, { seed = 1 }):narrow(1, 1, 1):totable(), one:sample(1, { seed = 1 }):totable())
  check.raises(function() several:sample(2) end, "mixture: argument n: expected one a measurement, 3, got 2")
  check.raises(function() several:score(vp)(sl.zeros { 2, 2 }, sl.zeros { 2 }) end, "expected one a measurement")
  check.raises(function() mixture:posterior(sl.inverse.denoise { shape = { 3 } }, sl.zeros { 1, 3 }) end,
    "mixture: argument operator: expected a linear operator on 2 values")
end)

check.test("without noise it lies where A x = y", function()
  local operator, y = sl.inverse.matrix { A = A }, tensor { { 0.5 }, { -1 } }
  local x = mixture:posterior(operator, y):sample(2, { seed = 2, dtype = "float64" })
  check.close(operator:apply(x):totable(), y:totable(), 1e-6, 1e-6)
end)

check.test("its noised score is the gradient of its noised density", function()
  local posterior, x = mixture:posterior(measurement, tensor { { 0.5 }, { -1 } }), tensor { { 0.3, -1 }, { 0.5, 2 } }
  for _, process in ipairs { vp, subVP, sl.sde.EDM {} } do
    local leaf = x:clone():requires_grad_()
    local g = sl.grad(posterior:logp(leaf, process, 0.3):sum(), leaf)
    check.close(posterior:score(process)(x, sl.full({ 2 }, 0.3, F64)):totable(), g:totable(), 1e-9)
    local rows = sl.tensor({ 2 }, { dtype = "int64" }) -- the first has left
    check.close(posterior:score(process)(x:narrow(1, 2, 1), sl.full({ 1 }, 0.3, F64), rows):totable(),
      g:narrow(1, 2, 1):totable(), 1e-9)
  end
end)

check.test("diagonal covariances agree with full ones", function()
  local diagonal = sl.metrics.mixture { means = { { 1, 0 }, { 0, 2 } }, stds = { { 0.5, 1 }, { 2, 0.3 } } }
  local full = sl.metrics.mixture {
    means = { { 1, 0 }, { 0, 2 } }, covariances = { { { 0.25, 0 }, { 0, 1 } }, { { 4, 0 }, { 0, 0.09 } } },
  }
  local x, y = tensor { { 0.3, -1 } }, tensor { { 0.4 } }
  check.close(full:logp(x):totable(), diagonal:logp(x):totable(), 1e-12)
  check.close(full:covariance():totable(), diagonal:covariance():totable(), 1e-12)
  check.close(full:posterior(measurement, y):covariance():totable(),
    diagonal:posterior(measurement, y):covariance():totable(), 1e-10)
end)

-- ---- exact: the analytic conditional score --------------------------------------------------------------

check.test("exact: Euler-Maruyama on the conditional score comes to the posterior", function()
  local prior = sl.metrics.mixture { means = { { 0.5, -0.2 } }, covariances = { { { 1, 0.8 }, { 0.8, 1 } } } }
  local y, steps = tensor { { 1.5 } }, 10000
  local cov = prior:covariance():reshape { 2, 2 }
  local mean_want, cov_want = law.posterior(prior:mean(), cov, A, 0.3, y)
  local times, eps = {}, 1e-3
  for i = 0, steps do times[i + 1] = 1 + (eps - 1) * i / steps end
  local function run(x, noise, t, r, last)
    local method = sl.posterior.exact { mixture = prior, grid = { t, r }, denoise = last and "mean" or false }
    local ys = y:expand { x:shape(1), 1 }
    return (method(vp, function(v) return v end, measurement, ys, { x = x, from = t, noise = noise }))
  end
  local mean, got = law.along(run, times, sl.zeros({ 1, 2 }, F64), sl.eye(2, F64))
  check.close(mean:totable(), mean_want:totable(), 0.01)
  check.close(got:totable(), cov_want:totable(), 0.01)
end)

check.test("exact: adaptive solvers, whose finished samples leave, agree with the flow on a grid", function()
  local ys = tensor { { 0.5 }, { -1 }, { 2 } }
  local function draw(sampler)
    return (sl.posterior.exact { mixture = mixture, sampler = sampler }(vp, function(v) return v end, measurement, ys,
      { seed = 3 }))
  end
  local adaptive = draw(sl.solve.ode { rtol = 1e-7, atol = 1e-9 })
  check.close(adaptive:totable(), draw(sl.solve.heun { steps = 400 }):totable(), 2e-3, 2e-3)
end)

-- ---- the grid of the process -------------------------------------------------------------------------------

-- Steps even in time, which is sigma, would leave half the variance of EDM's data to the last of them.
check.test("on EDM, with the steps of methods unless told: what is measured, and the prior of what is not", function()
  local process, n = sl.sde.EDM {}, 1000
  local two = sl.metrics.mixture { means = { { 0, 0 } }, stds = { { 1, 1 } } }
  local function draw(name, o, std)
    local operator = sl.inverse.inpaint { mask = sl.tensor { 1, 0 }, std = std }
    local x = sl.posterior[name](o)(process, two:score(process), operator, sl.full({ 1, 1 }, 1.5),
      { seed = 1, samples = n })
    return x:mean(1):totable(), x:std({ 1 }):totable()
  end
  for name, o in pairs {
    pigdm = {}, pigdm_score = {}, exact = { mixture = two }, diffpir = {}, replacement = {}, mcs = {},
    ccdf = { steps = 100 }, repaint = { steps = 100 },
  } do
    local mean, deviation = draw(name, o, 0.0)
    check.close(mean, { 1.5, 0 }, 0, 0.1, name .. ", mean")
    check.close(deviation, { 0, 1 }, 0, 0.1, name .. ", std")
  end
  local mean, deviation = draw("tds", { K = 8 }, 0.3)
  check.close(mean, { 1.5 / 1.09, 0 }, 0, 0.1, "tds, mean")
  check.close(deviation, { 0.3 / math.sqrt(1.09), 1 }, 0, 0.1, "tds, std")
end)

-- ---- one step by hand ---------------------------------------------------------------------------------------

local SPREAD = 0.7 -- data N(0, SPREAD^2 I): E[x_0 | x_t] = k x
local plain = sl.metrics.mixture { means = { { 0, 0 } }, stds = SPREAD }

local function shrink(process, t)
  local at = process:point(t)
  return at.m * SPREAD ^ 2 / (at.m ^ 2 * SPREAD ^ 2 + at.s ^ 2)
end

local x_t, y_t = tensor { { 0.4, -1.1 }, { 1.3, 0.2 } }, tensor { { 0.9 }, { -0.3 } }
local T0, T1 = 0.6, 0.5

local function one_step(name, o, operator, noise, y)
  o.grid, o.denoise = { T0, T1 }, false
  return (sl.posterior[name](o)(vp, plain:score(vp), operator, y or y_t,
    { x = x_t, from = T0, noise = noise or zero_noise }))
end

local function norm(v) return v:square():sum(2, true):sqrt() end

check.test("dps: one step", function()
  local k = shrink(vp, T0)
  local residual = y_t - (x_t * k):matmul(transposed(A))
  local down = residual:matmul(A) * (-2 * k) / norm(residual) -- the gradient of |y - A k x|^2 over |y - A k x|
  local mean = vp:posterior_mean(x_t, T0, T1, x_t * k)
  check.close(one_step("dps", { zeta = 0.3 }, measurement):totable(), (mean - down * 0.3):totable(), 1e-9)
  local z = tensor { { 1, 2 }, { 3, -1 } }
  local at, to = vp:point(T0), vp:point(T1)
  local std = to.s * math.sqrt(1 - (at.m * to.s / (to.m * at.s)) ^ 2)
  check.close(one_step("dps", { zeta = 0.3 }, measurement, function() return z end):totable(),
    (mean - down * 0.3 + z * std):totable(), 1e-9)
end)

check.test("dps: one step with Poisson's weights", function()
  local B = tensor { { 1, 0.5 }, { 0, 2 } }
  local operator, y, k = sl.inverse.matrix { A = B }, tensor { { 0.9, 2 }, { 0.5, 1 } }, shrink(vp, T0)
  local residual = y - (x_t * k):matmul(transposed(B))
  local weighted = residual / (y * 2)
  local size = (residual * weighted):sum(2, true):sqrt()
  local down = weighted:matmul(B) * (-2 * k) / size
  check.close(one_step("dps", { zeta = 0.3, likelihood = "poisson" }, operator, nil, y):totable(),
    (vp:posterior_mean(x_t, T0, T1, x_t * k) - down * 0.3):totable(), 1e-9)
  check.raises(function() sl.posterior.dps { likelihood = "cauchy" } end, 'dps: option likelihood: expected "gaussian"')
end)

check.test("mcg: one step, its measured part that of y", function()
  local B, at = tensor { { 1, 0.5, 0 }, { 0, 2, 1 } }, vp:point(T0)
  local C = tensor { { 1, 0.5, 0.3 }, { 0.5, 2, 0 }, { 0.3, 0, 1 } }
  local prior = sl.metrics.mixture { means = { { 0, 0, 0 } }, covariances = C:unsqueeze(1) }
  local K = sl.linalg.solve(C * at.m ^ 2 + sl.eye(3, F64) * at.s ^ 2, C * at.m) -- E[x_0 | x_t] = x K, K symmetric
  local pinv = transposed(sl.linalg.solve(B:matmul(transposed(B)), B)) -- B^T (B B^T)^-1
  local x, y = tensor { { 0.4, -1.1, 0.6 } }, tensor { { 0.9, -0.3 } }
  local v = (y - x:matmul(K):matmul(transposed(B))):matmul(transposed(pinv)) -- A^+ (y - A K x); A^+ A is symmetric
  local down = v:matmul(K) * -2 / norm(v)
  local moved = vp:posterior_mean(x, T0, T1, x:matmul(K)) - down * 0.3
  local known = y:matmul(transposed(pinv)) * vp:point(T1).m
  local want = moved + (known - moved):matmul(transposed(B)):matmul(transposed(pinv))
  local got = sl.posterior.mcg { zeta = 0.3, grid = { T0, T1 }, denoise = false } (vp, prior:score(vp),
    sl.inverse.matrix { A = B }, y, { x = x, from = T0, noise = zero_noise })
  check.close(got:totable(), want:totable(), 1e-9)
end)

check.test("diffpir: one step, the nearest point by solving for it", function()
  local k, at, to = shrink(vp, T0), vp:point(T0), vp:point(T1)
  local rho = 8 * 0.3 ^ 2 / at.sigma ^ 2
  local normal_matrix = transposed(A):matmul(A) + sl.eye(2, F64) * rho
  local right = transposed(y_t:matmul(A) + x_t * (k * rho))
  local x0 = transposed(sl.linalg.solve(normal_matrix, right))
  local eps = (x_t - x0 * at.m) / at.s
  local want = x0 * to.m + eps * (to.s * math.sqrt(1 - 0.3))
  check.close(one_step("diffpir", { lambda = 8.0 }, measurement):totable(), want:totable(), 1e-9)
  local own = sl.inverse.define {
    shape = { 2 }, measured = { 1 }, std = 0.3, apply = function(x) return x:matmul(transposed(A):to(x.dtype)) end,
  }
  check.ok(not own.linear)
  local o = { lambda = 8.0, iterations = 400, lipschitz = 1.25 }
  check.close(one_step("diffpir", o, own):totable(), want:totable(), 1e-7)
end)

-- ---- laws on Gaussians ------------------------------------------------------------------------------------

-- Mean and covariance of what the method returns, for x_T of the prior, or where the method begins itself.
local function law_of(process, method, score, operator, y, D)
  return law.of(function(x, noise)
    local call = { x = not method.row.start and x or nil, noise = noise, dtype = "float64" }
    return (method(process, score, operator, y:expand { x:shape(1), y:shape(2) }, call))
  end, sl.zeros({ 1, D }, F64), sl.eye(D, F64) * process:point(process.T).s ^ 2)
end

-- The limit of ever more steps, from n and 2 n of a method of the first order.
local function limit(n, fn)
  local mean, cov = fn(n)
  local mean2, cov2 = fn(2 * n)
  return mean2 * 2 - mean, cov2 * 2 - cov
end

-- SDEdit on N(mu, d^2): from a guide g, of mean and variance as given, to time t and back along the exact reverse law.
local function edited(process, mu, d, t, mean, variance)
  local at = process:point(t)
  local total = at.m ^ 2 * d ^ 2 + at.s ^ 2
  local K = at.m * d ^ 2 / total
  return mu + K * at.m * (mean - mu), K ^ 2 * (at.m ^ 2 * variance + at.s ^ 2) + d ^ 2 * at.s ^ 2 / total
end

check.test("sdedit: its law, once and repeated", function()
  local mu, d, guide = 0.5, 0.7, 1.5
  local operator, y = sl.inverse.denoise { shape = { 1 } }, tensor { { guide } }
  for _, process in ipairs { vp, sl.sde.EDM { sigma_max = 5 } } do
    local t0 = process == vp and 0.5 or 0.2
    local score = law.score(process, tensor { { mu } }, tensor { { d ^ 2 } })
    local mean_want, var_want = edited(process, mu, d, t0 * process.T, guide, 0)
    for repeats = 1, 2 do
      local mean, var = limit(100, function(n)
        local method = sl.posterior.sdedit { steps = n, t0 = t0, repeats = repeats, grid = "logsnr" }
        return law_of(process, method, score, operator, y, 1)
      end)
      check.close({ mean:item(), var:item() }, { mean_want, var_want }, 0.005)
      mean_want, var_want = edited(process, mu, d, t0 * process.T, mean_want, var_want)
    end
  end
end)

check.test("sdedit: what the mask keeps is the guide, and a guess of one's own", function()
  local operator, y = sl.inverse.denoise { shape = { 2 } }, tensor { { 0.3, -0.4 } }
  local o = { steps = 10, mask = tensor { 1, 0 } }
  local x = sl.posterior.sdedit(o)(vp, plain:score(vp), operator, y, { seed = 1 }):totable()[1]
  check.close(x[2], -0.4, 1e-3)
  check.ok(math.abs(x[1] - 0.3) > 0.01, "the rest has not moved")
  o.guess = function(of, measured) return of:pinv(measured) * 0 + 0.8 end
  x = sl.posterior.sdedit(o)(vp, plain:score(vp), operator, y, { seed = 1 }):totable()[1]
  check.close(x[2], 0.8, 1e-3)
  local function run(options) return sl.posterior.sdedit(options)(vp, plain:score(vp), operator, y, { seed = 1 }) end
  check.raises(function() run { mask = sl.ones { 3 } } end,
    "sdedit: option mask: expected a tensor [2], got float32 [3]")
  check.raises(function() run { mask = "left" } end, "sdedit: option mask: expected a tensor [2], got")
  for _, value in ipairs { 0.5, 7, 0 / 0 } do
    check.raises(function() run { mask = tensor { 1, value } } end,
      "sdedit: option mask: expected ones and zeros, got ")
  end
  check.raises(function() run { t0 = 2 } end, "sdedit: option t0: expected a number in (0, 1]")
  check.raises(function() run { repeats = 0 } end, "sdedit: option repeats: expected a positive integer")
  check.raises(function() run { guess = 3 } end, "sdedit: option guess: expected a function")
  check.raises(function() run { guess = function() return sl.zeros { 1, 3 } end } end,
    "sdedit: option guess: expected a tensor [N,2], got float32 [1,3]")
end)

check.test("sdedit: a mask of pixels is one of all their channels", function()
  local shape = { 2, 2, 3 }
  local operator, mask = sl.inverse.denoise { shape = shape }, sl.tensor { { 1, 0 }, { 0, 1 } }
  local method = sl.posterior.sdedit { steps = 3, mask = mask }
  local whole = sl.posterior.sdedit { steps = 3, mask = mask:unsqueeze(3):expand(shape) }
  local y = sl.ones({ 1, 2, 2, 3 }, F64)
  local function run(m) return m(vp, function(x) return -x end, operator, y, { seed = 1 }):totable() end
  check.eq(run(method), run(whole))
  check.eq(method.options.mask:dim(), 2)
end)

check.test("a guess may be another method's answer; what none can begin with is refused", function()
  local operator, y = sl.inverse.inpaint { mask = sl.tensor { 1, 0 } }, tensor { { 0.3 }, { -0.4 } }
  local score = plain:score(vp)
  local function run(name, guess) return sl.posterior[name] { steps = 5, guess = guess } (vp, score, operator, y,
    { seed = 1 }) end
  for _, name in ipairs { "ccdf", "sdedit" } do
    local other
    local x = run(name, function(of, measured)
      other = sl.posterior.ddrm { steps = 3 } (vp, score, of, measured, { seed = 2 })
      return other
    end)
    check.eq(x:totable(), run(name, function() return other end):totable())
    local one = tensor { { 0.7, 0.2 } }
    check.eq(run(name, function() return one end):totable(),
      run(name, function() return sl.cat({ one, one }, 1) end):totable())
    local function fails(value, part)
      check.raises(function() run(name, function() return value end) end, name .. ": option guess: expected " .. part)
    end
    fails(nil, "a tensor [N,2], got nil")
    fails(false, "a tensor [N,2], got false")
    fails(sl.zeros { 3, 2 }, "one image or one a measurement, 2, got 3")
    fails(sl.zeros { 2, 2 } * (0 / 0), "finite values, got NaN or infinity")
  end
end)

local first = sl.inverse.inpaint { mask = sl.tensor { 1, 0 } }
local RHO, Y = 0.8, tensor { { 1.5 } }
local correlated = tensor { { 1, RHO }, { RHO, 1 } }

check.test("ccdf: what is unmeasured and independent goes as in sdedit, what is measured is y", function()
  local score = law.score(vp, tensor { { 0.5, 0.5 } }, sl.eye(2, F64) * 0.7 ^ 2)
  local guess = function(operator, y) return operator:pinv(y) + tensor { 0, -0.6 } end
  local mean, cov = limit(100, function(n)
    return law_of(vp, sl.posterior.ccdf { steps = n, t0 = 0.4, guess = guess, grid = "logsnr" }, score, first, Y, 2)
  end)
  local mean_want, var_want = edited(vp, 0.5, 0.7, 0.4, -0.6, 0)
  check.close(mean:totable(), { { 1.5, mean_want } }, 0.005)
  check.close(cov:totable(), { { 0, 0 }, { 0, var_want } }, 0.005, 1e-6)
end)

-- Replacement without a corrector in the limit of many steps: .750 where the posterior has 1.200.
local REPLACED = 0.75

check.test("ccdf: from all the noise it has the replacement's bias", function()
  local mean = limit(100, function(n)
    return law_of(vp, sl.posterior.ccdf { steps = n, t0 = 1.0 }, law.score(vp, sl.zeros({ 1, 2 }, F64), correlated),
      first, Y, 2)
  end)
  check.close(mean:totable(), { { 1.5, REPLACED } }, 0, 0.005)
end)

check.test("repaint: without resampling the replacement's bias, with it near the posterior", function()
  local score = law.score(vp, sl.zeros({ 1, 2 }, F64), correlated)
  local function unmeasured(o)
    local mean, cov = law_of(vp, sl.posterior.repaint(o), score, first, Y, 2)
    return mean:totable()[1][2], cov:totable()[2][2]
  end
  local coarse, fine = unmeasured { steps = 60, n_resample = 1 }, unmeasured { steps = 120, n_resample = 1 }
  check.close(2 * fine - coarse, REPLACED, 0, 0.005)
  local before = 0
  for _, n_resample in ipairs { 1, 2, 5, 10 } do
    local mean = unmeasured { steps = 40, n_resample = n_resample, jump_length = 1 }
    check.ok(mean > before, "more resampling, less bias")
    before = mean
  end
  check.close(before, RHO * 1.5, 0, 0.1)
end)

check.test("repaint: what is unmeasured and independent keeps its law, however often it goes up", function()
  local score = law.score(vp, tensor { { 0.5, 0.5 } }, sl.eye(2, F64) * 0.7 ^ 2)
  local mean, cov = limit(80, function(n)
    local method = sl.posterior.repaint { steps = n, n_resample = 3, jump_length = n // 20, grid = "logsnr" }
    return law_of(vp, method, score, first, Y, 2)
  end)
  check.close(mean:totable(), { { 1.5, 0.5 } }, 0.01)
  check.close(cov:totable()[2][2], 0.49, 0.01)
end)

check.test("repaint: jumps where the paper has them", function()
  local times, marks = {}, {}
  local function score(x, t)
    times[#times + 1] = t:amax():item()
    return -x
  end
  local eps = vp.eps.sample
  local method = sl.posterior.repaint { steps = 6, jump_length = 2, n_resample = 2 }
  method(vp, score, first, sl.zeros({ 1, 1 }, F64), { seed = 1 })
  for i, t in ipairs(times) do marks[i] = math.floor((t - eps) / (1 - eps) * 6 + 0.5) end
  -- intervals to go at each evaluation; the levels 0 and 2 below 6 - 2 are one and three intervals from the end
  check.eq(marks, { 6, 5, 4, 5, 4, 3, 2, 3, 2, 1 })
  check.raises(function() sl.posterior.repaint { jump_length = 0 } end,
    "repaint: option jump_length: expected a positive")
end)

check.test("repaint: refuses what leaves nothing to paint, where it would give y back", function()
  local everything, method = sl.inverse.denoise { shape = { 2 }, std = 0.1 }, sl.posterior.repaint()
  check.raises(function() method(vp, function(x) return -x end, everything, sl.zeros({ 1, 2 }, F64)) end,
    "repaint: argument operator: expected an operator that leaves something unmeasured, got")
end)

check.test("ald: the law that its steps come to at one level, and the last step to the mean", function()
  local mean, std, sigma, epsilon, gamma = sl.zeros({ 1, 2 }, F64), 0.3, 1.0, 0.1, 0.8
  local operator = sl.inverse.inpaint { mask = sl.tensor { 1, 0 }, std = std }
  local method = sl.posterior.ald { n_steps = 500, epsilon = epsilon, gamma = gamma, grid = { sigma = { sigma, 0 } } }
  local got, cov = law_of(vp, method, law.score(vp, mean, correlated), operator, Y, 2)
  -- x of the prior with noise sigma, and y as if of variance gamma^2 sigma^2 + std^2: N(mean_want, C)
  local one, A1 = sl.eye(2, F64), operator:matrix()
  local noise = math.sqrt(gamma ^ 2 * sigma ^ 2 + std ^ 2)
  local mean_want, C = law.posterior(mean, correlated + one * sigma ^ 2, A1, noise, Y)
  check.close(got:totable(), mean_want:totable(), 1e-6)
  -- steps x + h grad + sqrt(2 h) z have C (I - h C^-1/2)^-1, and the last takes x to x + sigma^2 grad
  local P, h = sl.linalg.solve(C, one), epsilon * sigma ^ 2
  local last = one - P * sigma ^ 2
  local want = last:matmul(C:matmul(sl.linalg.solve(one - P * (h / 2), one))):matmul(transposed(last))
  check.close(cov:totable(), want:totable(), 1e-6, 1e-9)
end)

-- ---- the twisted diffusion sampler ------------------------------------------------------------------------------

-- What the particles say of mean and covariance: the mean over measurements of the weighted means, its standard error.
local function estimates(info, N)
  local P, w = info.particles, info.weights:unsqueeze(3)
  local each = (P * w):sum(2)
  local mean = each:mean(1, true)
  local d = P - mean:unsqueeze(1)
  local cov = (d:unsqueeze(4) * d:unsqueeze(3) * w:unsqueeze(4)):sum(2)
  local function error_of(v) return (v - v:mean(1, true)):square():mean(1):sqrt() / math.sqrt(N) end
  return mean:reshape { -1 }, error_of(each), cov:mean(1):reshape { -1 }, error_of(cov):reshape { -1 }
end

local function within(got, want, se, slack, what)
  local excess = ((got - want):abs() - se * 4 - slack):amax():item()
  if excess ~= excess or excess > 0 then
    error(("%s: expected %s, got %s, standard error %s"):format(what, tostring(want), tostring(got), tostring(se)), 2)
  end
end

local function particles(process, score, operator, y, N, o)
  local _, info = sl.posterior.tds(o)(process, score, operator, sl.full({ N, 1 }, y, F64), { seed = 1 })
  return estimates(info, N)
end

-- The chain of n steps has a prior of its own, that ancestral steps draw from: of that the sampler is exact.
local function chain_law(process, score, n)
  local sampler = sl.solve.gaussian_bridge { steps = n, denoise = "tweedie" }
  return law.of(function(x, noise) return (sampler(process, score, x:shape(), { x = x, noise = noise })) end,
    sl.zeros({ 1, 2 }, F64), sl.eye(2, F64))
end

check.test("tds: on a Gaussian exact for the chain's own prior", function()
  local score, std, N, steps = law.score(vp, tensor { { 0.3, -0.2 } }, correlated), 0.5, 40, 15
  local mean, cov = chain_law(vp, score, steps)
  local operator = sl.inverse.inpaint { mask = sl.tensor { 1, 0 }, std = std }
  local mean_want, cov_want = law.posterior(mean, cov, operator:matrix(), std, tensor { { 2 } })
  for _, o in ipairs { {}, { ess = 1.0 }, { resample = "multinomial", ess = 1.0 }, { tau = 0.3 } } do
    o.K, o.steps = 128, steps
    local got, se, got_cov, cov_se = particles(vp, score, operator, 2, N, o)
    within(got, mean_want:reshape { -1 }, se, 0.01, "mean")
    within(got_cov, cov_want:reshape { -1 }, cov_se, 0.01, "covariance")
  end
  -- a single particle is biased: the test would see it
  local got, se = particles(vp, score, operator, 2, 10 * N, { K = 1, steps = steps })
  check.ok(((got - mean_want:reshape { -1 }):abs() - se * 4):amax():item() > 0, "one particle does as well")
end)

check.test("tds: on a mixture it agrees with weighing draws of the chain", function()
  local steps, N, y = 20, 40, 0.5
  local score = mixture:score(vp)
  local draws = sl.solve.gaussian_bridge { steps = steps, denoise = "tweedie" } (vp, score, { 40000, 2 },
    { seed = 9, dtype = "float64" })
  local weights = ((measurement:apply(draws) - y):square() / (-2 * measurement.std ^ 2)):exp():reshape { -1, 1 }
  local want = (draws * weights):sum(1) / weights:sum()
  local se_want = ((draws - want):square() * weights:square()):sum(1):sqrt() / weights:sum()
  local got, se = particles(vp, score, measurement, y, N, { K = 128, steps = steps })
  within(got, want, (se:square() + se_want:square()):sqrt(), 0.005, "mean")
end)

check.test("tds: with more steps it comes to the exact posterior", function()
  local exact = mixture:posterior(measurement, tensor { { 0.5 } })
  local got, se, cov, cov_se = particles(vp, mixture:score(vp), measurement, 0.5, 10, { K = 256, steps = 200 })
  within(got, exact:mean():reshape { -1 }, se, 0.03, "mean")
  within(cov, exact:covariance():reshape { -1 }, cov_se, 0.05, "covariance")
end)

check.test("particles are drawn anew by their weights", function()
  local K, N = 4, 4000
  local w = tensor { 0.1, 0.2, 0.3, 0.4 }
  local source = sl.noise { seed = 1 }
  local run = { normal = function(_, shape) return source:normal(shape, 1, "float64") end }
  for _, method in ipairs(resampling.methods) do
    local places, log_w = resampling.resample(run, method, w:log():reshape({ 1, K }):expand({ N, K }), K)
    local counts = {}
    local list = places:reshape({ N, K }):totable()
    for k = 1, K do counts[k] = 0 end
    for i, row in ipairs(list) do
      local own = { 0, 0, 0, 0 }
      for _, place in ipairs(row) do
        local k = place - (i - 1) * K
        own[k] = own[k] + 1
        counts[k] = counts[k] + 1 / (N * K)
      end
      for k = 1, method == "systematic" and K or 0 do check.ok(math.abs(own[k] - K * k / 10) < 1) end
    end
    check.close(counts, w:totable(), 0, 4 * math.sqrt(0.25 / (N * K)), method)
    check.eq(log_w:abs():amax():item(), 0.0)
  end
  local places, log_w = resampling.resample(run, "systematic", w:log():reshape { 1, K }, 3.3) -- 1/sum w^2 is 3.33
  check.eq(places:totable(), { 1, 2, 3, 4 })
  check.close(log_w:exp():totable(), { w:totable() }, 1e-12)
  local picked = resampling.pick(run, w:reshape({ 1, K }):expand { N, K }) - sl.arange(0, N * K, K, { dtype = "int64" })
  check.close(picked:to("float64"):mean():item(), 3, 0, 4 / math.sqrt(N))
end)

check.test("tds: the sample returned is one of the particles, and each measurement has its own noise", function()
  local y = tensor { { 0.5 }, { -1 }, { 2 } }
  local method = sl.posterior.tds { K = 4, steps = 10 }
  local x, info = method(vp, mixture:score(vp), measurement, y, { seed = 2 })
  check.eq(info.particles:shape(), { 3, 4, 2 })
  check.close(info.weights:sum(2):totable(), { 1, 1, 1 }, 1e-12)
  check.eq(info.nfe, 44)
  for i = 1, 3 do
    local best = (info.particles:select(1, i) - x:narrow(1, i, 1)):abs():amax():item()
    local nearest = (info.particles:select(1, i) - x:narrow(1, i, 1)):abs():sum(2):amin():item()
    check.ok(nearest == 0 and best > 0)
    local alone, its = method(vp, mixture:score(vp), measurement, y:narrow(1, i, 1), { seed = 2, first = i - 1 })
    check.eq(alone:totable(), x:narrow(1, i, 1):totable())
    check.eq(its.particles:totable(), info.particles:narrow(1, i, 1):totable())
  end
  check.raises(function() sl.posterior.tds { K = 0 } end, "tds: option K: expected a positive integer")
  check.raises(function() sl.posterior.tds { resample = "none" } end, 'tds: option resample: expected "systematic"')
end)

-- ---- the script that measures ------------------------------------------------------------------------------------

check.test("scripts/bench/posterior.lua prints its table, and goes on where it was", function()
  local path = os.tmpname()
  local function run(methods)
    local code, text = programs.run("", programs.program, "scripts/bench/posterior.lua", "--methods", methods,
      "--priors", "plane", "--evaluations", "6", "--measurements", "1", "--n", "20", "--results", path)
    check.eq(code, 0, text)
    return text
  end
  local text = run "exact"
  check.ok(text:find("| two exact sets | 0%.%d+ |") and text:find("| exact | %d%.%d+ |"), text)
  local lines = 0
  for _ in io.lines(path) do lines = lines + 1 end
  check.eq(lines, 12)
  check.ok(run "exact,repaint":find("| repaint (jump_length 2, n_resample 5) |", 1, true))
  for _ in io.lines(path) do lines = lines - 1 end
  check.ok(lines < 0 and lines > -12, "what was there is not measured again")
  os.remove(path)
end)
