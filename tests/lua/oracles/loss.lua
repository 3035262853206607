-- Losses and their gradients at any time and on levels, whole training steps, EDM's losses and preconditioning,
-- implicit and sliced score matching. Values of score_sde_pytorch, edm and PyTorch.
local check = require "check"
local oracle = require "oracle"
local sl = require "sdelua"
local tiny = require "tiny"
local Precondition = require "sdelua.sde.precondition"

local images, ours = tiny.images, tiny.ours
local BOTH = { { "float32", "" }, { "float64", "_f64" } }

local function gradients(case, loss, parameters)
  loss:backward()
  for name, p in pairs(parameters) do
    oracle.close(case, "grad." .. name, p.grad, ours(case.arrays["grad." .. name]))
  end
end

local function inside(case, seen)
  for key, name in pairs { x = "net_x", out = "net_out", labels = "net_labels" } do
    local want = case.arrays[name]
    if want then oracle.close(case, name, seen[key], key == "labels" and want or images(want)) end
  end
end

-- ---- denoising score matching -------------------------------------------------------------------------

local function loss_of(case, dtype)
  local a, params = case.arrays, case.params
  local process, net, parameters, seen = oracle.process(params), tiny.network(case, dtype)
  local score = process:score(net, { parameterization = params.sde == "ve" and "score" or "noise" })
  local t = a.u:to(dtype) * (1 - params.eps) + params.eps
  return sl.loss.dsm(process, score, images(a.batch:to(dtype)), {
    t = t, z = images(a.z:to(dtype)), reduce_mean = params.reduce_mean,
    weighting = params.likelihood_weighting and "likelihood" or "std",
  }), parameters, t, seen
end

oracle.replay("loss", "^sde_", function(case)
  local loss, parameters, t, seen = loss_of(case, "float32")
  oracle.close(case, "loss", loss)
  oracle.close(case, "t", t)
  inside(case, seen)
  gradients(case, loss, parameters)
  oracle.close(case, "loss_f64", (loss_of(case, "float64")))
end)

-- ---- levels -----------------------------------------------------------------------------------------

local function on_levels(name)
  return function(case)
    local a, params = case.arrays, case.params
    for _, kind in ipairs(BOTH) do
      local dtype, suffix = table.unpack(kind)
      local net, parameters, seen = tiny.network(case, dtype)
      local loss = sl.loss[name](oracle.process(params), net, images(a.batch:to(dtype)), {
        n_steps = params.N, labels = a.labels, z = images(a.noise:to(dtype)), reduce_mean = params.reduce_mean,
      })
      oracle.close(case, "loss" .. suffix, loss)
      if suffix == "" then
        inside(case, seen)
        gradients(case, loss, parameters)
      end
    end
  end
end

oracle.replay("loss", "^smld_", on_levels "smld")
oracle.replay("loss", "^ddpm_", on_levels "ddpm")

-- ---- training steps ---------------------------------------------------------------------------------

