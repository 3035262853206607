-- Processes as scripts see them.
local check = require "check"
local sl = require "sdelua"

local sde = sl.sde
local f64 = { dtype = "float64" }

local function close(a, b, atol, what)
  check.close(a:to("float64"):totable(), b:to("float64"):totable(), 0, atol, what)
end

check.test("fields", function()
  local vp, ve = sde.VP {}, sde.VE { T = 2 }
  check.eq({ vp.T, vp.tier, vp.name, vp.label }, { 1.0, "affine", "VP", "time" })
  check.eq(vp.eps, { train = 1e-5, sample = 1e-3, likelihood = 1e-5 })
  check.eq(ve.eps, { train = 1e-5, sample = 1e-5, likelihood = 1e-5 })
  check.eq({ ve.T, ve.label }, { 2.0, "std" })
  check.eq(sde.VP { eps = { sample = 0.01 } }.eps.sample, 0.01)
  check.eq(tostring(vp), "VP process on [0, 1] (affine): beta_max = 20, beta_min = 0.1")
end)

check.test("the forward process", function()
  local vp, x = sde.VP { beta_min = 0.1, beta_max = 20 }, sl.tensor({ { 1, 2 }, { 3, 4 } }, f64)
  local t = sl.tensor({ 0.5, 1 }, f64)
  check.close(vp:drift(x, t):totable(), { { -5.025, -10.05 }, { -30, -40 } }, 1e-12)
  check.eq(vp:diffusion(x, t):shape(), { 2, 1 })
  local mean, std = vp:marginal_prob(x, 0.5)
  local m = math.exp(-0.25 * 0.25 * 19.9 - 0.25 * 0.1)
  check.close(mean:totable(), { { m, 2 * m }, { 3 * m, 4 * m } }, 1e-12)
  check.close(std:item(), math.sqrt(1 - m * m), 1e-12)
  local z = sl.randn({ 2, 2 }, f64)
  close(vp:perturb(x, 0.5, z), mean + std * z, 1e-12)
  local f, G = vp:discretize(x, 0.5, 100)
  local before = math.exp(-0.25 * 0.49 ^ 2 * 19.9 - 0.5 * 0.49 * 0.1)
  check.close(f:totable()[1][1], m / before - 1, 1e-9)
  check.close(G:item() ^ 2, 1 - m * m - (m / before) ^ 2 * (1 - before * before), 1e-9)
end)

check.test("gradients go through drift, perturb and score", function()
  local vp, x = sde.VP {}, sl.randn({ 3, 2 }, f64):requires_grad_()
  local score = vp:score(function(y) return y * 2 end, { parameterization = "v" })
  vp:drift(x, 0.3):sum():backward()
  check.close(x.grad:totable(), sl.full({ 3, 2 }, -0.5 * (0.1 + 19.9 * 0.3), f64):totable(), 1e-9)
  local s = score(vp:perturb(x, 0.5, x * 0), 0.5)
  check.ok(s.requires_grad)
end)

check.test("prior", function()
  local ve = sde.VE {}
  local x = ve:prior_sampling({ 4000, 2 }, { seed = 5 })
  check.close(x:var():sqrt():item(), 50, 0.05)
  local head, tail = ve:prior_sampling({ 7, 2 }, { seed = 5 }), ve:prior_sampling({ 3, 2 }, { seed = 5, first = 7 })
  local parts = sl.cat({ head, tail }, 1)
  check.eq(parts:totable(), x:narrow(1, 1, 10):totable())
  local index = sl.tensor({ 9, 2 }, { dtype = "int64" })
  check.eq(ve:prior_sampling({ 2, 2 }, { seed = 5, index = index }):totable(), x:index_select(index + 1, 1):totable())
  local own = sde.VE { prior = { mean = sl.tensor { 1, 2 }, std = 0.5 } }
  close(own:prior_sampling({ 1, 2 }, { noise = function(shape) return sl.zeros(shape) end }), sl.tensor { { 1, 2 } }, 0)
  check.close(own:prior_logp(sl.tensor { { 1, 2 } }):item(), -math.log(2 * math.pi * 0.25), 1e-6)
end)

-- ---- define ---------------------------------------------------------------------------------------

