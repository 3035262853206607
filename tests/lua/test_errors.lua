-- Errors raised from the core: what they say, what survives them, callbacks, allocation failures.
local check = require "check"
local sl = require "sdelua"
local core = require "sdelua.core"
local testing, interrupt = core.testing, core.interrupt

local function live()
  collectgarbage()
  collectgarbage()
  return testing.live()
end

check.test("errors name function, argument, expected and actual", function()
  local x = sl.zeros(2, 3)
  for _, case in ipairs {
    { function() sl.zeros(-1) end, "zeros: argument shape: expected an integer >= 0, got the number -1" },
    { function() sl.zeros {} end, nil },
    { function() sl.zeros() end, "zeros: argument shape: expected a list of sizes, got no value" },
    { function() sl.zeros { 2, "3" } end, 'zeros: argument shape[2]: expected an integer >= 0, got the string "3"' },
    { function() sl.zeros { 2, colour = 1 } end, "zeros: unknown option colour; expected dtype" },
    { function() sl.zeros({ 2 }, { dtype = "int" }) end, 'zeros: argument dtype: expected one of "float32"' },
    { function() sl.zeros(1, 1, 1, 1, 1, 1, 1, 1, 1) end, "zeros: argument shape: expected at most 8" },
    { function() sl.zeros(1 << 40, 1 << 40) end, "empty: argument shape: more than 2^48 elements" },
    { function() sl.tensor { { 1, 2 }, { 3 } } end,
      "tensor: argument data: expected lists of 2 at depth 2, got one of 1" },
    { function() sl.tensor { 1, {} } end, "tensor: argument data: expected a number, got a table" },
    { function() sl.tensor { { 1 }, 2 } end,
      "tensor: argument data: expected lists of 1 at depth 2, got the number 2" },
    { function() sl.tensor "1" end,
      'tensor: argument data: expected a number or nested lists of numbers, got the string "1"' },
    { function() sl.tensor({ 1.5 }, { dtype = "int64" }) end,
      "tensor: argument data: expected an integer, got the number 1.5" },
    { function() sl.tensor({ 256 }, { dtype = "uint8" }) end, "expected an integer from 0 to 255, got the number 256" },
    { function() sl.full({ 1 }) end, "full: argument value: expected a number, got no value" },
    { function() sl.arange(0, 1, 0) end, "arange: argument step: expected a number other than 0, got 0" },
    { function() sl.arange(0, 300, { dtype = "uint8" }) end, "arange: expected numbers from 0 to 255" },
    { function() sl.arange(0, 1 / 0) end, "arange: expected a finite range" },
    { function() sl.linspace(0, 1, -1) end, "linspace: argument n: expected an integer from 0" },
    { function() sl.randn({ 2 }, { dtype = "int64" }) end,
      "randn: argument dtype: expected float32 or float64, got int64" },
    { function() sl.randint(3, 3, { 1 }) end, "randint: argument hi: expected an integer from 4" },
    { function() x:item() end, "item: argument x: expected a tensor of one element, got shape [2,3]" },
    { function() x:shape(3) end,
      "shape: argument dim: expected a dimension from 1 to 2 or from -2 to -1, got the number 3" },
    { function() sl.zeros {} :shape(1) end, "shape: argument dim: expected no dimension" },
    { function() x:to() end, "to: argument dtype: expected one of" },
    { function() return #sl.tensor(1) end, "#: argument x: expected a tensor with dimensions" },
    { function() sl.matmul(x, x) end, "matmul: argument" },
    { function() return x > 0.3 end, "x:gt(0.3)" },
    { function() return x <= x end, "<, <=, > and >= are not for tensors: x:gt(0.3), x:ge, x:lt, x:le and x:eq" },
    { function() x:sum():backward() end, "x:requires_grad_() asks for that of x, before y is computed" },
    { function() sl.nn.Conv2d(3, 8, 3)(sl.zeros { 2, 3, 32, 32 }) end,
      "conv2d: argument x: expected [n,h,w,3], channels last, to match w [3,3,3,8], got [2,3,32,32]" },
    { function() sl.cat({ x, 1 }, 1) end, "cat: argument xs[2]: expected a tensor, got the number 1" },
    { function() sl.manual_seed "a" end, 'manual_seed: argument seed: expected an integer, got the string "a"' },
    { function() sl.sde.VP():point(-1) end, "sde: argument t: expected times in [0, 1], got -1" },
    { function() sl.sde.VP():point(2) end, "sde: argument t: expected times in [0, 1], got 2" },
    { function() sl.noise { seed = 1, index = sl.tensor({ -1, 5 }, { dtype = "int64" }) }:normal({ 2, 1 }, 1) end,
      "noise: argument index: expected numbers in [0, 2^55], got -1" },
    { function() sl.nn.Conv2d(2, 2, 3, { stride = 1 << 33 }) end,
      "Conv2d: argument stride: expected an integer < 2^31, got 8.58993e+09" },
    { function() sl.nn.Sinusoidal(1) end, "Sinusoidal: argument dim: expected an integer >= 2, got 1" },
    { function() sl.set_threads(1000) end, "set_threads: argument n: expected an integer from 0 to 256" },
    { function() sl.help "nothing" end,
      "help: argument name: expected the name of an op, sampler, process or the like, got nothing" },
  } do
    if case[2] then check.raises(case[1], case[2]) else case[1]() end
  end
end)

check.test("an error says where in the script it was raised", function()
  check.ok(check.raises(function() sl.zeros(-1) end, "zeros"):find "^[^\n]*test_errors.lua:%d+: zeros")
end)

check.test("the core's own calls check what they are given, whoever calls", function()
  local vp, x = sl.sde.VP {}, sl.zeros(2, 2)
  local function integrate(o) core.solve.integrate(vp.handle, function(z) return -z end, nil, x, { seed = 1 }, o) end
  local flow = { { name = "flow" } }
  check.raises(function() integrate { steppers = flow, steps = 2, times = 5 } end,
    "solve: argument times: expected a list of steps + 1 times, got the number 5")
  check.raises(function() integrate { steppers = flow, steps = 1 << 30, times = { 1, 0 } } end,
    "solve: argument times: expected a list of steps + 1 times")
  check.raises(function() integrate { steppers = { { step = function(z) return z, z end } }, steps = 1 } end,
    "draws of a step: expected an integer from 0 to 4294967295, got nil")
end)

-- ---- callbacks ----------------------------------------------------------------------

check.test("a callback's error object comes through as it was", function()
  local object = setmetatable({}, { __tostring = function() return "an object" end })
  local ok, err = pcall(testing.call, function() error(object) end)
  check.ok(not ok and rawequal(err, object))
  ok, err = pcall(testing.call, function() error("plain", 0) end)
  check.eq({ ok, err }, { false, "plain" })
  ok, err = pcall(testing.call, function() testing.call(function() error(object) end) end)
  check.ok(not ok and rawequal(err, object))
end)

check.test("the traceback reaches into the callback", function()
  local function innermost() error "deep" end
  local _, text = xpcall(testing.call, sl.traceback, function() testing.call(innermost) end)
  local line = debug.getinfo(innermost, "S").linedefined
  check.ok(text:find("deep\nstack traceback:\n%s*%[C%]: in function 'error'\n[^\n]*test_errors.lua:" .. line), text)
  check.eq(select(2, text:gsub("stack traceback", "")), 1)
end)

check.test("yielding across the core is an error that says so", function()
  check.raises(coroutine.wrap(function() testing.call(coroutine.yield) end), "yield across")
end)

check.test("an error in a callback leaves nothing behind", function()
  local x, before = sl.ones(10), live()
  for _ = 1, 3 do
    pcall(testing.call, function()
      local y = x * 2
      error(y)
    end)
  end
  pcall(testing.call, function() error "drops the last one" end)
  check.eq(live(), before)
  check.eq((x + 1):sum():item(), 20)
end)

check.test("the host's hook interrupts at the poll points", function()
  local x = sl.ones(2):requires_grad_()
  local y = x
  for _ = 1, 50 do y = y * 1.01 end
  y = y:sum()
  local count = 0
  debug.sethook(function()
    count = count + 1
    if count == 20 then
      debug.sethook()
      error { "stop" }
    end
  end, "c")
  local ok, err = pcall(y.backward, y)
  debug.sethook()
  check.ok(not ok and type(err) == "table" and err[1] == "stop", tostring(err))
  check.eq(x.grad, nil)
end)

check.test("polling works in coroutines", function()
  check.eq(coroutine.wrap(function()
    testing.poll()
    return (sl.ones(2):requires_grad_() * 2):sum():item()
  end)(), 4)
end)

-- ---- allocation failures ---------------------------------------------------------------

local function step()
  local w = sl.full({ 3, 4 }, 0.5):requires_grad_()
  local loss = ((sl.ones(2, 3):matmul(w) + 1):exp() * sl.tensor { 1, 2, 3, 4 }):mean()
  loss:backward()
  local g = sl.grad((w * w * w):sum(), w, { create_graph = true })
  local s = sl.cat({ g, w.grad }, 1)[2] + 1
  return s:sum():item() + w:argmax(2):to "float32":sum():item()
end

for _, onwards in ipairs { false, true } do
  check.test("each allocation failing in turn, " .. (onwards and "and all after it" or "once"), function()
    local want, failures = step(), 0
    local before = live()
    for n = 1, 2000 do
      testing.fail_alloc(n, onwards)
      local ok, result = pcall(step)
      testing.fail_alloc(0)
      check.eq(live(), before, "live after failure " .. n)
      if ok and onwards then
        check.eq(result, want)
        check.ok(failures > 20, "only " .. failures .. " failures")
        return
      elseif ok then
        check.eq(result, want)
      else
        failures = failures + 1
        check.ok(tostring(result):find "out of memory", tostring(result))
      end
      if not onwards and n > 400 then return end
    end
    error "never succeeded"
  end)
end

check.test("an op is called once more after a collection", function()
  local x = sl.ones(4)
  testing.fail_alloc(1)
  check.eq((x + 1):totable(), { 2, 2, 2, 2 })
  testing.fail_alloc(1, true)
  local ok, err = pcall(function() return x + x end)
  testing.fail_alloc(0)
  check.ok(not ok and err:find "add of %[4%], %[4%]: [%w ]+: out of memory for %d+ bytes", err)
end)

check.test("interrupts ask only inside begin and finish", function()
  check.eq(interrupt.requested(), false)
  interrupt.begin()
  check.eq(interrupt.requested(), false)
  check.eq(interrupt.finish(), false)
end)
