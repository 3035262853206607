-- Scores given a condition: against closed forms, as samplers take them, and whatever the batch the same bits.
local check = require "check"
local gaussian = require "gaussian"
local near = require "near"
local sl = require "sdelua"

local f64 = { dtype = "float64" }
local function int64(list) return sl.tensor(list, { dtype = "int64" }) end

-- ---- a mixture of Gaussians whose components are the classes ---------------------------------------------

local MEANS = sl.tensor({ { { 1, 0 }, { -1, 0.5 }, { 0, -2 } } }, f64) -- [1,K,2]
local VARS, WEIGHTS = sl.tensor({ { 0.1, 0.3, 0.5 } }, f64), sl.tensor({ { 0.2, 0.3, 0.5 } }, f64)
local DIFFERENT = int64 { 0, 2, 1, 1, 0, 2, 2, 0 }

-- x_t less each component's mean, [n,K,2], and their variances [n,K].
local function components(process, x, t)
  local function at(name) return process:coefficient(name, x, t):reshape { -1, 1, 1 } end
  local m, s, c = at "m", at "s", at "c"
  return x:unsqueeze(2) - (m * MEANS + c), (m:square() * VARS:unsqueeze(3) + s:square()):squeeze(3)
end

-- log w_k p_t(x | k) + const, [n,K]: what an ideal classifier says.
local function logits(process)
  return function(x, t)
    local d, v = components(process, x, t)
    return d:square():sum(3) / v * -0.5 - v:log() + WEIGHTS:log()
  end
end

-- grad log p_t(x | y) for labels y [n], -1: of the mixture.
local function conditional(process, x, t, y)
  local d, v = components(process, x, t)
  local each = -d / v:unsqueeze(3)
  local one_hot = y:reshape { -1, 1 }:eq(sl.arange(0, 3, 1, { dtype = "int64" }):reshape { 1, 3 }):to "float64"
  local share = sl.where(y:reshape { -1, 1 }:lt(0), logits(process)(x, t):softmax(2), one_hot)
  return (each * share:unsqueeze(3)):sum(2)
end

local function plain(process)
  return function(x, t) return conditional(process, x, t, int64 { -1 }:expand { x:shape(1) }) end
end

-- The same as a network that predicts noise and takes labels.
local calls = 0
local function network(process)
  return process:score(function(x, t, y)
    calls = calls + 1
    y = y or int64 { -1 }:expand { x:shape(1) }
    return conditional(process, x, t, y) * -process:coefficient("s", x, t)
  end, { label = function(t) return t end })
end

local PROCESSES = { sl.sde.VP {}, sl.sde.VE {}, sl.sde.EDM {}, gaussian.offset() }
local X, T = sl.randn({ 8, 2 }, f64) * 2, sl.linspace(0.02, 0.98, 8, f64)

check.test("classifier guidance with the exact log p(y|x,t) gives the score given the class", function()
  for _, process in ipairs(PROCESSES) do
    for _, base in ipairs { plain(process), network(process) } do
      local guided = sl.guidance.classifier(process, base, logits(process), DIFFERENT)
      local want = conditional(process, X, T, DIFFERENT)
      near(guided(X, T), want, 1e-9, tostring(process))
      local x0, eps = guided:exchange(X, T)
      local m, s, c = process:coefficient("m", X, T), process:coefficient("s", X, T), process:coefficient("c", X, T)
      near(eps, want * -s, 1e-9, "eps")
      near(m * x0 + s * eps + c, X, 1e-9, "x0")
    end
  end
end)

check.test("classifier guidance: scale, one class for all, interval", function()
  local process = PROCESSES[1]
  local base, exact = plain(process), logits(process)
  local prior, given = base(X, T), conditional(process, X, T, sl.full({ 8 }, 1, { dtype = "int64" }))
  local guided = sl.guidance.classifier(process, base, exact, 1, { scale = 3 })
  near(guided(X, T), prior + (given - prior) * 3, 1e-9, "scale 3")
  check.eq(sl.guidance.classifier(process, base, exact, 1, { scale = 0 })(X, T):totable(), prior:totable())
  local sigma = (process:coefficient("s", X, T) / process:coefficient("m", X, T)):reshape { -1 }:totable()
  local y = sl.guidance.classifier(process, base, exact, 1, { interval = { sigma[3], sigma[5] } })(X, T)
  for i = 1, 8 do
    local inside = i >= 3 and i <= 5
    near(y[i], (inside and given or prior)[i], inside and 1e-9 or 0, "sample " .. i)
  end
end)