check.test("the three forms of define agree with VP", function()
  local function beta(t) return 0.1 + 19.9 * t end
  local function mean(t) return math.exp(-0.25 * 19.9 * t * t - 0.05 * t) end
  local vp, x = sde.VP {}, sl.randn({ 5, 3 }, f64)
  local forms = {
    sde.VP { beta = beta },
    sde.define { mean = mean, std = function(t) return math.sqrt(1 - mean(t) ^ 2) end },
    sde.define { drift_coefficient = function(t) return -beta(t) / 2 end,
      diffusion_coefficient = function(t) return math.sqrt(beta(t)) end },
    sde.define { drift = function(y, t) return -0.5 * beta(t) * y end,
      diffusion = function(t) return beta(t):sqrt() end },
    sde.define { drift = function(y, t) return -0.5 * beta(t) * y end,
      diffusion = function(y, t) return beta(t):sqrt() + 0 * y end },
  }
  check.eq(forms[4].tier, "general (unprobed)")
  local t = sl.tensor({ 1e-3, 0.1, 0.4, 0.9, 1 }, f64)
  for i, p in ipairs(forms) do
    close(p:drift(x, t), vp:drift(x, t), 1e-4, "drift " .. i)
    close(p:diffusion(x, t), vp:diffusion(x, t), 1e-4, "diffusion " .. i)
    local m, s = p:marginal_prob(x, t)
    local want_m, want_s = vp:marginal_prob(x, t)
    close(m, want_m, 1e-8, "mean " .. i)
    close(s, want_s, 1e-8, "std " .. i)
    check.eq(p.tier, i < 4 and "affine" or "affine (probed)")
  end
end)

check.test("dx = e^t dw", function()
  local p = sde.define { drift = function(x) return 0 * x end, diffusion = function(t) return t:exp() end, T = 3 }
  local x, s = sl.randn(4, 2), math.sqrt((math.exp(6) - 1) / 2)
  local _, std = p:marginal_prob(x, 3)
  check.close(std:item(), s, 1e-6)
  check.eq({ p.tier, p.T }, { "affine (probed)", 3.0 })
  check.close(p:prior_sampling({ 20000, 2 }, { seed = 1 }):var():sqrt():item(), s, 0.02)
end)

check.test("coefficients over features", function()
  local mu = sl.tensor({ 1, -2, 5 }, f64)
  local rates = sl.tensor({ 1, 2, 3 }, f64)
  local p = sde.define {
    drift_coefficient = function() return -rates end, drift_offset = function() return rates * mu end,
    diffusion_coefficient = function() return 0.5 end, T = 4, std0 = 0.1,
  }
  local q = sde.define {
    drift = function(x) return rates * (mu - x) end, diffusion = function(t) return t * 0 + 0.5 end, T = 4, std0 = 0.1,
  }
  local x = sl.randn({ 2, 3 }, f64)
  for _, process in ipairs { p, q } do
    local mean, std = process:marginal_prob(x, 0.7)
    local m = (rates * -0.7):exp()
    close(mean, m * x + (1 - m) * mu, 1e-8)
    close(std, ((1 - m * m) * 0.125 / rates + m * m * 0.01):sqrt():reshape { 1, 3 }, 1e-8)
    close(process:drift(x, 0.7), rates * (mu - x), 1e-8)
  end
  check.raises(function() p:drift(sl.randn({ 2, 2 }, f64), 0.1) end, "")
end)

check.test("errors in define", function()
  local one = function() return 1 end
  check.raises(function() sde.define {} end, "define: expected mean and std")
  check.raises(function() sde.define { mean = one } end, "define: option std: expected a function, got nil")
  check.raises(function() sde.define { mean = one, std = one, drift = one } end, "does not go with")
  check.raises(function() sde.define { mean = one, std = one, betas = one } end, "define: unknown option betas")
  check.raises(function() sde.define { mean = one, std = function(t) return 2 - t end } end,
    "expected std/mean to increase with t")
  check.raises(function() sde.define { mean = one, std = function() return "x" end } end,
    "argument std: expected a function that returns")
  check.raises(function() sde.define { mean = one, std = function() error "mine" end } end, "mine")
  check.raises(function() sde.define { drift = one, diffusion = one, tier = "linear" } end, "define: option tier")
  check.raises(function() sde.VP { beta = one, beta_min = 1 } end, "VP: option beta")
  check.raises(function() sde.VP { beta_max = -1 } end, "VP: arguments beta_min, beta_max")
  check.raises(function() sde.VP { T = 0 / 0 } end, "VP: option T: expected a number, got NaN")
  check.raises(function() sde.VE { sigma = function(t) return t < 0.5 and 1 or 2 end } end,
    "VE: expected a continuous function")
  check.raises(function() sde.VP {}:drift(sl.zeros(2, 2), 2) end, "expected times in [0, 1], got 2")
  check.raises(function() sde.VP {}:drift(sl.zeros(2, 2), sl.zeros(3)) end, "expected a number or a float tensor [2]")
  check.raises(function() sde.VP {}:discretize(sl.zeros(2, 2), 0.5, 10, { levels = "papers" }) end,
    "discretize: option levels")
end)

