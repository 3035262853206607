-- Parameterizations: conversions between them, preconditioned networks, Tweedie's denoiser.
local check = require "check"
local sl = require "sdelua"
local Precondition = require "sdelua.sde.precondition"

local f64 = { dtype = "float64" }
local KINDS = { "noise", "score", "x0", "v", "velocity" }
local function largest(x) return x:abs():amax():item() end

check.test("every kind of prediction becomes every other and comes back", function()
  local x, y = sl.randn({ 6, 2 }, f64), sl.randn({ 6, 2 }, f64)
  local t = sl.rand({ 6 }, f64) * 0.8 + 0.1
  for _, p in ipairs { sl.sde.VP {}, sl.sde.subVP {}, sl.sde.VE {}, sl.sde.EDM { sigma_max = 1 } } do
    for _, from in ipairs(KINDS) do
      for _, to in ipairs(KINDS) do
        local there = p:convert(x, t, y, from, to)
        local back = p:convert(x, t, there, to, from)
        check.ok(largest((back - y) / (y:abs() + 1)) < 1e-6, p.name .. " " .. from .. " " .. to)
      end
    end
    local m, s = p:coefficient("m", x, t), p:coefficient("s", x, t)
    local x0, z = sl.randn({ 6, 2 }, f64), sl.randn({ 6, 2 }, f64)
    local at = p:perturb(x0, t, z)
    check.ok(largest(p:convert(at, t, x0, "x0", "noise") - z) < 1e-6)
    check.ok(largest(p:convert(at, t, z, "noise", "v") - (m * z - s * x0)) < 1e-6)
    check.ok(largest(p:convert(at, t, z, "noise", "score") + z / s) < 1e-6 / s:amin():item())
  end
end)

check.test("F is a kind like the others, of the preconditioning that is told", function()
  local x, y = sl.randn({ 6, 2 }, f64), sl.randn({ 6, 2 }, f64)
  local t = sl.rand({ 6 }, f64) * 0.8 + 0.1
  local shifted = sl.sde.define { mean = function(v) return 1 - 0.5 * v end, std = function(v) return v end,
    offset = function(v) return 2 * v end }
  for name in pairs(Precondition.presets) do
    local spec = { precondition = name }
    for _, p in ipairs { sl.sde.VP {}, sl.sde.subVP {}, sl.sde.VE {}, sl.sde.EDM { sigma_max = 1 }, shifted } do
      -- what a network F says and what process:score makes of it
      local score = p:score(function() return y end, spec)
      local x0, eps = score:exchange(x, t)
      local what = ("%s, %s "):format(name, p.name)
      check.ok(largest(p:convert(x, t, y, "F", "x0", spec) - x0) < 1e-9, what)
      check.ok(largest((p:convert(x, t, y, "F", "noise", spec) - eps) / (eps:abs() + 1)) < 1e-9, what)
      for _, kind in ipairs(KINDS) do
        local there = p:convert(x, t, y, "F", kind, spec)
        local back = p:convert(x, t, there, kind, "F", spec)
        check.ok(largest((back - y) / (y:abs() + 1)) < 1e-6, what .. kind)
      end
      check.ok(largest(p:convert(x, t, y, "F", "F", spec) - y) < 1e-9, what)
    end
  end
  local vp = sl.sde.VP {}
  check.eq(vp:convert(x, 0.5, y, "noise", "F", { precondition = { "EDM", sigma_data = 0.7 } }):shape(), { 6, 2 })
  for _, row in ipairs {
    { "noise", "F", nil, 'convert: option precondition: expected the one that F is of, such as "EDM"' },
    { "F", "noise", nil, "convert: option precondition: expected the one that F is of" },
    { "noise", "F", { precondition = "edm" }, "precondition: expected" },
    { "noise", "v", { precondition = "EDM" }, "convert: option precondition: goes with F, got noise and v" },
    { "noise", "F", { sigma_data = 1 }, "convert: unknown option sigma_data" },
    { "noise", "G", nil, "convert: argument to: expected noise, score, x0, v, velocity or F, got G" },
    { 3, "noise", nil, "convert: argument from: expected noise, score, x0, v, velocity or F, got 3" },
  } do
    local from, to, opts, text = table.unpack(row, 1, 4)
    check.raises(function() vp:convert(x, t, y, from, to, opts) end, text)
  end
  check.raises(function() vp:convert(x, t, 3, "F", "noise", { precondition = "EDM" }) end,
    "convert: argument y: expected a result like x")
end)

-- Data N(0, d^2): every network's best word is known.
check.test("a preconditioned network gives score and denoiser of any affine process", function()
  local d = 0.7
  local t = sl.tensor({ 0.05, 0.3, 0.9 }, f64)
  local shifted = sl.sde.define {
    drift_coefficient = function() return -1 end, drift_offset = function() return 0.5 end,
    diffusion_coefficient = function() return 1 end,
  }
  for name in pairs(Precondition.presets) do
    local P = Precondition.new(name)
    for _, p in ipairs { sl.sde.VP {}, sl.sde.subVP {}, sl.sde.VE {}, sl.sde.EDM { sigma_max = 2 }, shifted } do
      local state = sl.randn({ 3, 2 }, f64)
      local x = state - p:coefficient("c", state, t)
      local m, s = p:coefficient("m", x, t), p:coefficient("s", x, t)
      local var = m * m * d * d + s * s
      local sigma = (s / m):reshape { -1 }
      local best = P:output(x * m * d * d / var, x / m, sigma)
      local labels, inputs
      local score = p:score(function(input, label)
        inputs, labels = input, label
        return best
      end, { precondition = name })
      check.eq(score.parameterization, "F")
      check.ok(largest(score(state, t) * var / x + 1) < 1e-6, name .. " " .. p.name)
      check.ok(largest(p:denoiser(score)(state, t) - x * m * d * d / var) < 1e-9)
      check.ok(largest(inputs - x / m * P.inp(sigma):reshape { 3, 1 }) < 1e-12)
      check.eq(labels:totable(), P.noise(sigma):totable())
    end
  end
end)