local function training(case, dtype)
  local a, params = case.arrays, case.params
  local process, net, parameters = oracle.process(params), tiny.network(case, dtype)
  local list, rows = {}, { loss = {} }
  for i, name in ipairs(tiny.WEIGHTS) do
    list[i], rows["param_after." .. name], rows["ema_after." .. name] = parameters[name], {}, {}
  end
  local optimizer = sl.optim.Adam(list, {
    lr = params.lr, warmup = params.warmup, weight_decay = params.weight_decay,
    grad_clip = params.grad_clip > 0 and params.grad_clip or nil,
  })
  local ema = sl.optim.EMA(list, { decay = params.ema })
  local score = process:score(net, { parameterization = params.sde == "ve" and "score" or "noise" })
  local function drawn(step, which, kind) return a[("noise_%02d_%s"):format(2 * step - 2 + which, kind)] end
  for step = 1, params.steps do
    local x0, z = images(a.batches:select(1, step):to(dtype)), images(drawn(step, 1, "normal"):to(dtype))
    local loss
    if params.continuous then
      local t = drawn(step, 0, "uniform"):to(dtype):reshape { -1 } * (process.T - params.eps) + params.eps
      loss = sl.loss.dsm(process, score, x0, {
        t = t, z = z, reduce_mean = params.reduce_mean,
        weighting = params.likelihood_weighting and "likelihood" or "std",
      })
    else
      local labels = drawn(step, 0, "int")
      loss = sl.loss.ddpm(process, net, x0, {
        n_steps = params.N, labels = labels, z = z, reduce_mean = params.reduce_mean,
      })
    end
    optimizer:zero_grad()
    loss:backward()
    optimizer:step()
    ema:update()
    rows.loss[step] = loss:detach()
    for _, name in ipairs(tiny.WEIGHTS) do rows["param_after." .. name][step] = parameters[name]:detach():clone() end
    ema:apply(function()
      for _, name in ipairs(tiny.WEIGHTS) do rows["ema_after." .. name][step] = parameters[name]:detach():clone() end
    end)
  end
  return rows
end

-- The reference's [step, ...] of a weight, in our layout.
local function each_step(want)
  local parts = {}
  for step = 1, want:shape(1) do parts[step] = ours(want:select(1, step)):contiguous() end
  return sl.stack(parts, 1)
end

oracle.replay("loss", "^train_", function(case)
  for name, rows in pairs(training(case, "float32")) do
    local want = case.arrays[name]
    oracle.close(case, name, sl.stack(rows, 1), name == "loss" and want or each_step(want))
  end
  oracle.close(case, "loss_f64", sl.stack(training(case, "float64").loss, 1))
end)

-- ---- EDM --------------------------------------------------------------------------------------------

local NAMES = { EDMPrecond = "EDM", VPPrecond = "VP", VEPrecond = "VE", iDDPMPrecond = "iDDPM" }
local DISTRIBUTIONS = { EDMLoss = "lognormal", VPLoss = "vp", VELoss = "ve" }

local function precondition(params)
  local spec = { NAMES[params.precond] }
  for key, value in pairs(params.precond_args) do spec[key] = value end
  return Precondition.new(spec)
end

oracle.replay("loss", "^edm_", function(case)
  local a, params = case.arrays, case.params
  for _, kind in ipairs(BOTH) do
    local dtype, suffix = table.unpack(kind)
    local net, parameters, seen = tiny.network(case, dtype)
    local process = sl.sde.EDM { sigma_max = 1000.0 }
    local score = process:score(net, { precondition = precondition(params) })
    local options = {
      distribution = DISTRIBUTIONS[params.loss], u = a.draw:to(dtype):reshape { -1 }, z = images(a.n_unit:to(dtype)),
      reduction = "none",
    }
    for key, value in pairs(params.loss_args) do options[key] = value end
    local loss = sl.loss.edm(process, score, images(a.batch:to(dtype)), options)
    oracle.close(case, "loss" .. suffix, loss, images(a["loss" .. suffix]))
    options.reduction = "mean"
    local mean = sl.loss.edm(process, score, images(a.batch:to(dtype)), options):item()
    check.close(mean, loss:mean():item(), 1e-6)
    options.reduction = "sum"
    local sum = sl.loss.edm(process, score, images(a.batch:to(dtype)), options)
    if suffix == "" then
      inside(case, seen)
      gradients(case, sum, parameters)
    end
  end
end)

