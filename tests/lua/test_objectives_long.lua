-- Every objective and every parameterization teaches a small network the score of a known mixture.
local check = require "check"
local sl = require "sdelua"

local STEPS, BATCH = 800, 256
local mixture = sl.metrics.mixture { weights = { 1, 2 }, means = { { -1, 0.5 }, { 1, -0.5 } }, stds = 0.35 }

-- The error of the score that `loss` (a function of a score and data) trains, with samples of the mixture drawn afresh.
local function trained(process, make, loss)
  sl.manual_seed(1)
  local net = sl.nn.MLP { in_features = 2, out_features = make.features or 2, hidden = { 64, 64 }, embed = 32 }
  local score = make.score(net)
  local optimizer = sl.optim.Adam(net:parameters(), { lr = 4e-3, warmup = 20, grad_clip = 1 })
  local ema = sl.optim.EMA(net:parameters(), { decay = 0.98 })
  for step = 1, STEPS do
    local scope <close> = sl.scope()
    local value = loss(make.raw and net or score, mixture:sample(BATCH, { seed = 5, first = step * BATCH }))
    optimizer:zero_grad()
    value:backward()
    optimizer.lr = 4e-3 * (1 - step / (STEPS + 1))
    optimizer:step()
    ema:update()
  end
  local times = {}
  for i = 1, 5 do times[i] = process.T * (0.1 + 0.2 * (i - 1)) end
  return ema:apply(function() return sl.metrics.score_error(process, score, mixture, { times = times, n = 2000 }) end)
end

-- The error of the score 0, to compare with: E s^2 |score|^2/D.
local function zero(process)
  local times = {}
  for i = 1, 5 do times[i] = process.T * (0.1 + 0.2 * (i - 1)) end
  return sl.metrics.score_error(process, function(x) return x * 0 end, mixture, { times = times, n = 2000 }).value
end

local function learns(what, process, make, loss, share)
  check.test("learns the score: " .. what, function()
    local result, of_zero = trained(process, make, loss), zero(process)
    print(("%-28s %s, of the zero score %.3f"):format(what, tostring(result), of_zero))
    check.ok(result.value < of_zero * share, what)
  end)
end

local vp = sl.sde.VP {}
local function named(opts, features)
  return { features = features, score = function(net) return vp:score(net, opts) end }
end

for _, kind in ipairs { "noise", "v", "velocity", "x0", "energy", "F" } do
  learns("dsm, " .. kind, vp, named({ parameterization = kind }, kind == "energy" and 1 or 2), function(score, x0)
    return sl.loss.dsm(vp, score, x0)
  end, kind == "x0" and 0.06 or 0.02)
end
for name, opts in pairs { dsm = { t_sampling = "importance", weighting = "likelihood" }, v = {}, flow = {},
  min_snr = {} } do
  learns(name .. (next(opts) and ", importance" or ""), vp, named { parameterization = "v" }, function(score, x0)
    return sl.loss[name](vp, score, x0, opts)
  end, 0.02)
end
learns("ddpm", vp, { raw = true, score = function(net) return vp:score(net) end }, function(net, x0)
  return sl.loss.ddpm(vp, net, x0)
end, 0.02)
learns("ddpm, energy", vp, named({ parameterization = "energy" }, 1), function(score, x0)
  return sl.loss.ddpm(vp, score, x0)
end, 0.02)
for name, opts in pairs { ism = {}, ssm_vr = {}, ssm = { projections = 2 } } do
  learns(name, vp, named {}, function(score, x0) return sl.loss[name](vp, score, x0, opts) end, 0.05)
end

local edm = sl.sde.EDM { sigma_min = 0.02, sigma_max = 5 }
learns("edm", edm, { score = function(net) return edm:score(net, { precondition = { "EDM", sigma_data = 1 } }) end },
  function(score, x0)
    return sl.loss.edm(edm, score, x0, { P_mean = 0, P_std = 1.2, sigma_data = 1 })
  end, 0.02)

local ve = sl.sde.VE { sigma_min = 0.05, sigma_max = 5 }
learns("smld", ve, {
  raw = true, score = function(net)
    return ve:score(net, { parameterization = "score", label = function(t) return (1 - t) * 99 end })
  end,
}, function(net, x0) return sl.loss.smld(ve, net, x0, { n_steps = 100 }) end, 0.05)
learns("smld, noise", ve, {
  score = function(net)
    return ve:score(net, { parameterization = "noise", label = { "level", n_steps = 100, descending = true } })
  end,
}, function(score, x0) return sl.loss.smld(ve, score, x0, { n_steps = 100 }) end, 0.05)

-- A process without a kernel: the score is learnt from simulated paths.
local general = sl.sde.define {
  drift = function(x) return x * -1.5 end, diffusion = function(_, t) return t * 0 + math.sqrt(3) end, tier = "general",
  noise_type = "scalar", prior = { mean = 0, std = 1 },
}
check.test("learns the score: ssm_vr without a kernel", function()
  local same = sl.sde.define { -- the same process with its kernel, to compare with
    drift_coefficient = function() return -1.5 end, diffusion_coefficient = function() return math.sqrt(3) end,
  }
  local result = trained(same, {
    score = function(net) return function(x, t) return net(x, t * 999) end end,
  }, function(score, x0) return sl.loss.ssm_vr(general, score, x0, { steps = 16 }) end)
  local of_zero = zero(same)
  print(("%-28s %s, of the zero score %.3f"):format("ssm_vr without a kernel", tostring(result), of_zero))
  check.eq(general.tier, "general")
  check.ok(result.value < of_zero * 0.05)
end)