check.test("a noisy classifier guides every affine process, whichever it was trained with", function()
  local images = sl.randint(0, 256, { 6, 8, 8, 1 }, { dtype = "uint8" })
  local known = require "sdelua.train.classifier".train(images, int64 { 0, 1, 2, 0, 1, 2 }, {
    steps = 3, batch = 2, width = 4, features = 8, process = { kind = "VE", options = { sigma_max = 30 } },
  })
  local ve, x, labels = known.process, sl.randn { 3, 8, 8, 1 } * 2, int64 { 1, 0, 2 }
  local function zero(z) return z * 0 end
  local function pull(process, z, t)
    return sl.guidance.classifier(process, zero, known, labels)(z, t)
  end
  for _, process in ipairs { sl.sde.VP {}, sl.sde.subVP {}, gaussian.offset() } do
    local at = process:point(0.4)
    local own = pull(ve, (x - at.c) / at.m, ve:time(at.sigma)) -- the same image and noise, as VE has them
    local size = own:abs():amax():item()
    near(pull(process, x, 0.4) * (at.m / size), own / size, 1e-4, tostring(process))
  end
  check.eq(known.process, ve, "the classifier itself is as it was")
  local clean = require "sdelua.train.classifier".train(images, int64 { 0, 1, 2, 0, 1, 2 }, {
    steps = 1, batch = 2, width = 4, features = 8,
  })
  check.raises(function() sl.guidance.classifier(sl.sde.VP {}, zero, clean, 0)(x, 0.4) end,
    "classifier: argument t: expected none, for it was trained on images without noise")
end)

-- ---- without a classifier -------------------------------------------------------------------------------------

check.test("classifier-free guidance: 1 is the score given the class, 0 that without, else on the line", function()
  for _, process in ipairs(PROCESSES) do
    local score = network(process)
    local given, free = score:given(DIFFERENT), sl.guidance.classifier_free
    check.eq(free(score, DIFFERENT)(X, T):totable(), given(X, T):totable())
    check.eq(free(score, DIFFERENT, { scale = 0 })(X, T):totable(), score(X, T):totable())
    near(given(X, T), conditional(process, X, T, DIFFERENT), 1e-9)
    calls = 0
    local y = free(score, DIFFERENT, { scale = 2.5 })(X, T)
    check.eq(calls, 1, "evaluations")
    near(y, score(X, T) + (given(X, T) - score(X, T)) * 2.5, 1e-12)
    local x0, eps = free(score, DIFFERENT, { scale = 2.5 }):exchange(X, T)
    near(-eps / process:coefficient("s", X, T), y, 1e-12, "eps")
    near((process:convert(X, T, y, "score", "x0")), x0, 1e-8, "x0")
  end
end)

check.test("classifier-free guidance in an interval of noise levels", function()
  local score = network(PROCESSES[3]) -- EDM: sigma = t
  local given, line = score:given(DIFFERENT), sl.guidance.classifier_free(score, DIFFERENT, { scale = 2 })
  local t = T * 10
  local y = sl.guidance.classifier_free(score, DIFFERENT, { scale = 2, interval = { 2, 6 } })
  for i = 1, 8 do
    local inside = t[i]:item() >= 2 and t[i]:item() <= 6
    check.eq(y(X, t)[i]:totable(), (inside and line or given)(X, t)[i]:totable(), "sample " .. i)
  end
  calls = 0
  check.eq(y(X, 20.0):totable(), given(X, 20.0):totable())
  check.eq(calls, 2)
end)

check.test("classifier-free guidance where m_T = 0", function()
  local flow = sl.sde.interpolant {}
  local score = flow:score(function(x, t, y) -- the velocity of N(0, 1) given 0, of N(2, 1/4) given 1
    local a = t:reshape { -1, 1 } -- m = 1 - t, s = t
    local mean, variance = 1.0, 1.0
    if y then mean, variance = y:to(x.dtype):reshape { -1, 1 } * 2, y:to(x.dtype):reshape { -1, 1 } * -0.75 + 1 end
    local v = (1 - a):square() * variance + a:square()
    local d = x - (1 - a) * mean
    local x0, eps = (1 - a) * variance * d / v + mean, a * d / v
    return eps - x0
  end, { parameterization = "velocity", label = function(t) return t end })
  local function drawn(scale)
    local guided = sl.guidance.classifier_free(score, { 0, 1 }, { scale = scale })
    return (sl.solve.ode { rtol = 1e-5, atol = 1e-5 } (flow, guided, { 2, 50 }, { seed = 1, dtype = "float64" }))
  end
  local one = drawn(1)
  near(one, sl.solve.ode { rtol = 1e-5, atol = 1e-5 } (flow, score:given { 0, 1 }, { 2, 50 },
    { seed = 1, dtype = "float64" }), 0)
  check.close(one[2]:mean():item(), 2, 0.1)
  check.ok(drawn(2)[2]:mean():item() > 2.2)
end)

