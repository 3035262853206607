-- What objectives take for a score, networks of every parameterization and energies, and what they refuse by name.
local check = require "check"
local sl = require "sdelua"
local Precondition = require "sdelua.sde.precondition"

local f64 = { dtype = "float64" }
local LEVELS, D = 40, 0.6
local KINDS = { "noise", "score", "x0", "v", "velocity", "energy", "F" }

-- ---- networks that know the data N(0, D^2) -----------------------------------------------------------------

-- What a network of each kind says where x = m x0 + s eps, but for k times too much.
local SAYS = {
  noise = function(k, _, _, eps) return eps * k end,
  score = function(k, at, _, eps) return -eps / at.s * k end,
  v = function(k, at, x0, eps) return at.m * eps * k - at.s * x0(k) end,
  x0 = function(k, _, x0) return x0(k) end,
  velocity = function(k, at, x0, eps) return at.process:velocity(x0(k), at.t, eps * k) end,
}

-- A network of the kind; place(label) says { m, s, t } of the label that it is told.
local function network(kind, process, place, k)
  if kind == "F" then
    local P = Precondition.new "EDM"
    return function(input, label)
      local sigma = (label * 4):exp()
      local x = input / P.inp(sigma):reshape { -1, 1 }
      local noise = x / (sigma:square() + D ^ 2):reshape { -1, 1 } * sigma:reshape { -1, 1 } -- eps
      return P:output(x - noise * k * sigma:reshape { -1, 1 }, x, sigma)
    end
  end
  return function(x, label)
    local at = place(label)
    at.process = process
    local var = (at.m * D):square() + at.s:square()
    if kind == "energy" then return (x:square() / var * k * 0.5):sum(2) end
    local eps = x * at.s / var
    return SAYS[kind](k, at, function(much) return (x - at.s * eps * much) / at.m end, eps)
  end
end

-- The places of labels that are times, and of those that are levels.
local function by_time(process)
  return function(t)
    local x = sl.zeros({ t:numel(), 1 }, f64)
    return { t = t, m = process:coefficient("m", x, t), s = process:coefficient("s", x, t) }
  end
end

local function by_level(process, descending)
  local levels = process:levels(LEVELS)
  return function(label)
    check.close((label:round() - label):abs():amax():item(), 0, 0, 1e-9) -- the level's number, as in the papers
    local at = (descending and label * -1 + (LEVELS - 1) or label):round():to "int64" + 1
    return {
      m = levels.m:index_select(at, 1):reshape { -1, 1 }, s = levels.s:index_select(at, 1):reshape { -1, 1 },
    }
  end
end

local LEVELLED = { ddpm = false, smld = true } -- objectives on levels, and whether label 0 is the noisiest

-- The score of a network of the kind, as the objective is to have it.
local function scored(name, kind, process, k)
  local label, place = function(t) return t end, by_time(process)
  if LEVELLED[name] ~= nil then
    label = { "level", n_steps = LEVELS, descending = LEVELLED[name] }
    place = by_level(process, LEVELLED[name])
  end
  if kind == "F" then label = nil end
  return process:score(network(kind, process, place, k), {
    parameterization = kind, label = label, precondition = kind == "F" and "EDM" or nil,
  })
end

-- The objective's value and its derivative by k, always with the same draws.
local function value(name, kind, process, x0)
  local k = sl.tensor({ 1.25 }, f64):requires_grad_()
  sl.set_rng_state { seed = 3, seen = 0 }
  local loss = sl.loss[name](process, scored(name, kind, process, k), x0,
    LEVELLED[name] ~= nil and { n_steps = LEVELS } or nil)
  loss:backward()
  return { loss:item(), k.grad:item() }
end

check.test("every objective takes every parameterization, energies among them, for the same score", function()
  local x0 = sl.noise { seed = 2 }:normal({ 50, 2 }, 1, "float64") * D
  for _, process in ipairs { sl.sde.VP {}, sl.sde.VE { sigma_min = 0.05, sigma_max = 8 } } do
    for name in sl.loss.objectives:each() do
      local want = value(name, "score", process, x0)
      check.ok(math.abs(want[2]) > 1e-3, name)
      for _, kind in ipairs(KINDS) do
        if not (kind == "velocity" and LEVELLED[name] ~= nil) then
          check.close(value(name, kind, process, x0), want, 1e-6, 0, ("%s of %s, %s"):format(name, kind, process.name))
        end
      end
    end
  end
end)

