-- Optimizers and the moving average: published values (PyTorch 1.13, score_sde's ema.py), states, errors.
local check = require "check"
local sl = require "sdelua"
local optim = sl.optim

local function fixture(name) return sl.npz.load("tests/fixtures/optim/" .. name .. ".npz") end
local function leaf(t) return t:clone():requires_grad_() end

-- ---- ten steps on 0.5 (p1-c1)' A (p1-c1) + 1.5 |p2-c2|^2 ----------------------------------------------------

local function loss_of(data, p1, p2)
  local d, e = p1 - data.c1, p2 - data.c2
  return (d * data.A:matmul(d)):sum() * 0.5 + e:square():sum() * 1.5
end

local function replay(name, kind, options, atol)
  for _, suffix in ipairs { "", "_f64" } do
    local data, dtype = fixture(name), suffix == "" and "float32" or "float64"
    for k, v in pairs(data) do data[k] = v:to(dtype) end
    local p1, p2 = leaf(data.p1_0), leaf(data.p2_0)
    local opt = optim[kind]({ p1, p2 }, options)
    for step = 1, 10 do
      local loss = loss_of(data, p1, p2)
      opt:zero_grad()
      loss:backward()
      local norm, what = opt:step(), name .. suffix .. " step " .. step .. " "
      check.close(loss:item(), data["loss" .. suffix][step]:item(), 1e-5, atol.loss, what .. "loss")
      check.close(norm, data["norm" .. suffix][step]:item(), 1e-5, atol.norm, what .. "norm")
      check.close(p1:totable(), data["p1" .. suffix][step]:totable(), 1e-5, atol.p1, what .. "p1")
      check.close(p2:totable(), data["p2" .. suffix][step]:totable(), 1e-5, atol.p2, what .. "p2")
    end
  end
end

check.test("Adam with clipping", function()
  replay("optim_adam_clip", "Adam", { lr = 0.1, grad_clip = 1 },
    { loss = 1.1e-4, norm = 3.6e-5, p1 = 8e-6, p2 = 5.6e-6 })
end)
check.test("Adam with L2", function()
  replay("optim_adam_l2", "Adam", { lr = 0.05, beta1 = 0.8, beta2 = 0.95, eps = 1e-6, weight_decay = 0.1 },
    { loss = 8.4e-5, norm = 2.9e-5, p1 = 9.7e-6, p2 = 4.9e-6 })
end)
check.test("AdamW with clipping", function()
  replay("optim_adamw_clip", "AdamW", { lr = 0.1, weight_decay = 0.05, grad_clip = 2 },
    { loss = 1.1e-4, norm = 3.6e-5, p1 = 6.3e-6, p2 = 6.5e-6 })
end)
check.test("SGD with momentum and clipping", function()
  replay("optim_sgd_momentum_clip", "SGD", { lr = 0.05, momentum = 0.9, grad_clip = 1.5 },
    { loss = 1.2e-4, norm = 3.7e-5, p1 = 5.3e-6, p2 = 7.9e-6 })
end)
check.test("SGD after Nesterov", function()
  replay("optim_sgd_nesterov", "SGD", { lr = 0.03, momentum = 0.8, nesterov = true, weight_decay = 0.01 },
    { loss = 8.3e-5, norm = 2.9e-5, p1 = 6.9e-6, p2 = 6.6e-6 })
end)
check.test("SGD with dampening", function()
  replay("optim_sgd_dampening", "SGD", { lr = 0.05, momentum = 0.7, dampening = 0.3 },
    { loss = 1e-4, norm = 3.3e-5, p1 = 1e-5, p2 = 8.1e-6 })
end)

-- ---- the moving average ---------------------------------------------------------------------------------------

for name, options in pairs {
  ema_warmup = { decay = 0.999 }, ema_reaches_decay = { decay = 0.3 }, ema_constant = { decay = 0.9, warmup = false },
} do
  check.test(name, function()
    local data = fixture(name)
    local p1, p2 = leaf(data.p1[1]), leaf(data.p2[1])
    local ema = optim.EMA({ p1, p2 }, options)
    for i = 1, #data.ema1 do
      sl.no_grad(function()
        p1:copy_(data.p1[i + 1])
        p2:copy_(data.p2[i + 1])
      end)
      ema:update()
      local state = ema:state_dict()
      check.close(state["avg.1"]:totable(), data.ema1[i]:totable(), 1e-5, 2.3e-6)
      check.close(state["avg.2"]:totable(), data.ema2[i]:totable(), 1e-5, 2.9e-6)
    end
    check.eq(ema:updates(), #data.ema1)
  end)
end

-- ---- states ------------------------------------------------------------------------------------------------------

local function problem()
  local p = leaf(sl.tensor { 1, -2, 3 })
  local function step(opt)
    opt:zero_grad()
    ;(p * p * p):sum():backward()
    return opt:step()
  end
  return p, step
end

check.test("a loaded state goes on as if never stopped", function()
  for _, kind in ipairs { "Adam", "AdamW", "SGD" } do
    local options = kind == "SGD" and { lr = 0.01, momentum = 0.9, warmup = 5 } or { lr = 0.01, warmup = 5 }
    local p, step = problem()
    local opt = optim[kind]({ p }, options)
    local ema = optim.EMA({ p }, { decay = 0.9 })
    for _ = 1, 3 do step(opt) ema:update() end
    local saved, averages, value = {}, {}, p:clone():detach()
    for k, v in pairs(opt:state_dict()) do saved[k] = v:clone() end
    for k, v in pairs(ema:state_dict()) do averages[k] = v:clone() end
    for _ = 1, 3 do step(opt) ema:update() end
    local q, again = problem()
    local opt2, ema2 = optim[kind]({ q }, options), optim.EMA({ q }, { decay = 0.9 })
    sl.no_grad(function() q:copy_(value) end)
    opt2:load_state_dict(saved)
    ema2:load_state_dict(averages)
    for _ = 1, 3 do again(opt2) ema2:update() end
    check.eq(q:totable(), p:totable(), kind)
    check.eq(ema2:state_dict()["avg.1"]:totable(), ema:state_dict()["avg.1"]:totable())
    check.eq(opt2:steps(), 6)
  end
end)

check.test("a state that does not fit is listed and not loaded", function()
  local p, step = problem()
  local opt = optim.Adam({ p })
  step(opt)
  local state = opt:state_dict()
  local was = state["exp_avg.1"]:totable()
  local message = check.raises(function()
    opt:load_state_dict { step = state.step, ["exp_avg.1"] = sl.zeros { 4 }, more = sl.zeros { 1 } }
  end, "load_state_dict: the state does not fit")
  for _, line in ipairs { "exp_avg.1: expected shape [3], got [4]", "missing exp_avg_sq.1 [3]", "unknown more" } do
    check.ok(message:find(line, 1, true), line)
  end
  check.raises(function() opt:load_state_dict { } end, "step: expected a tensor of one count")
  check.raises(function() opt:load_state_dict(3) end, "expected a table of tensors by name, got a number")
  check.eq(opt:state_dict()["exp_avg.1"]:totable(), was)
  check.eq(opt:steps(), 1)
end)

-- ---- use -----------------------------------------------------------------------------------------------------------

check.test("options are fields", function()
  local p = problem()
  local opt = optim.Adam({ p }, { lr = 0.5 })
  check.eq(opt.lr, 0.5)
  opt.lr = 0.25
  check.eq(opt.lr, 0.25)
  check.eq(opt.beta1, 0.9)
  check.eq(opt.nothing, nil)
  check.eq(tostring(opt), "Adam(lr=0.25, 0 steps made)")
  check.raises(function() opt.lr = -1 end, "Adam: argument lr: expected a number >= 0, got -1")
  check.raises(function() opt.lr = 0 / 0 end, "Adam: argument lr: expected a number >= 0")
  check.raises(function() opt.rate = 1 end, "Adam: there is no option rate")
  check.raises(function() optim.Adam({ p }, { lrr = 1 }) end, "Adam: unknown option lrr; expected lr, warmup")
  check.raises(function() optim.Adam({ p }, { lr = "x" }) end, "Adam: argument lr: expected a number, got the string")
  check.raises(function() optim.Adam({ p }, { lr = 0 / 0 }) end, "Adam: argument lr: expected a number >= 0")
  check.raises(function() optim.SGD({ p }, { nesterov = 1 }) end, "SGD: argument nesterov: expected true or false")
  check.raises(function() optim.Adam(p) end, "Adam: argument params: expected a list of tensors")
  check.raises(function() optim.Adam({}) end, "Adam: argument params: expected at least one tensor")
  check.raises(function() optim.EMA({ p }, { decay = 2 }) end, "EMA: argument decay: expected a number in [0,1], got 2")
end)

check.test("a non-finite norm raises and changes nothing", function()
  local p, step = problem()
  local opt = optim.Adam({ p })
  step(opt)
  local value, m = p:totable(), opt:state_dict()["exp_avg.1"]:totable()
  p.grad = sl.tensor { 1, 0 / 0, 1 }
  check.raises(function() opt:step() end, "Adam.step: the global norm of the gradients is nan, first at parameter 1")
  check.eq(p:totable(), value)
  check.eq(opt:state_dict()["exp_avg.1"]:totable(), m)
  check.eq(opt:steps(), 1)
end)

check.test("apply puts the parameters back on every way out", function()
  local p, step = problem()
  local ema, opt = optim.EMA({ p }, { decay = 0.9 }), optim.SGD({ p }, { lr = 0.01 })
  local averages = p:totable()
  step(opt)
  local value = p:totable()
  local function inside()
    check.eq(p:totable(), averages)
    check.raises(function() ema:update() end, "EMA.update: the averages are swapped in")
    check.raises(function() ema:state_dict() end, "EMA.state_dict: the averages are swapped in")
    check.raises(function() ema:apply(print) end, "EMA.apply: the averages are swapped in")
    return 1, nil, 3
  end
  check.eq(table.pack(ema:apply(inside)), { 1, nil, 3, n = 3 })
  check.eq(p:totable(), value)
  check.raises(function() ema:apply(function() error("inside") end) end, "inside")
  check.eq(p:totable(), value)
  local co = coroutine.create(function() ema:apply(coroutine.yield) end)
  coroutine.resume(co)
  check.eq(p:totable(), averages)
  coroutine.close(co)
  check.eq(p:totable(), value)
  ema:copy_to()
  check.eq(p:totable(), averages)
end)