check.test("labels: numbers, lists, tensors and one-hot rows say the same", function()
  local process, dim = PROCESSES[1], { size = 8, channels = 1, nf = 8, ch_mult = { 1 }, classes = 3 }
  local net = sl.nn.UNet(dim):eval()
  for _, p in ipairs(net:parameters()) do sl.no_grad(p.add_, p, sl.randn(p:shape()) * 0.1) end
  local score, x = process:score(net), sl.randn { 3, 8, 8, 1 }
  local function said(labels) return sl.no_grad(score:given(labels), x, 0.4):totable() end
  local want = said { 2, 0, 2 }
  check.eq(said(int64 { 2, 0, 2 }), want)
  check.eq(said(sl.tensor({ 2, 0, 2 }, { dtype = "uint8" })), want)
  check.eq(said(sl.tensor { { 0, 0, 1 }, { 1, 0, 0 }, { 0, 0, 1 } }), want)
  check.eq(said(2)[1], want[1])
  check.eq(said { -1, -1, -1 }, sl.no_grad(score, x, 0.4):totable())
  check.eq(said(nil), sl.no_grad(score, x, 0.4):totable())
end)

-- ---- linear measurements of a Gaussian -----------------------------------------------------------------------

local MU, TAU2, H, Y, SIGMA2 = sl.tensor({ { 0.5, -1 } }, f64), 0.7, sl.tensor({ { 0.6, -1.2 } }, f64), 0.8, 0.09
local HH = 0.6 ^ 2 + 1.2 ^ 2

local function gaussian_score(process)
  return function(x, t)
    local m, s, c = process:coefficient("m", x, t), process:coefficient("s", x, t), process:coefficient("c", x, t)
    return (m * MU + c - x) / (m:square() * TAU2 + s:square())
  end
end

-- -log p(y | x_t) from x0 = E[x_0 | x_t], whose variance is TAU2 s^2/(m^2 TAU2 + s^2).
local function misfit(process)
  return function(x0, t)
    local m, s = process:coefficient("m", x0, t), process:coefficient("s", x0, t)
    local v = (s:square() * TAU2 / (m:square() * TAU2 + s:square())):reshape { -1 }
    return ((x0 * H):sum(2) - Y):square() / (v * HH + SIGMA2) * 0.5
  end
end

-- grad log p(x_t | y): x_0 | y ~ N(mean, TAU2 (I - k H H^T)), k = TAU2/(TAU2 H^T H + SIGMA2).
local function posterior_score(process, x, t)
  local k = TAU2 / (TAU2 * HH + SIGMA2)
  local mean = MU + H * (k * (Y - (H * MU):sum():item()))
  local m, s, c = process:coefficient("m", x, t), process:coefficient("s", x, t), process:coefficient("c", x, t)
  local d = x - m * mean - c
  local a, b = m:square() * TAU2 + s:square(), m:square() * (TAU2 * k) -- (a I - b H H^T)^-1, Sherman & Morrison 1950
  return -(d / a + H * (d * H):sum(2, true) * (b / (a * (a - b * HH))))
end

check.test("guidance by log p(y|x,t), or by a loss of the estimate, gives the score given a measurement", function()
  for _, process in ipairs(PROCESSES) do
    local base, fn = gaussian_score(process), misfit(process)
    local want, denoise = posterior_score(process, X, T), process:denoiser(base)
    local by_logp = sl.guidance.logp(process, base, function(x, t) return -fn(denoise(x, t), t) end)
    local by_loss = sl.guidance.loss(process, base, fn)
    for name, guided in pairs { logp = by_logp, loss = by_loss } do
      near(guided(X, T), want, 1e-9, name .. ", " .. tostring(process))
      near(select(2, guided:exchange(X, T)), want * -process:coefficient("s", X, T), 1e-9, name)
    end
  end
end)