oracle.replay("loss", "^precond_", function(case)
  local a = case.arrays
  local P, net, _, seen = precondition(case.params), tiny.network(case, "float32")
  local x, sigma = images(a.x), a.sigma
  oracle.close(case, "denoised", P:denoised(net, x, sigma), images(a.denoised))
  inside(case, seen)
  oracle.close(case, "round_sigma", P.round(sigma))
  if a.u then oracle.close(case, "u", P.levels) end
  for _, name in ipairs { "sigma_min", "sigma_max" } do
    if a[name] then oracle.close(case, name, sl.tensor({ P[name] }, { dtype = "float64" })) end
  end
  -- the same denoiser through a process: any time, any process with that sigma
  local score = sl.sde.EDM { sigma_max = 1000.0 }:score(net, { precondition = P })
  local again = score:exchange(x, sigma)
  check.close((again - P:denoised(net, x, sigma)):abs():amax():item(), 0, 0, 1e-5)
end)

-- ---- implicit and sliced score matching -------------------------------------------------------------

local LAYERS = { "W1", "b1", "W2", "b2" }

local function two_layers(case, dtype)
  local p = {}
  for _, name in ipairs(LAYERS) do p[name] = ours(case.arrays[name]:to(dtype)):clone():requires_grad_() end
  local act = sl[case.params.activation]
  return function(x) return sl.linear(act(sl.linear(x, p.W1, p.b1)), p.W2, p.b2) end, p
end

-- The losses by the names of the fixtures, each with the options that replay it.
local OBJECTIVES = { ism = {}, ssm = { given = true }, ssm_vr = { given = true } }

local function matched(case, dtype, suffix)
  local a = case.arrays
  -- x itself is a sample of the EDM process at t = 0, so the objectives of a process must agree with those of the data
  local process, data = sl.sde.EDM {}, a.x:to(dtype)
  local opts = { parameterization = case.params.energy and "energy" or "score", label = function(t) return t end }
  for name, objective in pairs(OBJECTIVES) do
    local net, parameters = two_layers(case, dtype)
    local score = process:score(net, opts)
    local t = sl.zeros({ data:shape(1) }, { dtype = dtype })
    local v = objective.given and a.v:to(dtype) or nil
    local loss = sl.loss[name](process, score, data, { t = t, v = v, weighting = function() return 1 end })
    oracle.close(case, "loss_" .. name .. suffix, loss)
    local of_data = sl.loss[name](nil, function(x) return score(x, t) end, data, { v = v })
    check.close(of_data:item(), loss:item(), 1e-5)
    if suffix == "" then
      loss:backward()
      for _, p in ipairs(LAYERS) do
        local grad = parameters[p].grad or parameters[p] * 0
        oracle.close(case, ("grad_%s.%s"):format(name, p), grad, ours(a[("grad_%s.%s"):format(name, p)]))
      end
    end
  end
end

local function trace(case, dtype, suffix)
  local net = two_layers(case, dtype)
  local x = case.arrays.x:to(dtype):clone():requires_grad_()
  local score = sl.sde.EDM {}:score(net, {
    parameterization = case.params.energy and "energy" or "score", label = function(t) return t end,
  })(x, 0)
  if suffix == "" then oracle.close(case, "score", score) end
  oracle.close(case, "trace" .. suffix, require "sdelua.loss.implicit".diagonal { x = x, score = score }:sum(2))
end

oracle.replay("loss", "^score_matching_", function(case)
  for _, kind in ipairs(BOTH) do
    trace(case, table.unpack(kind))
    matched(case, table.unpack(kind))
  end
end)

oracle.replay("loss", "^dsm_", function(case)
  local a, sigma = case.arrays, case.params.sigma
  for _, kind in ipairs(BOTH) do
    local dtype, suffix = table.unpack(kind)
    local net, parameters = two_layers(case, dtype)
    local process = sl.sde.EDM {}
    local t = sl.full({ a.x:shape(1) }, sigma, { dtype = dtype })
    local loss = sl.loss.dsm(process, process:score(net, { parameterization = "score" }), a.x:to(dtype),
      { t = t, z = a.z:to(dtype), reduce_mean = false })
    oracle.close(case, "loss" .. suffix, loss)
    if suffix == "" then gradients(case, loss, parameters) end
  end
end)
