-- Objectives beyond the reference's: what they are least for, their draws, and processes without a kernel.
local check = require "check"
local sl = require "sdelua"

local f64 = { dtype = "float64" }
local function draws(n, d)
  return { t = sl.rand({ n }, f64) * 0.9 + 0.05, z = sl.randn({ n, d }, f64) }, sl.randn({ n, d }, f64)
end

check.test("the list names every objective with its source", function()
  local names = {}
  for _, row in ipairs(sl.loss.list()) do
    names[#names + 1] = row.name
    check.ok(#row.doc > 20 and #row.source > 8, row.name)
  end
  check.eq(names, { "ddpm", "dsm", "edm", "flow", "ism", "min_snr", "smld", "ssm", "ssm_vr", "v" })
  check.ok(tostring(sl.loss.list()):find "Hyvarinen 2005")
  check.eq(sl.loss.hinge, nil)
end)

-- ---- losses of a prediction -------------------------------------------------------------------------------

check.test("v, flow and min_snr are what their formulas say", function()
  for _, p in ipairs { sl.sde.VP {}, sl.sde.subVP {}, sl.sde.VE { sigma_max = 20 } } do
    local opts, x0 = draws(40, 3)
    local score = p:score(function(x) return x:sin() end, { label = function(t) return t end })
    local x = p:perturb(x0, opts.t, opts.z)
    local guess, eps = score:exchange(x, opts.t)
    local m, s = p:coefficient("m", x, opts.t), p:coefficient("s", x, opts.t)
    local v = (m * eps - s * guess - (m * opts.z - s * x0)):square():mean():item()
    check.close(sl.loss.v(p, score, x0, opts):item(), v, 1e-10)
    local u = (p:velocity(guess, opts.t, eps) - p:velocity(x0, opts.t, opts.z)):square():mean():item()
    check.close(sl.loss.flow(p, score, x0, opts):item(), u, 1e-8)
    local snr = (m / s):square()
    local want = (snr:clamp(0, 5) * (guess - x0):square()):mean():item()
    check.close(sl.loss.min_snr(p, score, x0, opts):item(), want, 1e-8)
    opts.gamma = 1e-9
    check.ok(sl.loss.min_snr(p, score, x0, opts):item() < want * 1e-6)
  end
end)

check.test("flow and v where m_T = 0", function()
  local p = sl.sde.define { mean = function(t) return 1 - t end, std = function(t) return t end }
  local opts, x0 = draws(10, 2)
  opts.t = sl.ones({ 10 }, f64)
  local score = p:score(function(x) return x * 0 end,
    { parameterization = "velocity", label = function(t) return t end })
  check.close(sl.loss.flow(p, score, x0, opts):item(), (opts.z - x0):square():mean():item(), 1e-9)
  check.ok(sl.loss.v(p, score, x0, opts):item() < math.huge)
end)

check.test("times drawn by importance give the same expectation with less variance", function()
  local x0 = sl.randn({ 20000, 1 }, f64)
  for _, p in ipairs { sl.sde.VP {}, sl.sde.subVP {}, sl.sde.VE { sigma_min = 0.1, sigma_max = 10 } } do
    -- a network that says 0 has the squares z^2, so the loss is the mean weight times 1
    local function zero(x) return x * 0 end
    local function loss(t_sampling, weighting, eps)
      local parts, sum, squares = 20, 0, 0
      for i = 1, parts do
        local v = sl.loss.dsm(p, p:score(zero), x0:narrow(1, (i - 1) * 1000 + 1, 1000),
          { t_sampling = t_sampling, weighting = weighting, eps = eps or 0.1 }):item()
        sum, squares = sum + v, squares + v * v
      end
      local mean = sum / parts
      return mean, math.sqrt((squares / parts - mean * mean) / parts)
    end
    sl.manual_seed(5)
    -- int g^2/s^2 dt = 2 log(sigma_T/sigma_eps)
    local exact = 2 * math.log(p:point(1).sigma / p:point(0.1).sigma) / 0.9
    local mean, error_of_mean = loss("importance", "likelihood")
    check.close(mean, exact, 0, 5 * error_of_mean)
    local uniform, its_error = loss("uniform", "likelihood")
    check.close(uniform, exact, 0, 5 * its_error + 0.02 * exact)
    local _, spread = loss("importance", "likelihood", 1e-3)
    local _, wide = loss("uniform", "likelihood", 1e-3)
    check.ok(spread < wide or p.name == "VE", ("%s: %g, %g"):format(p.name, spread, wide)) -- VE's g^2/s^2 is even
    local std, std_error = loss("importance", "std")
    check.close(std, 1, 0, 6 * std_error)
  end
  check.raises(function() sl.loss.dsm(sl.sde.VP {}, function(x) return -x end, x0, { t_sampling = "even" }) end,
    'dsm: option t_sampling: expected "uniform", "importance", got even')
end)

check.test("times are drawn by importance where each feature has rates of its own", function()
  local a, g = { 1, 4 }, { 1, 0.5 }
  local p = sl.sde.define {
    drift_coefficient = function() return sl.tensor(a, f64) * -1 end, T = 2,
    diffusion_coefficient = function() return sl.tensor(g, f64) end,
  }
  -- log s^2/m^2 of dx = -a x dt + g dw
  local function log_ratio(i, t) return math.log(g[i] ^ 2 * (math.exp(2 * a[i] * t) - 1) / (2 * a[i])) end
  local eps, n = 0.05, 4000
  local function grown(i, t) return log_ratio(i, t) - log_ratio(i, eps) end
  local function both(t) return (grown(1, t) + grown(2, t)) / 2 end
  local x0, u = sl.zeros({ n, 2 }, f64), (sl.arange(0, n, 1, f64) + 0.5) / n
  local t = require "sdelua.loss.importance".times({ who = "dsm" }, p, x0, u, eps):totable()
  for i = 1, n, 399 do check.close(both(t[i]), (i - 0.5) / n * both(2), 1e-9) end
  -- a network that says 0 has the squares z^2
  local score = p:score(function(x) return x * 0 end)
  local function loss(weighting, z, t_sampling)
    return sl.loss.dsm(p, score, x0, { z = z, weighting = weighting, t_sampling = t_sampling, eps = eps }):item()
  end
  local ones = sl.ones({ n, 2 }, f64)
  check.close(loss("likelihood", ones, "importance"), both(2) / (2 - eps), 1e-7) -- without variance
  sl.manual_seed(6)
  for i = 1, 2 do -- each feature alone
    local one = ones * sl.tensor({ 2 - i, i - 1 }, f64)
    check.close(loss("likelihood", one, "importance"), grown(i, 2) / 2 / (2 - eps), 0.03)
    check.close(loss("likelihood", one, "uniform"), grown(i, 2) / 2 / (2 - eps), 0.05)
    check.close(loss("std", one, "importance"), 0.5, 0.03)
  end
  local ism = { t_sampling = "importance", weighting = "std", eps = eps }
  local function linear(x) return -x end
  local drawn = sl.loss.ism(p, linear, x0, ism):item()
  ism.t_sampling = "uniform"
  check.close(drawn, sl.loss.ism(p, linear, x0, ism):item(), 0.04)
  local bridge = sl.sde.define { mean = function(v) return 1 - v end, std = function(v) return v end }
  check.raises(function() sl.loss.flow(bridge, bridge:score(function(x) return x end, { parameterization = "v" }), x0,
    { t_sampling = "importance" }) end, 'flow: option t_sampling: expected "uniform" where m_T = 0, got importance')
  check.raises(function() sl.loss.dsm(p, score, x0, { t_sampling = "importance", eps = 0 }) end,
    'dsm: option t_sampling: expected "uniform" where eps = 0, got importance')
end)

-- ---- implicit and sliced ------------------------------------------------------------------------------------

-- For s = -a x every one of them estimates a^2 E|x|^2/2 - a D, least at a = 1/d^2 for data N(0, d^2).
check.test("the losses of a linear score are known", function()
  local d, D = 0.8, 3
  sl.manual_seed(11)
  local x = sl.randn({ 20000, D }, f64) * d
  local square = x:square():sum(2):mean():item()
  for name, tolerance in pairs { ism = 1e-9, ssm = 0.05, ssm_vr = 0.05 } do
    for _, a in ipairs { 0.5, 1 / d ^ 2, 3 } do
      local function linear(y) return y * -a end
      check.close(sl.loss[name](nil, linear, x):item(), a * a * square / 2 - a * D, 0, tolerance * a * D, name)
    end
  end
  local function s(y) return y * -1.5 end
  local exact = sl.loss.ism(nil, s, x):item()
  check.close(sl.loss.ism(nil, s, x, { trace = "hutchinson", projections = 2 }):item(), exact, 1e-9)
  check.raises(function() sl.loss.ism(nil, s, x, { trace = "guess" }) end, "ism: option trace")
  check.raises(function() sl.loss.dsm(nil, s, x) end, "dsm: argument process")
end)

check.test("with a process they differ from dsm by a number without parameters", function()
  local p = sl.sde.VP {}
  sl.manual_seed(12)
  local x0 = sl.randn({ 4000, 2 }, f64) * 0.5
  local opts = { t = sl.full({ 4000 }, 0.4, f64), z = sl.randn({ 4000, 2 }, f64) }
  local function scores(a) return function(x) return x * -a end end
  for name, more in pairs { ism = {}, ssm = { projection = "rademacher" }, ssm_vr = { projections = 2 } } do
    local function difference(a)
      for key, value in pairs(more) do opts[key] = value end
      local implicit = sl.loss[name](p, scores(a), x0, opts):item()
      for key in pairs(more) do opts[key] = nil end
      opts.reduce_mean = false
      local explicit = sl.loss.dsm(p, scores(a), x0, opts):item()
      opts.reduce_mean = nil
      return implicit - explicit
    end
    check.close(difference(0.5), difference(2), 0, 0.06, name)
  end
end)

check.test("a process without a kernel is simulated", function()
  local k, sigma = 2, 0.7
  local general = sl.sde.define {
    drift = function(x) return x * -k end, diffusion = function(_, t) return t * 0 + sigma end, tier = "general",
    noise_type = "scalar", prior = { mean = 0, std = 1 },
  }
  sl.manual_seed(13)
  local x0, t = sl.randn({ 8000, 2 }, f64), sl.full({ 8000 }, 0.5, f64)
  local x = require "sdelua.loss.implicit".simulate(general, x0, t, 64)
  check.eq(general.tier, "general")
  local m = math.exp(-k * 0.5)
  local var = m * m + sigma ^ 2 * (1 - m * m) / (2 * k)
  check.close(x:var():item(), var, 0.06)
  for _, name in ipairs { "ism", "ssm", "ssm_vr" } do
    local loss = sl.loss[name](general, function(y) return y * -1.5 end, x0, { t = t }):item()
    check.close(loss, 2 * (1.5 ^ 2 * var / 2 - 1.5), 0.08, 0.02, name)
  end
  check.raises(function() sl.loss.dsm(general, function(y) return -y end, x0) end,
    "dsm: argument process: expected one with a transition kernel")
  check.raises(function() sl.loss.ism(general, function(y) return -y end, x0, { weighting = "std" }) end,
    "ism: argument process: expected one with a transition kernel")
  check.raises(function() sl.loss.ism(general, function(y) return -y end, x0, { steps = 0 }) end, "ism: option steps")
  -- matrix noise
  local turned = sl.sde.define {
    drift = function(y) return y * 0 end, noise_type = "matrix", prior = { mean = 0, std = 1 }, tier = "general",
    diffusion = function(y) return sl.tensor({ { 1, 1, 0 }, { 0, 1, 0 } }, f64):expand { y:shape(1), 2, 3 } end,
  }
  local y = require "sdelua.loss.implicit".simulate(turned, x0 * 0, t * 2, 8)
  check.close((y:transpose(1, 2):matmul(y) / 8000):totable(), { { 2, 1 }, { 1, 1 } }, 0, 0.12)
end)

-- ---- energies --------------------------------------------------------------------------------------------------

check.test("an energy's score is minus its gradient, in losses and in samplers", function()
  local p = sl.sde.VP {}
  local k = sl.tensor({ 0.7 }, f64):requires_grad_()
  local function energy(x) return (x:square() * k * 0.5):sum(2) end
  local function linear(x) return x * -k end
  local label = function(t) return t end
  local opts, x0 = draws(30, 2)
  for _, name in ipairs { "dsm", "v", "min_snr", "ism", "ssm_vr" } do
    local grads = {}
    for i, score in ipairs {
      p:score(energy, { parameterization = "energy", label = label }),
      p:score(linear, { parameterization = "score", label = label }),
    } do
      k.grad = nil
      sl.manual_seed(1)
      local given = { t = opts.t, z = opts.z }
      local loss = sl.loss[name](p, score, x0, given)
      loss:backward()
      grads[i] = { loss:item(), k.grad:item() }
    end
    check.close(grads[1], grads[2], 1e-9, 0, name)
  end
  local net = sl.nn.MLP { in_features = 2, out_features = 1, hidden = { 16 }, embed = 8 }
  local score = p:score(net, { parameterization = "energy" })
  local x = sl.solve.ode { steps = 3, method = "heun" }(p, score, { 4, 2 }, { seed = 1 })
  check.eq(x:shape(), { 4, 2 })
  check.ok(not x.requires_grad)
  sl.loss.dsm(p, score, sl.randn(8, 2)):backward()
  check.ok(net:parameters()[1].grad ~= nil)
end)

-- ---- draws ------------------------------------------------------------------------------------------------------

check.test("draws of every objective follow the samples seen, not batches or threads", function()
  local p = sl.sde.VP {}
  local threads = sl.threads()
  for name, row in sl.loss.objectives:each() do
    local opts = row.options.n_steps and { n_steps = 100 } or {}
    local met
    local function net(x, t)
      met = { x:totable(), t:totable() }
      return -x
    end
    local function seen(n, at)
      sl.set_rng_state { seed = 9, seen = at }
      sl.loss[name](p, net, sl.zeros(n, 2), opts)
      return met
    end
    local whole, head, tail = seen(6, 100), seen(4, 100), seen(2, 104)
    for i = 1, 6 do
      local part, j = i <= 4 and head or tail, i <= 4 and i or i - 4
      check.eq(part[1][j], whole[1][i], name)
      check.eq(part[2][j], whole[2][i], name)
    end
    check.eq(sl.rng_state().seen, 106, name)
    sl.set_threads(1)
    check.eq(seen(6, 100), whole, name)
    sl.set_threads(threads)
  end
end)

check.test("levels are drawn evenly from 0 to n - 1", function()
  local p, counts = sl.sde.VE {}, { 0, 0, 0, 0, 0 }
  sl.loss.ddpm(p, function(x, labels)
    for _, i in ipairs(labels:totable()) do counts[math.tointeger(i) + 1] = counts[math.tointeger(i) + 1] + 1 end
    return x
  end, sl.zeros(5000, 1), { n_steps = 5 })
  for i = 1, 5 do check.close(counts[i], 1000, 0, 150) end
end)

check.test("the training stream's draws, and refusals by name", function()
  sl.set_rng_state { seed = 4, seen = 10 }
  sl.train_batch(3)
  local a, b = sl.train_random("normal", { 3, 2 }, "float64"), sl.train_random("normal", { 3, 2 }, "float64")
  check.ok((a - b):abs():amin():item() > 0)
  sl.set_rng_state { seed = 4, seen = 12 }
  sl.train_batch(1)
  check.eq(sl.train_random("normal", { 1, 2 }, "float64"):totable()[1], a:totable()[3])
  sl.set_rng_state { seed = 4, seen = 10 }
  sl.train_batch(3)
  sl.testing.fail_alloc(1) -- the binding tries again, and draws the same
  check.eq(sl.train_random("normal", { 3, 2 }, "float64"):totable(), a:totable())
  sl.testing.fail_alloc(0)
  for _, sign in ipairs(sl.train_random("rademacher", { 50 }, "float32"):totable()) do check.eq(sign * sign, 1.0) end
  check.raises(function() sl.train_random("cauchy", { 2 }, "float32") end, "train_random: argument dist")
  check.raises(function() sl.train_random("normal", {}, "float32") end, "train_random: argument shape")
  check.raises(function() sl.train_random("normal", { 2 }, "uint8") end, "train_random: argument dtype")
  local vp, f, x0 = sl.sde.VP {}, function(x) return -x end, sl.zeros(2, 2)
  for name, row in sl.loss.objectives:each() do
    check.raises(function() sl.loss[name]({}, f, x0) end, name .. ": argument process")
    check.raises(function() sl.loss[name](vp, f, sl.zeros { 2 }) end, name .. ": argument x0: expected a float tensor")
    check.raises(function() sl.loss[name](vp, f, x0, { colour = 1 }) end, name .. ": unknown option colour")
    if row.needs then check.eq(row.needs, { "kernel" }, name) end
  end
  check.raises(function() sl.loss.edm(vp, f, x0, { distribution = "flat" }) end, "edm: option distribution")
  check.raises(function() sl.loss.edm(vp, f, x0, { distribution = "ve", P_mean = 1 }) end,
    "edm: option P_mean: does not go with distribution ve")
  check.raises(function() sl.loss.edm(vp, f, x0, { reduction = "max" }) end, "edm: option reduction")
  check.raises(function() sl.loss.ssm(vp, f, x0, { projection = "sphere" }) end, "ssm: option projection")
end)