check.test("loss: norms, scale, and the gradient of the gradient", function()
  local process = PROCESSES[1]
  local base, fn = gaussian_score(process), misfit(process)
  local function pull(o) return sl.guidance.loss(process, base, fn, o)(X, T) - base(X, T) end
  local L = fn(process:denoiser(base)(X, T), T):reshape { -1, 1 }
  near(pull { norm = "residual", scale = 2 }, pull {} / L:sqrt() * 2, 1e-9, "residual")
  local function size(x) return x:square():mean(2, true):sqrt() end
  near(pull { norm = "score", scale = 0.5 }, pull {} / size(pull {}) * size(base(X, T)) * 0.5, 1e-9, "score")
  local x = X:clone():requires_grad_()
  local along = sl.grad(sl.guidance.loss(process, base, fn)(x, T):sum(), x)
  x = X:clone():requires_grad_()
  near(along, sl.grad(posterior_score(process, x, T):sum(), x), 1e-8, "derivative")
end)

check.test("samplers draw from the posterior", function()
  local process = sl.sde.VP {}
  local guided = sl.guidance.loss(process, gaussian_score(process), misfit(process))
  local k = TAU2 / (TAU2 * HH + SIGMA2)
  local mean = MU + H * (k * (Y - (H * MU):sum():item()))
  local x = sl.solve.heun { steps = 40 }(process, guided, { 4000, 2 }, { seed = 3, dtype = "float64" })
  near(x:mean(1, true), mean, 0.04, "mean")
  local d = x - mean
  local covariance = d:transpose(1, 2):matmul(d) / 4000
  near(covariance, (sl.eye(2, f64) - H:transpose(1, 2):matmul(H) * k) * TAU2, 0.05, "covariance")
end)

-- ---- any batch ------------------------------------------------------------------------------------------------

local function small_network(classes)
  sl.manual_seed(5)
  local net = sl.nn.UNet { size = 8, channels = 1, nf = 8, ch_mult = { 1 }, num_res_blocks = 1, classes = classes }
  for _, p in ipairs(net:parameters()) do sl.no_grad(p.add_, p, sl.randn(p:shape()) * 0.1) end
  return net:eval()
end

local SAMPLERS = {
  ancestral = { steps = 4 }, heun = { steps = 3, S_churn = 1 }, ode = { rtol = 1e-2, atol = 1e-2 },
  adaptive_sde = { rtol = 0.3, atol = 0.3 }, dpm_adaptive = { rtol = 0.3, eta = 0.5 },
}

-- Draws 5 at once, then some alone, of scores made for some of the places.
local function same_alone(process, make, name)
  for kind, o in pairs(SAMPLERS) do
    local solve = sl.solve[kind](o)
    local x = solve(process, make { 1, 2, 3, 4, 5 }, { 5, 8, 8, 1 }, { seed = 2 })
    for i = 1, 5, 3 do
      local alone = solve(process, make { i }, { 1, 8, 8, 1 }, { seed = 2, first = i - 1 })
      check.eq(alone[1]:totable(), x[i]:totable(), ("%s, %s, sample %d"):format(name, kind, i))
    end
  end
end

check.test("the same bits alone and in a batch, also where samples leave it", function()
  local process = sl.sde.VP {}
  local net, classifier = small_network(3), small_network(0)
  local score, targets = process:score(net), sl.randn { 8, 8, 8, 1 }
  local function class_logits(x, t)
    return classifier(x, t * 999):reshape { x:shape(1), 8, 8 }:sum(2):narrow(2, 1, 3)
  end
  local function labels(places) return DIFFERENT:index_select(int64(places), 1) end
  same_alone(process, function(places) return score:given(labels(places)) end, "given")
  same_alone(process, function(places)
    return sl.guidance.classifier_free(score, labels(places), { scale = 2, interval = { 0.1, 3 } })
  end, "classifier_free")
  same_alone(process, function(places)
    return sl.guidance.classifier(process, score, class_logits, labels(places), { interval = { 0, 2 } })
  end, "classifier")
  same_alone(process, function(places)
    local mine = targets:index_select(int64(places), 1)
    return sl.guidance.loss(process, score, function(x0, _, rows)
      local y = rows and mine:index_select(rows, 1) or mine
      return (x0 - y):square():reshape { x0:shape(1), -1 }:sum(2)
    end, { scale = 0.1, norm = "score", interval = { 0, 1 } })
  end, "loss")
end)

