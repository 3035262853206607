-- Likelihoods where they are known: exact scores of mixtures, Gaussians, a process with noise of its own.
local affine = require "affine"
local check = require "check"
local oracle = require "oracle"
local programs = require "process"
local sl = require "sdelua"
local system = require "sdelua.core".system

local likelihood, sde, mixture_logp = sl.likelihood, sl.sde, oracle.mixture_logp

local ITSELF = { m = 1, s = 0, c = 0 }

-- ---- exact scores -----------------------------------------------------------------------------------------

local function float64(list) return sl.tensor(list, { dtype = "float64" }) end
local function max_error(a, b) return (a - b):abs():amax():item() end
local function mean_error(a, b) return (a - b):abs():mean():item() end
local function same(a, b, what) check.eq(a:totable(), b:totable(), what) end

-- Three modes in the plane.
local weights, means = float64 { 0.5, 0.3, 0.2 }, float64 { { 1, 0.5 }, { -1.2, 0.8 }, { 0.2, -1.5 } }
local vars = float64 { { 0.09, 0.16 }, { 0.04, 0.25 }, { 0.2, 0.1 } }

local function mixture_points(n, seed)
  local z = sl.noise { seed = seed }:normal({ n, 2 }, 1, "float64")
  local list = {}
  for i = 1, n do list[i] = i * 10 // n < 5 and 1 or i * 10 // n < 8 and 2 or 3 end
  local mode = sl.tensor(list, { dtype = "int64" })
  return means:index_select(mode, 1) + z * vars:index_select(mode, 1):sqrt()
end

local processes = {
  VP = sde.VP {}, subVP = sde.subVP {}, VE = sde.VE {},
  own = sde.define {
    T = 3, drift_coefficient = function(t) return -0.5 - t end,
    diffusion_coefficient = function(t) return math.exp(0.5 * t) end,
  },
}

check.test("log p from the exact score", function()
  local x = mixture_points(200, 1)
  for _, name in ipairs { "VP", "subVP", "VE", "own" } do
    local p = processes[name]
    local function logp_at(y, t) return mixture_logp(weights, means, vars, y, p:point(t)) end
    local score, eps = oracle.mixture_score(p, weights, means, vars), p.eps.likelihood
    local got, info = likelihood.ode(p, score, x, { trace = "exact", rtol = 1e-5, atol = 1e-5 })
    local mismatch = info.prior_logp - logp_at(info.z, p.T)
    local off = mean_error(got, logp_at(x, eps) + mismatch)
    check.ok(off < 1e-3, ("%s: off by %g nats"):format(name, off))
    check.eq(info.nfe:shape(), { 200 })
    print(("log p, %s: mean error %.1e nats; |log pi - log p_T| %.1e, |log p_eps - log p_0| %.1e; nfe %.0f"):format(
      name, off, mismatch:abs():mean():item(),
      mean_error(logp_at(x, eps), mixture_logp(weights, means, vars, x, ITSELF)),
      info.nfe:to "float64":mean():item()))
  end
end)

-- x = sinh u for du = -u dt + sqrt 2 dw with u_0 ~ N(0, D2): a process whose noise depends on the state, with a known
-- density. Its noise comes as a diagonal, and as that times a rotation.
local D2 = 0.25
local function arsinh(x) return (x + (x:square() + 1):sqrt()):log() end
local function variance(t) return 1 + (D2 - 1) * math.exp(-2 * t) end

local function sinh_process(noise_type)
  local turn = float64 { { 0.6, -0.8 }, { 0.8, 0.6 } }
  return sde.define {
    T = 1.5, prior = { mean = 0, std = 1 }, noise_type = noise_type, tier = "general",
    drift = function(x) return x - (x:square() + 1):sqrt() * arsinh(x) end,
    diffusion = function(x, _)
      local g = (x:square() + 1):sqrt() * math.sqrt(2)
      return noise_type == "matrix" and g:unsqueeze(3) * turn or g
    end,
  }
end

local function sinh_score(x, t)
  local root = (x:square() + 1):sqrt()
  local v = ((t * -2):exp() * (D2 - 1) + 1):reshape { -1, 1 }
  return -arsinh(x) / v / root - x / root:square()