check.test("what a drift raises arrives as it was", function()
  local fault = {}
  local p = sde.define { drift = function() error(fault) end, diffusion = function(t) return t end }
  local ok, err = pcall(p.drift, p, sl.randn(2, 2), 0.5)
  check.ok(not ok and err == fault)
  local q = sde.define { drift = function() return 3 end, diffusion = function() return {} end }
  check.raises(function() q:drift(sl.randn(2, 2), 0.5) end, "diffusion: expected a tensor as result, got a table")
end)

-- ---- the general tier -----------------------------------------------------------------------------------

check.test("general processes say what they lack", function()
  local p = sde.define {
    drift = function(x) return -x * x * x end, diffusion = function(x, _) return 1 + x * x end, noise_type = "diagonal",
    prior = { mean = 0, std = 1 },
  }
  local x = sl.randn({ 3, 2 }, f64)
  close(p:drift(x, 0.5), -x * x * x, 0)
  check.eq(p.tier, "general")
  check.raises(function() p:marginal_prob(x, 0.5) end,
    "marginal_prob: argument process: expected one with a transition kernel")
  check.raises(function() sl.solve.ancestral { steps = 2 }(p, function(y) return -y end, { 2, 2 }) end,
    "ancestral: argument process")
  -- M = (1 + x^2)^2, div M = 4 x (1 + x^2)
  local score = function(y) return -y end
  local g = 1 + x * x
  close(p:reverse(score):drift(x, 0.5), -x * x * x - 4 * x * g + g * g * x, 1e-9)
  close(p:reverse(score, { probability_flow = true }):drift(x, 0.5), -x * x * x - 2 * x * g + g * g * x * 0.5, 1e-9)
  check.raises(function()
    sde.define { drift = function(y) return y * y end, diffusion = function(t) return t end }:drift(x, 0.5)
  end, "noise_type")
end)

local function turned(x, t) return x:matmul(sl.tensor({ { 0, 1 }, { -1, 0 } }, { dtype = x.dtype })) - x * t end
local function steady(t) return t * 0 + 1 end

check.test("the probe says what keeps a process from a kernel", function()
  local x, net = sl.randn(3, 2), sl.nn.MLP { dim = 2, hidden = 4 }
  local MIXES = "the drift mixes features (a kernel needs a(t) x + b(t), each feature by itself)"
  local function wheel(more)
    more.drift, more.diffusion = turned, steady
    return sde.define(more)
  end
  check.raises(function() wheel {}:drift(x, 0.5) end, "is not affine: " .. MIXES)
  check.raises(function() wheel { tier = "affine" }:drift(x, 0.5) end, 'expected "general", since ' .. MIXES)
  local general = wheel { noise_type = "scalar" }
  check.raises(function() sl.loss.dsm(general, general:score(net), x) end, "a general one, since " .. MIXES)
  local function bent(y) return y * y end
  check.raises(function() sde.define { drift = bent, diffusion = steady }:drift(x, 0.5) end,
    "is not affine: the drift is not a(t) x + b(t)")
  local function noisy(y, _) return y end
  check.raises(function() sde.define { drift = function(y) return -y end, diffusion = noisy }:drift(x, 0.5) end,
    "is not affine: the diffusion depends on x")
end)

check.test("what is finite nowhere at some time is told of, with the time", function()
  local function late(t) return (t - 0.5):sqrt() end
  local function calm(x) return -x end
  for _, more in ipairs { {}, { noise_type = "scalar" } } do
    more.drift, more.diffusion = calm, late
    local p = sde.define(more)
    check.raises(function() p:drift(sl.randn(3, 2), 0.7) end,
      "define: diffusion: expected finite values on (0, T), got nan at t = 0.03125")
  end
  local p = sde.define { drift = function(x, t) return x / (t * 0) end, diffusion = steady }
  check.raises(function() p:drift(sl.randn(3, 2), 0.7) end, "define: drift: expected finite values")
  -- finite for some x is enough: a process of positive numbers
  local root = sde.define {
    drift = function(x) return 1 - x end, diffusion = function(x, _) return x:sqrt() end, noise_type = "diagonal",
  }
  check.eq(root:drift(sl.ones(2, 1), 0.5):totable(), { { 0 }, { 0 } })
  check.eq(root.tier, "general")
end)