check.test("the objectives on levels are what their formulas say, and the network is told the level", function()
  local vp, x0 = sl.sde.VP {}, sl.noise { seed = 2 }:normal({ 30, 2 }, 1, "float64") * D
  local labels = sl.arange(0, 30, 1, { dtype = "int64" })
  local z = sl.noise { seed = 4 }:normal({ 30, 2 }, 1, "float64")
  for name, descending in pairs(LEVELLED) do
    local at = by_level(vp, descending)(labels:to "float64")
    local best = (at.m * x0 + at.s * z) * at.s / ((at.m * D):square() + at.s:square())
    local want = (best - z):square():mean():item()
    for _, kind in ipairs { "noise", "energy", "F" } do
      local score = scored(name, kind, vp, sl.tensor({ 1 }, f64))
      local loss = sl.loss[name](vp, score, x0, { n_steps = LEVELS, labels = labels, z = z })
      check.close(loss:item(), want, 1e-9, 0, name .. " of " .. kind)
    end
  end
  -- a network told the time otherwise is told it so in training too
  local seen
  local function net(x, label)
    seen = label:totable()
    return x
  end
  local few = { n_steps = 5, labels = sl.tensor({ 0, 1, 2, 4 }, { dtype = "int64" }) }
  local ve = sl.sde.VE { sigma_min = 0.01, sigma_max = 100 }
  sl.loss.smld(ve, ve:score(net, { parameterization = "score" }), sl.zeros(4, 2), few)
  check.close(seen, { 100, 10, 1, 0.01 }, 1e-5)
  sl.loss.smld(ve, ve:score(net, { label = { "level", n_steps = 5, descending = true } }), sl.zeros(4, 2), few)
  check.eq(seen, { 0.0, 1.0, 2.0, 4.0 })
  sl.loss.ddpm(ve, net, sl.zeros(4, 2), few)
  check.eq(seen, { 0.0, 1.0, 2.0, 4.0 })
end)

check.test("on levels a network may be given classes", function()
  local vp, seen = sl.sde.VP {}, nil
  local score = vp:score(function(x, _, classes)
    seen = classes:totable()
    return x
  end)
  sl.loss.ddpm(vp, score:given { 2, 0, 1 }, sl.zeros(3, 2))
  check.eq(seen, { 2, 0, 1 })
end)

-- ---- refusals ---------------------------------------------------------------------------------------------

check.test("what is no score, or says nothing like x, is refused by name", function()
  local vp, x0 = sl.sde.VP {}, sl.zeros(4, 2)
  for name in sl.loss.objectives:each() do
    for _, wrong in ipairs { false, 3, "net" } do
      check.raises(function() sl.loss[name](vp, wrong or nil, x0) end,
        name .. ": argument score: expected a function (x, t) or a network's score, got " .. tostring(wrong or nil))
    end
    for _, wrong in ipairs {
      function(x) return x:sum(2) end, function(x) return x:sum(2, true) end, function(x) return x:to "float64" end,
      function() end,
    } do
      check.raises(function() sl.loss[name](vp, wrong, x0) end,
        name .. ": argument score: expected a result like x, float32 [4,2], got")
      check.raises(function() sl.loss[name](vp, vp:score(wrong), x0) end,
        "score: argument net: expected a result like x, float32 [4,2], got")
    end
    local energy = vp:score(function(x) return x end, { parameterization = "energy" })
    check.raises(function() sl.loss[name](vp, energy, x0) end,
      "score: argument net: expected an energy, one number a sample of float32 [4,2], got float32 [4,2]")
  end
  for name in pairs(LEVELLED) do
    local velocity = vp:score(function(x) return x end, { parameterization = "velocity" })
    check.raises(function() sl.loss[name](vp, velocity, x0) end, name .. ": argument score: expected one of a network "
      .. "that predicts noise, score, x0, v, energy or F, got velocity")
    local other = setmetatable({ exchange = function(_, x) return x, x end }, { __call = function(_, x) return x end })
    check.raises(function() sl.loss[name](vp, other, x0) end,
      name .. ": argument score: expected process:score(net) or a network (x, level)")
  end
end)

check.test("a score is asked by a process that noises as its own does", function()
  local net = sl.nn.MLP { dim = 2, hidden = 4 }
  local score, x0, ve = sl.sde.VP {}:score(net), sl.zeros { 3, 2 }, sl.sde.VE {}
  local operator = sl.inverse.denoise { shape = { 2 }, std = 0.1 }
  local calls = {
    dsm = function(process) return sl.loss.dsm(process, score, x0) end,
    heun = function(process) return sl.solve.heun { steps = 2 } (process, score, { 3, 2 }, { seed = 1 }) end,
    ["likelihood.ode"] = function(process) return sl.likelihood.ode(process, score, x0, { rtol = 1, atol = 1 }) end,
    dps = function(process) return sl.posterior.dps { steps = 2 } (process, score, operator, x0, { seed = 1 }) end,
    ["guidance.loss"] = function(process)
      return sl.guidance.loss(process, score, function(x) return x:square():sum(2) end)
    end,
  }
  for name, call in pairs(calls) do
    call(sl.sde.VP {}) -- another object, the same process
    for _, other in ipairs { ve, sl.sde.VP { beta_max = 10 }, sl.sde.subVP {} } do
      check.raises(function() call(other) end, ("%s: argument score: expected one for the %s, got score of VP process")
        :format(name, tostring(other)))
    end
  end
  local turned = sl.guidance.loss(sl.sde.VP {}, score, function(x) return x:square():sum(2) end)
  check.raises(function() sl.solve.heun { steps = 2 } (ve, turned, { 3, 2 }) end,
    "heun: argument score: expected one for the VE process")
end)