check.test("EDM's coefficients give the network inputs and targets of variance 1", function()
  local d, sigma = 0.5, sl.tensor({ 0.01, 0.5, 7 }, f64)
  local P = Precondition.new { "EDM", sigma_data = d }
  local var = sigma:square() + d * d
  check.close((P.inp(sigma):square() * var):totable(), { 1, 1, 1 }, 1e-12)
  -- target (x0 - c_skip (x0 + n))/c_out (Karras et al. 2022, appendix B.6)
  local target = ((1 - P.skip(sigma)):square() * d * d + (P.skip(sigma) * sigma):square()) / P.out(sigma):square()
  check.close(target:totable(), { 1, 1, 1 }, 1e-12)
  check.close(P.noise(sigma):totable()[3], math.log(7) / 4, 1e-12)
end)

check.test("a denoiser of a plain score is Tweedie's", function()
  local d, p = 0.4, sl.sde.define {
    drift_coefficient = function() return -1 end, drift_offset = function() return 0.5 end,
    diffusion_coefficient = function() return 1 end, T = 3,
  }
  local x, t = sl.randn({ 5, 2 }, f64), sl.tensor({ 0.2, 0.5, 1, 2, 3 }, f64)
  local m, c, s = p:coefficient("m", x, t), p:coefficient("c", x, t), p:coefficient("s", x, t)
  local var = m * m * d * d + s * s
  local D = p:denoiser(function(y) return -(y - c) / var end)(x, t)
  check.ok(largest(D - (x - c) * m * d * d / var) < 1e-8)
  local at = p:denoiser(function(y, times)
    check.eq(times:shape(), { 5 })
    return -y
  end)(x, 0.5)
  check.eq(at:shape(), { 5, 2 })
  check.raises(function() p:denoiser(3) end, "denoiser: argument score")
end)

check.test("presets, presets with options, and your own", function()
  check.close(Precondition.new("VP").sigma_max, 152.167, 1e-5)
  check.eq(Precondition.new({ "VE", sigma_max = 50 }).sigma_max, 50)
  local u = Precondition.new { "iDDPM", M = 10 }
  check.eq({ u.levels:shape(1), u.levels:totable()[11] }, { 11, 0.0 })
  local own = Precondition.new { skip = function(s) return s * 0 end, out = function(s) return s * 0 + 1 end,
    inp = function(s) return s * 0 + 1 end, noise = function(s) return s end }
  local x = sl.randn({ 2, 2 }, f64)
  check.eq(own:denoised(function(y) return y * 3 end, x, sl.tensor({ 1, 2 }, f64)):totable(), (x * 3):totable())
  local vp, net = sl.sde.VP {}, function(y) return y end
  check.raises(function() Precondition.new "edm" end, "precondition: expected")
  check.raises(function() Precondition.new { "EDM", sigma = 1 } end, "precondition: unknown option sigma")
  check.raises(function() vp:score(net, { precondition = "EDM", label = "std" }) end, "score: option label")
  check.raises(function() vp:score(net, { precondition = "EDM", parameterization = "v" }) end,
    "score: option precondition")
  local flow = sl.sde.define { mean = function(t) return 1 - t end, std = function(t) return t end }
  check.raises(function() flow:score(net, { precondition = "EDM" }) end, "cannot predict the F at T = 1")
end)

check.test("samplers take a preconditioned network", function()
  local p, d = sl.sde.EDM { sigma_max = 20 }, 0.5
  local score = p:score(function(y) return y * 0 end, { precondition = { "EDM", sigma_data = d } })
  -- F = 0: D = c_skip x, the denoiser of data N(0, d^2)
  local z = sl.randn({ 200, 1 }, f64) * 20
  local x = sl.solve.dpmpp_2m { steps = 60 }(p, score, nil, { x = z })
  check.ok(largest(x / z * math.sqrt(400 + d * d) / d - 1) < 5e-3)
end)

check.test("edm's loss is the same on every affine process that reaches its sigmas", function()
  local x0, u, z = sl.randn({ 20, 3 }, f64), sl.randn({ 20 }, f64), sl.randn({ 20, 3 }, f64)
  local values = {}
  for i, p in ipairs { sl.sde.EDM {}, sl.sde.VP {}, sl.sde.subVP {}, sl.sde.cosine {} } do
    local function net(x, label) return (x * 2 + label:reshape { -1, 1 }):sin() end
    local score = p:score(net, { precondition = "EDM" })
    values[i] = sl.loss.edm(p, score, x0, { u = u, z = z }):item()
    check.close(values[i], values[1], 1e-5, 0, p.name)
  end
end)