end

local function sinh_logp(x, t)
  local v, u = variance(t), arsinh(x)
  return ((u:square() / v + math.log(2 * math.pi * v)) * -0.5 - (x:square() + 1):log() * 0.5):sum(2)
end

check.test("log p where noise depends on the state", function()
  for noise_type, d in pairs { scalar = 1, diagonal = 2, matrix = 2 } do
    local p = sinh_process(noise_type)
    local u = sl.noise { seed = 3 }:normal({ 50, d }, 1, "float64") * math.sqrt(D2)
    local x = (u:exp() - (-u):exp()) * 0.5
    local got, info = likelihood.ode(p, sinh_score, x, { trace = "exact" })
    local off = mean_error(got - info.prior_logp, sinh_logp(x, p.eps.likelihood) - sinh_logp(info.z, p.T))
    check.ok(off < 1e-3, ("%s: off by %g"):format(noise_type, off))
  end
end)

check.test("m_T = 0: the flow in exchange form", function()
  -- x_t = (1 - t) x_0 + t z with x_0 ~ N(0, D2): the posterior means are linear
  local p = sde.define { mean = function(t) return 1 - t end, std = function(t) return t end }
  local score = p:score(function(x, t)
    local m, s = p:coefficient("m", x, t), p:coefficient("s", x, t)
    return x * m * D2 / (m:square() * D2 + s:square())
  end, { parameterization = "x0", label = function(t) return t end })
  local x = sl.noise { seed = 3 }:normal({ 20, 2 }, 1, "float64") * math.sqrt(D2)
  local got = likelihood.ode(p, score, x, { trace = "exact", rtol = 1e-7, atol = 1e-7 })
  local want = ((x:square() / D2 + math.log(2 * math.pi * D2)) * -0.5):sum(2)
  check.ok(max_error(got, want) < 1e-4, "off by " .. max_error(got, want))
  check.raises(function() likelihood.ode(p, function(y) return -y end, x) end, "m_T = 0")
end)

-- ---- probes ------------------------------------------------------------------------------------------------

