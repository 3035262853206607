-- Optimizers and the moving average: states, errors.
local check = require "check"
local sl = require "sdelua"
local optim = sl.optim

local function leaf(t) return t:clone():requires_grad_() end

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

check.test("AMSGrad keeps a tensor more, is in the state, and stays as it was made", function()
  for _, kind in ipairs { "Adam", "AdamW" } do
    local p, step = problem()
    local opt = optim[kind]({ p }, { lr = 0.1, beta2 = 0.5, amsgrad = true })
    for _ = 1, 5 do step(opt) end
    local saved, value, largest = {}, p:clone():detach(), opt:state_dict()["max_exp_avg_sq.1"]
    for k, v in pairs(opt:state_dict()) do saved[k] = v:clone() end
    check.ok((largest - opt:state_dict()["exp_avg_sq.1"]):amin():item() >= 0)
    for _ = 1, 3 do step(opt) end
    local q, again = problem()
    local opt2 = optim[kind]({ q }, { lr = 0.1, beta2 = 0.5, amsgrad = true })
    sl.no_grad(function() q:copy_(value) end)
    opt2:load_state_dict(saved)
    for _ = 1, 3 do again(opt2) end
    check.eq(q:totable(), p:totable(), kind)
    check.raises(function() opt.amsgrad = false end, kind .. ": argument amsgrad: expected to stay as it was made")
    opt.amsgrad = true
    check.raises(function() optim[kind]({ q }):load_state_dict(saved) end, "unknown max_exp_avg_sq.1")
    check.eq(optim[kind]({ q }):state_dict()["max_exp_avg_sq.1"], nil)
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
  check.raises(function() optim.Adam({}) end, "Adam: argument params: expected at least one tensor, such as those that "
    .. "net:parameters() lists, got none")
  for _, net in ipairs { sl.nn.MLP { dim = 2 }, sl.nn.Linear(2, 2), sl.nn.Sequential { sl.nn.Linear(2, 2) } } do
    check.raises(function() optim.Adam(net) end,
      "Adam: argument params: expected a list of tensors, such as net:parameters(), got a")
    check.raises(function() optim.EMA(net) end, "EMA: argument params: expected a list of tensors, such as")
  end
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
