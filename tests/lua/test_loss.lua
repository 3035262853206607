-- Denoising score matching: its draws, weights and refusals.
local check = require "check"
local sl = require "sdelua"

-- ---- parameterizations agree ------------------------------------------------------------------

-- For x0 ~ N(0, d^2) the best prediction of each kind, a multiple of x.
local function perfect(process, kind, d)
  return function(x, _, t)
    local m, s = process:coefficient("m", x, t), process:coefficient("s", x, t)
    local x0 = x * (m * d * d / (m * m * d * d + s * s))
    local eps = x * (s / (m * m * d * d + s * s))
    if kind == "noise" then return eps end
    if kind == "score" then return -eps / s end
    if kind == "x0" then return x0 end
    if kind == "v" then return m * eps - s * x0 end
    return process:velocity(x0, t, eps)
  end
end

check.test("every parameterization and a plain function give one loss", function()
  for _, process in ipairs { sl.sde.VP {}, sl.sde.VE {}, sl.sde.subVP {} } do
    local x0, t = sl.randn({ 64, 3 }, { dtype = "float64" }), sl.rand({ 64 }, { dtype = "float64" }) * 0.9 + 0.05
    local z = sl.randn({ 64, 3 }, { dtype = "float64" })
    local values = {}
    for _, kind in ipairs { "noise", "score", "x0", "v", "velocity" } do
      local best = perfect(process, kind, 0.7)
      local score = process:score(function(x, time) return best(x, nil, time) end,
        { parameterization = kind, label = function(time) return time end })
      values[#values + 1] = sl.loss.dsm(process, score, x0, { t = t, z = z }):item()
      local function plain(x, time) return score(x, time) end
      values[#values + 1] = sl.loss.dsm(process, plain, x0, { t = t, z = z }):item()
    end
    for i = 2, #values do check.close(values[i], values[1], 1e-9) end
  end
end)

check.test("weighting may be a function of t", function()
  local vp = sl.sde.VP {}
  local x0, opts = sl.randn(16, 2), { t = sl.rand(16) * 0.9 + 0.05, z = sl.randn(16, 2) }
  local score = vp:score(function(x) return x * 0.5 end)
  local function loss(weighting)
    opts.weighting = weighting
    return sl.loss.dsm(vp, score, x0, opts):item()
  end
  local column = sl.zeros { 16, 1 }
  check.close(loss(function(t) return vp:coefficient("s", column, t):square():reshape { -1 } end), loss "std", 1e-5)
  local function g2(t) return vp:coefficient("g", column, t):square():reshape { -1 } end
  check.close(loss(g2), loss "likelihood", 1e-5)
end)

-- ---- draws -----------------------------------------------------------------------------------------

check.test("draws follow the count of samples seen, not the batch", function()
  local vp = sl.sde.VP {}
  local met = {}
  local function record(x, t)
    met[#met + 1] = { x = x:totable(), t = t:totable() }
    return -x
  end
  sl.manual_seed(3)
  sl.loss.dsm(vp, record, sl.zeros(4, 2))
  check.eq(sl.rng_state().seen, 4)
  sl.loss.dsm(vp, record, sl.zeros(4, 2))
  sl.manual_seed(3)
  sl.loss.dsm(vp, record, sl.zeros(8, 2))
  for i = 1, 4 do
    check.eq(met[1].x[i], met[3].x[i])
    check.eq(met[2].x[i], met[3].x[i + 4])
    check.eq(met[2].t[i], met[3].t[i + 4])
  end
end)

check.test("t covers [eps, T]", function()
  local process = sl.sde.VE { T = 3 }
  local least, most = math.huge, 0
  local function look(x, t)
    least, most = math.min(least, t:amin():item()), math.max(most, t:amax():item())
    return -x
  end
  sl.loss.dsm(process, look, sl.zeros(10000, 1), { eps = 0.5 })
  check.ok(least >= 0.5 and least < 0.51 and most <= 3 and most > 2.99, least .. " " .. most)
end)

check.test("the first batch tells of a prior that is too narrow", function()
  local told = check.told(function()
    local f, wide = function(x) return -x end, sl.randn(500, 2) * 10
    local narrow, own = sl.sde.VE { sigma_max = 5 }, sl.sde.VE { sigma_max = 5, prior = { std = 11 } }
    for _ = 1, 2 do
      for _, process in ipairs { narrow, own, sl.sde.VP {} } do sl.loss.dsm(process, f, wide) end
    end
  end)
  check.eq(#told, 1)
  check.ok(told[1]:find "m_T std" and told[1]:find "prior = { mean = ", told[1])
end)

check.test("the first batch tells of noise that comes too early", function()
  local function f(x) return -x end
  local function sudden() return sl.sde.VP { beta = function() return 25 end } end
  local function hasty(t) return sl.tensor { 1, 6 } * math.sqrt(t + 0.01) end
  local function one_of_two() -- the second feature is noise at once
    return sl.sde.define { drift_coefficient = function(t) return hasty(t):square() * -0.5 * 12 end,
      diffusion_coefficient = function(t) return hasty(t) * math.sqrt(12) end }
  end
  local x0 = sl.randn(200, 2) * 0.5
  local told = check.told(function()
    for _, p in ipairs { sudden(), one_of_two() } do
      for _ = 1, 2 do sl.loss.dsm(p, f, x0) end
    end
    for _, p in ipairs { sl.sde.VP {}, sl.sde.VE {}, sl.sde.subVP {}, sl.sde.cosine {} } do sl.loss.dsm(p, f, x0) end
    sl.loss.dsm(sudden(), f, x0, { t_sampling = "importance" })
    sl.loss.dsm(sudden(), f, x0 * 0)
  end)
  check.eq(#told, 2)
  for _, line in ipairs(told) do check.ok(line:find("dsm: the noise comes early", 1, true), line) end
end)

check.test("a network in the place of a score is told of once", function()
  local vp, net, x0 = sl.sde.VP {}, sl.nn.MLP { dim = 2, hidden = 4 }, sl.randn(8, 2)
  local other = sl.nn.MLP { dim = 2, hidden = 4 }
  local told = check.told(function()
    for _ = 1, 2 do sl.loss.dsm(vp, net, x0) end
    sl.loss.dsm(vp, vp:score(net), x0)
    sl.loss.ddpm(vp, other, x0) -- calls the network itself
    sl.no_grad(sl.solve.euler_maruyama { steps = 2 }, vp, other, { 2, 2 })
  end)
  check.eq(#told, 2)
  check.ok(told[1]:find("dsm: argument score: a network", 1, true) and told[1]:find("process:score(net", 1, true),
    told[1])
  check.ok(told[2]:find("euler_maruyama: argument score", 1, true), told[2])
end)

-- ---- refusals -----------------------------------------------------------------------------------------

check.test("bad arguments are named", function()
  local vp, f = sl.sde.VP {}, function(x) return -x end
  check.raises(function() sl.loss.dsm({}, f, sl.zeros(2, 2)) end, "dsm: argument process")
  check.raises(function() sl.loss.dsm(vp, f, sl.zeros({ 2, 2 }, { dtype = "uint8" })) end,
    "dsm: argument x0: expected a float tensor")
  check.raises(function() sl.loss.dsm(vp, f, sl.zeros(2, 2), { weight = "std" }) end, "dsm: unknown option weight")
  check.raises(function() sl.loss.dsm(vp, f, sl.zeros(2, 2), { weighting = "big" }) end, "dsm: option weighting")
  check.raises(function() sl.loss.dsm(vp, f, sl.zeros(2, 2), { eps = 2 }) end, "dsm: option eps")
  local cubic = sl.sde.define {
    drift = function(x) return -x * x * x end, diffusion = function(t) return t * 0 + 1 end, noise_type = "scalar",
  }
  check.raises(function() sl.loss.dsm(cubic, f, sl.zeros(2, 2)) end, "sliced score matching")
end)