check.test("probes: by seed and index, whatever the batch and the threads", function()
  local p, x = processes.VP, mixture_points(13, 2):to "float32"
  local score = oracle.mixture_score(p, weights, means, vars)
  local function run(points, o)
    o.rtol, o.atol, o.probes, o.seed = 1e-3, 1e-3, 2, 7
    return likelihood.ode(p, score, points, o)
  end
  local whole, info = run(x, {})
  check.eq(info.se:shape(), { 13 })
  for threads = 1, 2 do
    sl.set_threads(threads)
    for _, batch in ipairs { 1, 5 } do
      local parts, errors = {}, {}
      for first = 0, 12, batch do
        local n = math.min(batch, 13 - first)
        local logp, part = run(x:narrow(1, first + 1, n), { first = first })
        parts[#parts + 1], errors[#errors + 1] = logp, part.se
      end
      same(sl.cat(parts, 1), whole)
      same(sl.cat(errors, 1), info.se)
    end
  end
  sl.set_threads(2)
  local index = sl.tensor({ 12, 0 }, { dtype = "int64" })
  same(run(x:index_select(index + 1, 1), { index = index }), whole:index_select(index + 1, 1))
  check.eq(run(x:narrow(1, 1, 0), {}):shape(), { 0 })
end)

check.test("Hutchinson's estimates surround the trace; one has no error", function()
  local p, x = processes.VP, mixture_points(40, 2)
  local score = oracle.mixture_score(p, weights, means, vars)
  local truth = likelihood.ode(p, score, x, { trace = "exact" })
  for _, kind in ipairs { "rademacher", "gaussian" } do
    local got, info = likelihood.ode(p, score, x, { hutchinson = kind, probes = 40, seed = 1 })
    local deviation = ((got - truth) / (info.se + 1e-4)):square():mean():item()
    check.ok(deviation > 0.4 and deviation < 1.9, ("%s: mean square of z %.2f"):format(kind, deviation))
    check.eq(select(2, likelihood.ode(p, score, x, { hutchinson = kind, seed = 1 })).se, nil)
  end
end)

-- ---- Gaussian data and a score that is wrong by a factor: everything is known -------------------------------------

local function gaussian_kl(v) return 0.5 * (1 / v - 1 + math.log(v)) end

check.test("the bound on KL holds for the SDE, and not for the flow", function()
  local p, n = processes.VP, 4000
  local x = sl.noise { seed = 5 }:normal({ n, 1 }, 2, "float64")
  local B = 0.1 + 0.5 * 19.9 - (0.1 * 1e-5 + 0.5 * 19.9e-10)
  local entropy = 0.5 * math.log(2 * math.pi * math.exp(1))
  for _, c in ipairs { 0.8, 0.9, 1.1, 1.2, 1.3 } do
    local function score(y) return y * -c end
    local k = 2 * c - 1
    local of_sde, of_flow = gaussian_kl(1 / k + (1 - 1 / k) * math.exp(-k * B)), gaussian_kl(math.exp((1 - c) * B))
    local want = 0.5 * B * (c - 1) ^ 2
    local bound, info = likelihood.kl_bound(p, score, x, { truth = function(y) return -y end, terminal = 0, seed = 1 })
    check.close(bound, want, 0, 4 * info.se)
    check.ok(info.se < 0.05 * want and of_sde <= want)
    local by_elbo, elbo = likelihood.kl_bound(p, score, x, {
      entropy = entropy, denoise = false, seed = 2, sigma_data = 1,
    })
    check.close(by_elbo, want, 0, 4 * elbo.se)
    local logp = likelihood.ode(p, score, x:narrow(1, 1, 50), { trace = "exact" })
    local v = math.exp((1 - c) * B)
    check.close(logp:totable(), ((x:narrow(1, 1, 50):square() / v + math.log(2 * math.pi * v)) * -0.5):sum(2):totable(),
      1e-4, 1e-3)
    print(("score %.1f of the truth: bound %.4f (estimated %.4f +- %.4f, by theorem 3 %.4f +- %.4f), KL of the SDE "
      .. "%.4f, of the flow %.4f"):format(c, want, bound, info.se, by_elbo, elbo.se, of_sde, of_flow))
  end
end)

-- Exact moments of what a sampler of n steps makes of N(0, 1) with the score -c x.
local function sampled_variance(name, p, c, n)
  local sampler = sl.solve[name] { steps = n, eps = 1e-5, denoise = false, grid = "uniform" }
  local function run(x, noise) return (sampler(p, function(y) return y * -c end, nil, { x = x, noise = noise })) end
  local mean, std = affine.law(run, 0, 1)
  check.close(mean, 0, 0, 1e-9)
  return std ^ 2
end

check.test("the reverse SDE of the bound is the one that samplers solve", function()
  local p = processes.VP
  local B = 0.1 + 0.5 * 19.9 - (0.1 * 1e-5 + 0.5 * 19.9e-10)
  for _, name in ipairs { "euler_maruyama", "reverse_diffusion" } do
    for _, c in ipairs { 0.8, 0.9, 1.1, 1.2, 1.3 } do
      local k, what = 2 * c - 1, ("%s, score %.1f of the truth"):format(name, c)
      local exact = 1 / k + (1 - 1 / k) * math.exp(-k * B)
      local coarse, fine = sampled_variance(name, p, c, 200), sampled_variance(name, p, c, 400)
      check.close(math.log(math.abs((coarse - exact) / (fine - exact)), 2), 1, 0.15, 0, what .. ", order: ")
      check.close(2 * fine - coarse, exact, 5e-4, 0, what .. ", variance: ")
      check.ok(gaussian_kl(fine) <= 0.5 * B * (c - 1) ^ 2, what)
    end
  end
end)

check.test("the variational bound is tight for the exact score", function()
  local x = mixture_points(100, 4)
  for _, name in ipairs { "VP", "subVP", "own" } do
    local p = processes[name]
    local score = oracle.mixture_score(p, weights, means, vars)
    for _, times in ipairs { "importance", "uniform" } do
      local got, info = likelihood.bound(p, score, x, { samples = 40, seed = 1, times = times, eps = 1e-3 })
      local z = (got - mixture_logp(weights, means, vars, x, ITSELF)):mean():item()
      local se = info.se:square():sum():sqrt():item() / 100
      check.ok(math.abs(z) < 4 * se + 0.01, ("%s, %s: off by %g, se %g"):format(name, times, z, se))
      check.ok(se < (times == "importance" and 0.15 or 1), ("%s, %s: se %g"):format(name, times, se))
    end
  end
end)

check.test("bounds need a kernel, and say what they were not given", function()
  local x, p = mixture_points(4, 1), processes.VP
  local function score(y) return -y end
  check.raises(function() likelihood.bound(sinh_process "diagonal", sinh_score, x) end, "transition kernel")
  check.raises(function() likelihood.kl_bound(p, score, x) end, "truth, entropy: expected one of them, got neither")
  check.raises(function() likelihood.kl_bound(p, score, x, { truth = score, entropy = 1 }) end, "got both")
  check.raises(function() likelihood.bound(p, score, x, { samples = 0 }) end, "likelihood.bound: option samples")
  check.raises(function() likelihood.bound(p, score, x, { times = "even" }) end, "likelihood.bound: option times")
  check.raises(function() likelihood.bound(p, score, x, { eps = 2 }) end, "likelihood.bound: option eps")
  check.raises(function() likelihood.bound(p, score, x, { sigma_data = 0 }) end, "likelihood.bound: option sigma_data")
  check.eq(select(2, likelihood.bound(p, score, x, { samples = 1 })).se, nil)
end)

check.test("a bound's draws: by seed and index; features may have their own coefficients", function()
  local rates = float64 { 1, 2 }
  local p = sde.define {
    T = 2, drift_coefficient = function(t) return rates * (-0.5 - t) end,
    diffusion_coefficient = function(t) return rates:sqrt() * math.sqrt(1 + 2 * t) end,
  }
  local x = mixture_points(9, 1)
  local function score(y) return -y end
  for _, process in ipairs { p, processes.VP } do
    local whole = likelihood.bound(process, score, x, { samples = 3, seed = 4 })
    local parts = {}
    for i = 1, 9 do
      parts[i] = likelihood.bound(process, score, x:narrow(1, i, 1), { samples = 3, seed = 4, first = i - 1 })
    end
    same(sl.cat(parts, 1), whole)
  end
  -- data N(0, 1) stays so: the exact score is -x, and the bound tight
  local z = sl.noise { seed = 9 }:normal({ 500, 2 }, 1, "float64")
  local got, info = likelihood.bound(p, score, z, { samples = 8, eps = 1e-3, sigma_data = 1 })
  local off = (got - ((z:square() + math.log(2 * math.pi)) * -0.5):sum(2)):mean():item()
  local se = info.se:square():sum():sqrt():item() / 500
  check.ok(math.abs(off) < 4 * se + 0.01 and se < 0.2, ("off by %g, se %g"):format(off, se))
end)

-- ---- bits ---------------------------------------------------------------------------------------------------------

check.test("bits/dim and its offset", function()
  check.eq({ likelihood.offset(-1, 1), likelihood.offset(0, 1), likelihood.offset(0, 256) }, { 7, 8, 0 })
  -- a model that is uniform over the 256 levels spends 8 bits on each value
  local logp = float64 { -12 * math.log(2) }
  check.close(likelihood.bits(logp, 12):item(), 8, 1e-12)
  check.close(likelihood.bits(logp * 0, 12, { range = { 0, 1 } }):item(), 8, 1e-12)
  local images = sl.randint(0, 256, { 5, 4, 4, 1 }, { dtype = "uint8" })
  local x = likelihood.dequantize(images, { seed = 3 })
  check.close(((x + 1) * 128):floor():totable(), images:to "float32":totable())
  same(likelihood.dequantize(images:narrow(1, 3, 2), { seed = 3, first = 2 }), x:narrow(1, 3, 2))
  check.ok(max_error(x, likelihood.dequantize(images, { seed = 4 })) > 0)
  local p = processes.VP
  local function score(y) return -y end
  local bpd, info = likelihood.bits_per_dim(p, score, images, { seed = 3 })
  -- under this score the flow stands still: the model is the prior
  check.close(bpd:totable(), likelihood.bits(p:prior_logp(x), 16):totable(), 1e-4)
  check.eq(info.logp:shape(), { 5 })
  check.raises(function() likelihood.dequantize(x) end, "expected uint8 images, got float32")
  check.raises(function() likelihood.bits(logp, 0) end, "likelihood.bits: option dim")
end)

-- ---- codes ----------------------------------------------------------------------------------------------------------

check.test("codes there and back", function()
  local x = mixture_points(30, 6)
  for name, p in pairs(processes) do
    local score = oracle.mixture_score(p, weights, means, vars)
    local rows = likelihood.round_trip(p, score, x, { 1e-3, 1e-5, 1e-7 })
    for i = 2, 3 do
      local better = rows[i].worst < 0.2 * rows[i - 1].worst and rows[i].nfe > rows[i - 1].nfe
      check.ok(better, name .. "\n" .. tostring(rows))
    end
    check.ok(rows[3].worst < 1e-5, name .. "\n" .. tostring(rows))
  end
  local p = processes.VP
  local score = oracle.mixture_score(p, weights, means, vars)
  local z, info = likelihood.encode(p, score, x)
  check.eq(info.nfe:shape(), { 30 })
  same(likelihood.encode(p, score, x:narrow(1, 11, 1)), z:narrow(1, 11, 1))
  local _, by_ode = likelihood.ode(p, score, x, { trace = "exact", rtol = 1e-8, atol = 1e-8 })
  check.ok(max_error(by_ode.z, z) < 1e-3)
  same(likelihood.decode(p, score, z), (sl.solve.ode { eps = p.eps.likelihood } (p, score, nil, { x = z })))
end)

check.test("between codes", function()
  local a, b = float64 { { 1, 0 }, { 2, 0 }, { 0, 0 } }, float64 { { 0, 1 }, { 2, 0 }, { 1, 1 } }
  local arc, chord = likelihood.interpolate(a, b, 3), likelihood.interpolate(a, b, 3, { path = "linear" })
  check.eq(arc:shape(), { 3, 3, 2 })
  local r = math.sqrt(0.5)
  check.close(arc:totable(), { a:totable(), { { r, r }, { 2, 0 }, { 0.5, 0.5 } }, b:totable() }, 1e-12, 1e-15)
  check.close(chord:select(1, 2):totable(), { { 0.5, 0.5 }, { 2, 0 }, { 0.5, 0.5 } }, 1e-12)
  check.raises(function() likelihood.interpolate(a, b, 1) end, "likelihood.interpolate: option n")
  check.raises(function() likelihood.interpolate(a, b, 3, { path = "straight" }) end, "option path")
  check.raises(function() likelihood.interpolate(a, b:to "float32", 3) end, "argument b: expected one like a")
end)

-- ---- the script ------------------------------------------------------------------------------------------

local function write_model(folder, images)
  local trainer = sl.train.Trainer.new {
    samples = images, process = { kind = "VP", options = {} }, settings = { batch = 4 },
    net = { kind = "UNet", options = { size = 8, channels = 1, nf = 4, ch_mult = { 1, 1 }, attn_resolutions = {} } },
  }
  for _ = 1, 3 do trainer:step() end
  trainer:save(folder .. "/checkpoint.safetensors")
  system.make_folder(folder .. "/data")
  for i = 1, images:shape(1) do sl.image.save(("%s/data/%02d.png"):format(folder, i), images:select(1, i)) end
end

check.test("scripts/likelihood.lua: the same numbers for any batch and any threads", function()
  local folder = programs.folder()
  local images = sl.randint(0, 256, { 5, 8, 8, 1 }, { dtype = "uint8" })
  write_model(folder, images)
  local function run(...)
    return programs.run("", programs.program, "scripts/likelihood.lua", folder .. "/checkpoint.safetensors", "--data",
      folder .. "/data", "--tolerance", "1e-2", ...)
  end
  local first
  for i, how in ipairs { { "64", "2" }, { "2", "1" } } do
    local out = ("%s/%d.npz"):format(folder, i)
    local code, text = run("--probes", "2", "--bound", "2", "--repeats", "2", "--out", out, "--batch", how[1],
      "--threads", how[2])
    check.eq(code, 0, text)
    for _, part in ipairs { "5 test images, step 3: ", " +- ", "the probes leave", "variational bound", "offset 7" } do
      check.ok(text:find(part, 1, true), text)
    end
    local found = sl.npz.load(out)
    first = first or found
    for _, name in ipairs { "bpd", "se", "bound", "nfe" } do
      check.eq(found[name]:shape(), { 10 })
      same(found[name], first[name], name)
    end
  end
  check.eq(run("--trace", "exact", "--n", "1"), 0)
  local code, text = run("--trace", "full")
  check.ok(code ~= 0 and text:find("--trace", 1, true), text)
  code, text = programs.run("", programs.program, "scripts/likelihood.lua", "/nowhere")
  check.ok(code ~= 0 and text:find("/nowhere", 1, true), text)
  code, text = programs.run("", programs.program, "scripts/likelihood.lua", "--help")
  check.ok(code == 0 and text:find("--probes", 1, true) and text:find("--bound", 1, true), text)
  os.execute("rm -rf " .. programs.quote(folder))
end)

check.test("the callback sees points and integrals", function()
  local x, p, last = mixture_points(5, 1), processes.VP, nil
  local _, info = likelihood.ode(p, oracle.mixture_score(p, weights, means, vars), x, {
    probes = 2, seed = 1, rtol = 1e-3, atol = 1e-3, callback = function(state) last = state end,
  })
  check.eq({ last.t, last.times:shape(), last.delta:shape() }, { 1.0, { 5 }, { 5, 2 } })
  same(last.x, info.z)
  same(last.delta:mean(2), info.delta)
end)

-- ---- refusals -----------------------------------------------------------------------------------------

check.test("bad arguments are named", function()
  local x, p = mixture_points(4, 1), processes.VP
  local function score(y) return -y end
  local function refuses(part, opts, other_score, other_x, other_p)
    check.raises(function() likelihood.ode(other_p or p, other_score or score, other_x or x, opts) end, part)
  end
  refuses("likelihood.ode: unknown option trase", { trase = "exact" })
  refuses("likelihood.ode: option trace", { trace = "full" })
  refuses("likelihood.ode: option hutchinson", { hutchinson = "uniform" })
  refuses("likelihood.ode: option probes: expected an integer >= 1", { probes = 1.5 })
  refuses("likelihood.ode: option method", { method = "rk4" })
  refuses("likelihood.ode: argument eps: expected a time in [0, 1), got 1", { eps = 1 })
  refuses("likelihood.ode: option rtol: expected a positive number, got 0", { rtol = 0 })
  refuses("likelihood.ode: option icoeff: expected a positive number, got 0", { icoeff = 0.0 })
  refuses("likelihood.ode: arguments pcoeff, icoeff: expected numbers >= 0, got -1, 0.65", { pcoeff = -1 })
  refuses("likelihood.ode: max_steps reached", { max_steps = 1, rtol = 1e-9 })
  refuses("likelihood.ode: argument score: expected a function", {}, 3)
  refuses("likelihood.ode: argument process", {}, nil, nil, {})
  refuses("argument x: expected a float tensor [N, features ...], got float64 [2]", {}, nil, float64 { 1, 2 })
  refuses("likelihood.ode: argument x", {}, nil, sl.zeros({ 2, 2 }, { dtype = "uint8" }))
  refuses("likelihood.ode: score: expected a result like x", {}, function(y) return y:sum(2) end)
  refuses("mine", {}, function() error "mine" end)
  refuses("computed from x by recorded ops", {}, function(y) return -y:detach() end, nil, sde.VE {})
  refuses("noise: draw 1", { noise = function() return sl.zeros { 1 } end })
  check.raises(function() likelihood.encode(p, score, x, { top = -3 }) end,
    "likelihood.encode: argument top: expected a time in (0, 1], got -3")
  check.raises(function() likelihood.encode(p, score, x, { trace = 1 }) end, "likelihood.encode: unknown option trace")
  check.eq(sl.is_recording(), true)
end)