check.test("simulate names itself", function()
  check.raises(function() sde.VP {}:simulate() end, "simulate: argument x0: expected a float tensor")
end)

-- ---- score ------------------------------------------------------------------------------------------------

check.test("labels", function()
  local seen
  local function net(x, label) seen = label; return x end
  local x, t = sl.randn(2, 3), sl.tensor { 0.25, 0.5 }
  sde.VP {}:score(net)(x, t)
  check.close(seen:totable(), { 249.75, 499.5 }, 1e-6)
  sde.VE { sigma_min = 1, sigma_max = 16 }:score(net)(x, t)
  check.close(seen:totable(), { 2, 4 }, 1e-6)
  sde.VE {}:score(net, { label = "time" })(x, 0.5)
  check.close(seen:totable(), { 499.5, 499.5 }, 1e-6)
  sde.VE {}:score(net, { label = function(u) return u * 2 end })(x, t)
  check.close(seen:totable(), { 0.5, 1 }, 1e-6)
  check.raises(function() sde.VP {}:score(3) end, "score: argument net")
  check.raises(function() sde.VP {}:drift(x) end, "drift: argument t: expected a number or a tensor, got nil")
  check.raises(function() sde.VP {}:score(net, { label = 3 }) end, "score: option label")
  check.raises(function() sde.VP {}:score(net, { parameterization = "epsilon" }) end, "score: option parameterization")
end)

check.test("m_T = 0 refuses noise and score by name", function()
  local flow = sde.define { mean = function(t) return 1 - t end, std = function(t) return t end }
  check.raises(function() flow:score(function(x) return x end) end, "cannot predict the noise at T = 1")
  check.raises(function() flow:score(function(x) return x end, { parameterization = "score" }) end,
    "cannot predict the score")
  check.raises(function() sl.solve.ancestral { steps = 4 }(flow, function(x) return -x end, { 2, 2 }) end,
    "ancestral: argument process: m_T = 0")
  check.raises(function() sl.solve.ode {}(flow, function(x) return -x end, { 2, 2 }) end, "m_T = 0")
  -- data N(0, d^2): the flow is linear, and carries N(0, 1) to it
  local d = 0.3
  local function velocity(x, t)
    t = t:reshape { -1, 1 }
    return x * ((t - (1 - t) * d * d) / ((1 - t):square() * d * d + t * t))
  end
  local score = flow:score(velocity, { parameterization = "velocity", label = function(t) return t end })
  local z = sl.randn({ 50, 2 }, f64)
  local x = sl.solve.ode { rtol = 1e-8, atol = 1e-8 }(flow, score, nil, { x = z })
  local eps = flow.eps.sample
  close(x, z * math.sqrt((1 - eps) ^ 2 * d * d + eps * eps), 1e-5)
end)

check.test("scores say how they are called, and where there is none", function()
  local vp, x = sde.VP {}, sl.randn(3, 2)
  local score = vp:score(sl.nn.MLP { dim = 2, hidden = 4 })
  check.raises(function() score(x) end, "score: argument t: expected a number or a float tensor [N], got nil")
  check.raises(function() score() end, "score: argument x: expected a tensor")
  check.raises(function() score(x, 0) end, "expected times at which there is noise, got t = 0, where s = 0")
  check.raises(function() score(x, sl.tensor { 0.5, 0, 1 }) end, "got t = 0")
  check.eq(sde.VE {}:score(function(y) return y end)(x, 0):shape(), { 3, 2 })
end)

check.test("without a kernel only a score can be predicted, and the error says so", function()
  local p = sde.define { drift = turned, diffusion = steady, noise_type = "scalar" }
  local net, x = sl.nn.MLP { dim = 2, hidden = 4 }, sl.randn(3, 2)
  check.raises(function() sl.loss.ssm_vr(p, p:score(net), x) end,
    'score: option parameterization: expected "score" (or "energy"), since the process has no transition kernel')
  local value = sl.loss.ssm_vr(p, p:score(net, { parameterization = "score" }), x)
  check.ok(value:item() == value:item())
end)