check.test("labels go with the samples that remain", function()
  local process, left = sl.sde.VP {}, false
  local whole = network(process)
  local function asked(x, t, rows)
    left = left or x:shape(1) < 8
    return whole:given(DIFFERENT)(x, t, rows)
  end
  for kind, tolerance in pairs { ode = 1e-5, adaptive_sde = 3e-2, dpm_adaptive = 1e-2 } do
    local solve, o = sl.solve[kind] { rtol = tolerance, atol = tolerance }, { seed = 4, dtype = "float64" }
    left = false
    local x = solve(process, asked, { 8, 2 }, o)
    check.ok(left, kind .. ": no sample left before another")
    for _, made in ipairs { whole:given(DIFFERENT), sl.guidance.classifier_free(whole, DIFFERENT) } do
      check.eq(solve(process, made, { 8, 2 }, o):totable(), x:totable(), kind)
    end
    for i = 1, 8 do
      local alone = solve(process, whole:given(DIFFERENT[i]:item()), { 1, 2 },
        { seed = 4, first = i - 1, dtype = "float64" })
      check.eq(alone[1]:totable(), x[i]:totable(), ("%s, sample %d"):format(kind, i))
    end
  end
end)

check.test("a score is told which samples remain; a network is not", function()
  local process, seen = sl.sde.VP {}, {}
  local function score(x, t, rows)
    check.eq(rows == nil or rows:shape(1) == x:shape(1), true)
    seen[#seen + 1] = rows and rows:totable() or x:shape(1)
    local own = rows and sl.tensor({ 0.1, 1, 4 }):index_select(rows, 1) or sl.tensor { 0.1, 1, 4 }
    local m, s = process:coefficient("m", x, t), process:coefficient("s", x, t)
    return -x / (m:square() * own:reshape { -1, 1 } + s:square())
  end
  for _, kind in ipairs { "ode", "adaptive_sde", "dpm_adaptive" } do
    seen = {}
    sl.solve[kind](SAMPLERS[kind])(process, score, { 3, 2 }, { seed = 1 })
    check.eq(seen[1], 3)
    local last = seen[#seen]
    check.ok(type(last) == "table" and #last < 3 and last[1] >= 1 and last[#last] <= 3, kind)
  end
  local Net = sl.nn.Module "Net"
  function Net.forward(_, x, _, third)
    check.eq(third, nil)
    return -x
  end
  local told = check.told(function()
    sl.solve.ode { rtol = 1e-2, atol = 1e-2 } (process, Net(), { 3, 2 }, { seed = 1 })
  end)
  check.ok(told[1]:find("ode: argument score: a network", 1, true))
end)

check.test("likelihood of points given their classes, alone and together", function()
  local process = sl.sde.VP {}
  local score, x = network(process):given(DIFFERENT), sl.randn({ 8, 2 }, f64)
  local o = { trace = "exact", rtol = 1e-3, atol = 1e-3 }
  local all = sl.likelihood.ode(process, score, x, o)
  for i = 1, 8, 3 do
    local alone = sl.likelihood.ode(process, network(process):given { DIFFERENT[i]:item() }, x:narrow(1, i, 1), o)
    check.eq(alone:item(), all[i]:item(), "point " .. i)
  end
end)

-- ---- a guidance of one's own, and what is refused ---------------------------------------------------------------

local MINE = [[
return {
  doc = "Pulls x_t towards a point, of my own.", source = "this test",
  arguments = { "process", "score", "point" }, subject = "point",
  logp = function(o, a, at) return (at.x - a.point):square():sum(2) * -0.5 end,
}
]]

check.test("a guidance in a file of one's own", function()
  local folder, path = os.tmpname(), package.path
  os.remove(folder)
  assert(os.execute(("mkdir -p '%s/sdelua/guidance/methods'"):format(folder)))
  do
    local file <close> = assert(io.open(folder .. "/sdelua/guidance/methods/towards.lua", "w"))
    file:write(MINE)
  end
  package.path = folder .. "/?.lua;" .. path
  local ok, err = xpcall(function()
    check.ok(tostring(sl.guidance.list()):find "towards +process, score, point")
    check.ok(sl.help "towards":find("Pulls x_t towards a point, of my own. (this test)", 1, true))
    local guided = sl.guidance.towards(PROCESSES[1], plain(PROCESSES[1]), 1, { scale = 2 })
    near(guided(X, T), plain(PROCESSES[1])(X, T) - (X - 1) * 2, 1e-12)
  end, debug.traceback)
  package.path = path
  os.execute(("rm -r '%s'"):format(folder))
  if not ok then error(err, 0) end
end)

check.test("guidance that returns NaN, the wrong shape, or no gradient", function()
  local process = sl.sde.VP {}
  local base, x = plain(process), sl.randn({ 3, 2 }, f64)
  local function refused(fn, part) check.raises(function() sl.guidance.logp(process, base, fn)(x, 0.25) end, part) end
  refused(function(y) return y end, "guidance.logp: argument fn: expected [3], one number a sample, got float64 [3,2]")
  refused(function(y) return y:sum() end, "expected [3], one number a sample, got float64 []")
  refused(function() return 3 end, "guidance.logp: argument fn: expected a tensor [3], got 3")
  refused(function(y) return y:sum(2) * sl.tensor({ 1, 0 / 0, 1 }, f64) end,
    "guidance.logp: argument fn: expected finite numbers, got NaN or infinity at sample 2, t = 0.25")
  refused(function(y) return y:sum(2) + sl.tensor({ 1, 1, 0 / 0 }, f64) end,
    "got NaN or infinity at sample 3, t = 0.25")
  refused(function(y) return (y * 0):sqrt():sum(2) end, "expected finite numbers, got NaN or infinity at sample 1")
  refused(function() return sl.zeros({ 3 }, f64) end, "expected numbers computed from x by recorded ops")
  refused(function() end, "guidance.logp: argument fn: expected a tensor [3], got nil")
  check.raises(function() sl.guidance.loss(process, base, function() end)(x, 0.25) end,
    "guidance.loss: argument fn: expected a tensor [3], got nil")
  for _, kind in ipairs { "logp", "loss" } do
    local function wrong(y) return y:sum(2) end
    check.raises(function() sl.guidance[kind](process, wrong, wrong)(x, 0.25) end,
      "score: expected a result like x, float64 [3,2], got float64 [3]")
  end
  local function bad(...) return sl.zeros { ... } end
  check.raises(function() sl.guidance.classifier(process, base, function() return bad(3) end, 0)(x, 0.5) end,
    "guidance.classifier: argument classifier: expected logits [3,classes], got float32 [3]")
end)

check.test("labels, networks, processes and options that do not fit", function()
  local process = sl.sde.VP {}
  local score, guidance = process:score(small_network(3)), sl.guidance
  local x = sl.zeros { 2, 8, 8, 1 }
  local function refused(part, fn, ...)
    local given = { ... }
    check.raises(function() fn(table.unpack(given)) end, part)
  end
  refused("guidance.classifier_free: argument labels: expected classes from 0 to 2 (-1: none), got 3",
    guidance.classifier_free, score, { 0, 3 })
  refused("guidance.classifier_free: argument labels: expected a class, or each sample's own, got nil",
    guidance.classifier_free, score)
  refused("given: argument labels: expected one-hot rows of 3 classes, got float32 [2,4]", score.given, score,
    sl.zeros { 2, 4 })
  refused("given: argument labels: expected a class, a list of them", score.given, score, "shoe")
  refused("given: argument labels: expected 2 of them, one a sample, got int64 [3]", score:given { 0, 1, 2 }, x, 0.5)
  refused("expected one of a network with classes (option classes or label_dim), got UNet(8x8x1", score.given,
    process:score(small_network(0)), 1)
  refused("guidance.classifier_free: argument score: expected one made by process:score(net), got a function",
    guidance.classifier_free, plain(process), 1)
  refused("guidance.classifier: argument labels: expected classes from 0 to 2, got 5", function()
    guidance.classifier(process, plain(process), logits(process), 5)(X, T)
  end)
  refused("guidance.classifier: argument labels: expected classes from 0 to 2, got -1", function()
    guidance.classifier(process, plain(process), logits(process), -1)(X, T)
  end)
  refused("guidance.logp: argument process: expected a process of sl.sde, got 3", guidance.logp, 3, score, print)
  refused("guidance.logp: argument process: expected one with m_T > 0", guidance.logp, sl.sde.interpolant {}, score,
    print)
  refused("guidance.logp: argument fn: expected a function, got 2", guidance.logp, process, score, 2)
  refused("guidance.logp: option interval: expected two noise levels { lo, hi }, got 2, 1", guidance.logp, process,
    score, print, { interval = { 2, 1 } })
  refused("guidance.logp: option scale: expected a number, got NaN", guidance.logp, process, score, print,
    { scale = 0 / 0 })
  refused("guidance.logp: option scale: expected a finite number, got inf", guidance.logp, process, score, print,
    { scale = math.huge })
  refused("guidance.logp: unknown option strength", guidance.logp, process, score, print, { strength = 2 })
  refused('guidance.logp: option norm: expected "none", "score", got residual', guidance.logp, process, score, print,
    { norm = "residual" })
end)