check.test("options out of range are refused by name", function()
  local vp, x0 = sl.sde.VP {}, sl.zeros(4, 2)
  local function f(x) return -x end
  for _, row in ipairs {
    { "min_snr", { gamma = -1 }, "option gamma: expected a positive number, got -1" },
    { "min_snr", { gamma = 0 / 0 }, "option gamma: expected a number, got NaN" },
    { "edm", { sigma_data = 0 }, "option sigma_data: expected a positive number, got 0" },
    { "edm", { sigma_data = "a" }, "option sigma_data: expected a positive number, got a" },
    { "edm", { P_mean = "a" }, "option P_mean: expected a number, got a" },
    { "edm", { distribution = "ve", sigma_min = -1 }, "option sigma_min: expected a positive number, got -1" },
    { "edm", { distribution = "vp", epsilon_t = 2 }, "option epsilon_t: expected a number in [0, 1], got 2" },
    { "ssm", { projections = 0 }, "option projections: expected a positive integer, got 0" },
    { "ssm_vr", { projections = 1.5 }, "option projections: expected a positive integer, got 1.5" },
    { "ism", { trace = "hutchinson", projections = 0 }, "option projections: expected a positive integer, got 0" },
    { "ddpm", { n_steps = 0 }, "option n_steps: expected a positive integer, got 0" },
    { "smld", { n_steps = 2.5 }, "option n_steps: expected a positive integer, got 2.5" },
    { "ddpm", { n_steps = 5 }, "option n_steps: expected more than beta_max levels, got 5" },
    { "ddpm", { labels = sl.zeros(4) }, "option labels: expected int64, one for each sample of x0, float32 [4,2]" },
    { "dsm", { eps = "a" }, "option eps: expected a time in [0, 1), got a" },
    { "dsm", { weighting = function() return "a" end },
      "option weighting: expected a number or a result like t, float32 [4], got a" },
    { "ism", { weighting = function() return sl.zeros(3) end }, "option weighting: expected a number or a result" },
    { "edm", { u = sl.zeros(3) }, "option u: expected a number for each sample of x0, float32 [4,2], got" },
    { "ssm", { v = sl.zeros(4, 2) }, "option v: expected projections, each like x0, float32 [4,2], got" },
    { "dsm", { z = sl.zeros(3, 2) }, "option z: expected a tensor like x0, float32 [4,2], got float32 [3,2]" },
    { "ddpm", { z = 1 }, "option z: expected a tensor like x0, float32 [4,2], got 1" },
    { "dsm", { t = sl.zeros(3) }, "option t: expected a time, or one for each sample of x0, float32 [4,2], got" },
    { "ism", { t = "now" }, "option t: expected a time, or one for each sample of x0, float32 [4,2], got now" },
  } do
    local name, opts, text = table.unpack(row)
    check.raises(function() sl.loss[name](vp, f, x0, opts) end, name .. ": " .. text)
  end
  check.raises(function() sl.loss.ddpm(sl.sde.EDM {}, f, x0) end,
    "ddpm: argument process: expected one with a table in the papers (VP, VE), got EDM")
  local out = { labels = sl.tensor({ 0, 1, 2, 1000 }, { dtype = "int64" }) }
  check.raises(function() sl.loss.smld(vp, f, x0, out) end,
    "smld: option labels: expected levels from 0 to 999, got 1000")
  for _, name in ipairs { "ism", "ssm", "ssm_vr" } do
    check.raises(function() sl.loss[name](vp, function() return x0 end, x0) end,
      name .. ": argument score: expected a result with a derivative by x")
  end
  check.raises(function() vp:score(f, { precondition = { "EDM", sigma_data = 0 } }) end,
    "precondition: option sigma_data: expected a positive number, got 0")
  for _, levels in ipairs { 0, -1, 2.5 } do
    check.raises(function() sl.loss.dequantizer { levels = levels } end,
      "dequantizer: option levels: expected a positive integer, got " .. levels)
  end
  check.raises(function() sl.loss.dequantizer { net = 3 } end, "dequantizer: option net: expected a function, got 3")
  check.raises(function() sl.loss.eps_offset({}, f, x0) end, "eps_offset: argument process: expected a process")
  check.raises(function() sl.loss.eps_offset(vp, nil, x0) end, "eps_offset: argument score: expected a function")
  check.raises(function() sl.loss.eps_offset(vp, f, x0, { eps = 3 }) end, "eps_offset: option eps: expected a time")
  check.raises(function() vp:reverse(3) end, "reverse: argument score: expected a function (x, t), got 3")
end)
