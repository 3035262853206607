-- Functions of the script's own in the graph: sl.custom_vjp, and sl.checkpoint, which runs them again in backward.
local check = require "check"
local sl = require "sdelua"
local testing = require "sdelua.core".testing

local function live()
  collectgarbage()
  collectgarbage()
  return testing.live()
end

local function leaf(values, dtype) return sl.tensor(values, { dtype = dtype or "float64" }):requires_grad_() end

-- ---- custom_vjp ---------------------------------------------------------------------------------------------

-- log(1 + e^x), with a gradient that does not overflow.
local log1pexp = sl.custom_vjp {
  name = "log1pexp",
  forward = function(x) return x:exp():log1p() end,
  backward = function(dy, x) return dy * x:sigmoid() end,
}

check.test("custom_vjp: the gradient is the one given, to any order", function()
  local x = leaf { -1, 0, 100 }
  local y = log1pexp(x * 2)
  check.ok(y.requires_grad and not y.is_leaf)
  y:sum():backward()
  check.close(x.grad:totable(), { 2 / (1 + math.exp(2)), 1, 2 }, 1e-12)
  local x2 = leaf { 0.5 }
  local s = 1 / (1 + math.exp(-0.5))
  local first = sl.grad(log1pexp(x2):sum(), x2, { create_graph = true })
  local second = sl.grad(first:sum(), x2, { create_graph = true })
  check.close(second:item(), s * (1 - s), 1e-12)
  check.close(sl.grad(second:sum(), x2):item(), s * (1 - s) * (1 - 2 * s), 1e-12)
end)

check.test("custom_vjp: several arguments, none for some, which are asked for", function()
  local asked
  local f = sl.custom_vjp {
    forward = function(a, b, i) return a * b + i:to "float64" end,
    backward = function(dy, a, b, i, needs)
      asked = needs
      check.eq(i:totable(), { 7, 8 })
      return dy * b, needs[2] and dy * a or nil, nil
    end,
  }
  local a, b, i = leaf { 1, 2 }, sl.tensor({ 3, 4 }, { dtype = "float64" }), sl.tensor({ 7, 8 }, { dtype = "int64" })
  f(a, b, i):sum():backward()
  check.eq({ a.grad:totable(), asked }, { { 3, 4 }, { true, false, false } })
  b:requires_grad_()
  check.eq(sl.grad(f(a, b, i):sum(), b):totable(), { 1, 2 })
  check.eq(asked, { false, true, false })
  local none = sl.custom_vjp { forward = function(x) return x * 2 end, backward = function() return nil end }
  check.eq(sl.grad(none(a):sum(), a):totable(), { 0, 0 })
end)

check.test("custom_vjp: keep_y", function()
  local exp = sl.custom_vjp {
    keep_y = true,
    forward = function(x) return x:exp() end,
    backward = function(dy, _, y, needs) check.eq(needs, { true }) return dy * y end,
  }
  local x = leaf { 0.25 }
  local d = exp(x)
  for _ = 1, 3 do d = sl.grad(d:sum(), x, { create_graph = true }) end
  check.close(d:item(), math.exp(0.25), 1e-14)
end)

check.test("custom_vjp: nothing is recorded inside forward, or when no gradient is wanted", function()
  local recording
  local f = sl.custom_vjp {
    forward = function(x) recording = sl.is_recording() return x end,
    backward = function(dy) return dy * 10 end,
  }
  check.ok(not f(sl.ones(2)).requires_grad)
  local x = leaf { 1, 2 }
  local y = f(x)
  check.ok(y.requires_grad and y ~= x and not recording and sl.is_recording())
  check.ok(not sl.no_grad(f, x).requires_grad)
  y:sum():backward()
  check.eq(x.grad:totable(), { 10, 10 })
end)

check.test("custom_vjp: errors name the function and the argument, and change no leaf", function()
  local x = leaf { 1, 2 }
  local function with(backward, part)
    local f = sl.custom_vjp { name = "mine", forward = function(a, b) return a + b end, backward = backward }
    local y = f(x * 1, x):sum()
    check.raises(function() y:backward() end, part)
    check.eq(x.grad, nil)
  end
  with(function(dy) return dy end, "mine: backward: expected 2 results, one for each argument of forward, got 1")
  with(function(dy) return dy, dy, dy end, "expected 2 results, one for each argument of forward, got 3")
  with(function(dy) return dy, 1 end, "mine: result 2 of backward: expected a tensor or nil, got the number 1")
  with(function(dy) return dy:sum(), dy end,
    "mine: result 1 of backward: expected a float64 tensor of shape [2] as argument 1, got a float64 tensor of shape")
  with(function(dy) return dy, dy:to "float32" end, "as argument 2, got a float32 tensor of shape [2]")
  with(function(dy) local closed <close> = dy * 1 return dy, closed end, "mine: argument result 2 of backward: this")
  with(function() coroutine.yield() end, "yield")
  local object = {}
  local f = sl.custom_vjp { forward = function(a) return a * 2 end, backward = function() error(object) end }
  local ok, err = pcall(function() f(x):sum():backward() end)
  check.ok(not ok and err == object and x.grad == nil)
  f = sl.custom_vjp { forward = function() error(object) end, backward = print }
  ok, err = pcall(f, x)
  check.ok(not ok and err == object and sl.is_recording())
end)

check.test("custom_vjp: arguments", function()
  local f = function() end
  for _, case in ipairs {
    { function() sl.custom_vjp {} end, "custom_vjp: option forward: expected a function, got nil" },
    { function() sl.custom_vjp { forward = f } end, "custom_vjp: option backward: expected a function, got nil" },
    { function() sl.custom_vjp { forward = 1 } end, "custom_vjp: argument forward: expected a function, got" },
    { function() sl.custom_vjp { forwards = f } end,
      "custom_vjp: unknown option forwards; expected forward, backward, keep_y" },
    { function() log1pexp(1) end, "log1pexp: argument x1: expected a tensor, got the number 1" },
    { function() sl.custom_vjp { forward = f, backward = f }(sl.ones(1)) end,
      "custom_vjp: expected a tensor as result, got nil" },
    { function() debug.getmetatable(log1pexp).__call(sl.ones(1)) end, "custom_vjp: argument self: expected a" },
  } do check.raises(table.unpack(case)) end
end)

check.test("custom_vjp: a walk of its own in backward, which may share leaves with the one under way", function()
  local w = leaf { 3 }
  local f = sl.custom_vjp { -- w x^2, differentiated by a walk
    forward = function(x, p) return p * x * x end,
    backward = function(dy, x, p)
      local own = x:detach():requires_grad_()
      return table.unpack(sl.grad(sl.enable_grad(function() return p * own * own end), { own, p }, { grad = dy }))
    end,
  }
  local x = leaf { 2 }
  local y = w * f(f(x, w), w) * w -- w^2 * w (w x^2)^2 = w^5 x^4
  y:sum():backward()
  check.eq({ x.grad:item(), w.grad:item() }, { 4 * 3 ^ 5 * 2 ^ 3, 5 * 3 ^ 4 * 2 ^ 4 })
  local again = sl.custom_vjp {
    forward = function(a) return a * 2 end,
    backward = function(dy, a) return sl.grad(sl.enable_grad(function() return a * a end), x, { grad = dy }) end,
  }
  check.raises(function() again(x * 2):sum():backward() end,
    "backward: the graph of this mul is being walked already: in a backward function, detach")
  check.eq(x.grad:item(), 4 * 3 ^ 5 * 2 ^ 3)
end)

-- ---- what lives how long --------------------------------------------------------------------------------------

check.test("a node keeps its functions, and lets them go", function()
  local gone = setmetatable({}, { __mode = "k" })
  local function make()
    local mark = {}
    gone[mark] = true
    return sl.custom_vjp {
      forward = function(x) return x * 2 end, backward = function(dy) return mark and dy * 2 end,
    }
  end
  local x = leaf { 1 }
  local before = live()
  local function graph(walk)
    local y = make()(x):sum()
    collectgarbage()
    check.ok(next(gone), "collected under the node")
    if not walk then return end
    y:backward()
    x.grad = nil
    collectgarbage()
    check.ok(not next(gone), "kept after the walk")
  end
  graph(true)
  graph(false)
  collectgarbage()
  collectgarbage()
  check.ok(not next(gone), "kept without a graph")
  check.eq(live(), before, "live bytes")
end)

check.test("recorded in a coroutine that is gone", function()
  local x, y = leaf { 2 }, nil
  coroutine.wrap(function() y = sl.checkpoint(function(a) return log1pexp(a) * a end, x) end)()
  collectgarbage()
  y:sum():backward()
  local s = 1 / (1 + math.exp(-2))
  check.close(x.grad:item(), 2 * s + math.log(1 + math.exp(2)), 1e-12)
end)

check.test("handles that close while the functions run", function()
  local x = leaf { 2 }
  local a, b
  local f = sl.custom_vjp {
    forward = function(v)
      do local scope <close> = a end
      return v * 3
    end,
    backward = function(dy)
      do local scope <close> = b end
      return dy * 3
    end,
  }
  for _ = 1, 2 do
    a = x * 1
    b = f(a)
    b:backward()
    a = x * 1
    b = f(a)
    local c = a
    check.raises(function() sl.grad(b, c) end, "closed")
  end
  check.eq(x.grad:item(), 6)
end)

local function program(text)
  local path = os.tmpname()
  local file <close> = assert(io.open(path, "w"))
  file:write(text)
  file:flush()
  local pipe = io.popen(("'%s' '%s' 2>&1"):format(arg[-1], path))
  local out = pipe:read "a"
  local ok = pipe:close()
  os.remove(path)
  return ok, out
end

check.test("a state that closes with such nodes alive", function()
  for _, ending in ipairs { "", "kept = setmetatable({ y }, { __gc = function(t) t[1]:sum():backward() end })" } do
    local ok, out = program([[
      local sl = require "sdelua"
      local x, y = sl.ones(3):requires_grad_(), nil
      local function backward(dy) return y and dy * 2 end
      local f = sl.custom_vjp { forward = function(v) return v * 2 end, backward = backward }
      coroutine.wrap(function() y = sl.checkpoint(function(v) return f(v) * v end, f(x)) end)()
      ]] .. ending)
    check.eq({ ok, out }, { true, "" })
  end
end)

-- ---- checkpoint ------------------------------------------------------------------------------------------------

check.test("checkpoint: modules, functions, other arguments, functions within", function()
  local x, w = leaf { 1, 2 }, leaf { 3, 4 }
  local calls = 0
  local function f(a, power, nothing, b)
    calls = calls + 1
    check.eq(nothing, nil)
    return a ^ power * w * b
  end
  local function outer(a, b) return sl.checkpoint(f, a, 2, nil, b) * b end
  local y = sl.checkpoint(outer, x * 1, x)
  check.ok(y.requires_grad and calls == 1)
  y:sum():backward() -- w x^4
  check.eq({ x.grad:totable(), w.grad:totable(), calls }, { { 4 * 3, 4 * 8 * 4 }, { 1, 16 }, 3 })
  local net = sl.nn.MLP { dim = 2, hidden = 8, depth = 2 }
  for _, p in ipairs(net:parameters()) do sl.no_grad(p.add_, p, sl.randn(p:shape())) end
  local input, t = sl.randn { 5, 2 }, sl.rand { 5 }
  net(input, t):square():sum():backward()
  local want = {}
  for name, p in net:named_parameters() do want[name], p.grad = p.grad:totable(), nil end
  sl.checkpoint(net, input, t):square():sum():backward()
  for name, p in net:named_parameters() do check.eq(p.grad:totable(), want[name], name) end
  check.raises(function() sl.checkpoint(1, x) end, "checkpoint: argument f: expected a function, got the number 1")
  check.raises(function() sl.checkpoint(function() end, x) end, "checkpoint: expected a tensor as result, got nil")
end)

check.test("checkpoint: what it reads is found by itself", function()
  local x, w, v = sl.ones(2), leaf({ 3, 4 }, "float32"), leaf({ 1, 1 }, "float32")
  local e = w * w
  local function f(a) return a * e end
  check.eq(sl.grad(sl.checkpoint(f, x):sum(), { w, v, e })[1]:totable(), { 6, 8 })
  e = w * w
  check.eq(sl.grad(sl.checkpoint(f, x):sum(), e):totable(), { 1, 1 })
  e = w * w
  sl.checkpoint(f, x):sum():backward()
  check.eq({ w.grad:totable(), v.grad }, { { 6, 8 } })
  local function product(a) return a * w end
  local function inner(a) return sl.enable_grad(sl.checkpoint, product, a) end
  check.eq(sl.grad(sl.checkpoint(inner, x):sum(), w):totable(), { 1, 1 })
  check.ok(not sl.checkpoint(function(a) return a * 2 end, x).requires_grad)
  check.ok(not sl.no_grad(sl.checkpoint, function(a) return a * w end, x).requires_grad)
  check.eq(sl.grad(sl.checkpoint(function() return w end, x):sum(), w):totable(), { 1, 1 })
  check.eq(sl.grad(sl.checkpoint(function(a) return a end, w * 2):sum(), w):totable(), { 2, 2 })
end)

check.test("checkpoint: a function that takes gradients itself", function()
  local function cube(v) return (v ^ 3):sum() end
  local function f(a)
    local own = a:detach():requires_grad_()
    return sl.grad(sl.enable_grad(cube, own), own) * a -- 3 a^2, as a constant, times a
  end
  local x = leaf { 1, 2 }
  sl.checkpoint(f, x):sum():backward()
  check.eq(x.grad:totable(), { 3, 12 })
end)

check.test("checkpoint: second order, a graph kept, gradients of the middle", function()
  local w = leaf { 0.7 }
  local function cube(a) return a * a * a * w end
  local x = leaf { 2 }
  local y = sl.checkpoint(cube, sl.checkpoint(cube, x)) -- w^4 x^9
  local d = sl.grad(y, x, { create_graph = true })
  check.close(sl.grad(d, { x, w }, { create_graph = true })[1]:item(), 0.7 ^ 4 * 72 * 2 ^ 7, 1e-12)
  check.close(sl.grad(d, w, { retain_graph = true }):item(), 4 * 0.7 ^ 3 * 9 * 2 ^ 8, 1e-12)
  check.close(sl.grad(y, w, { retain_graph = true }):item(), 4 * 0.7 ^ 3 * 2 ^ 9, 1e-12)
  d:backward()
  check.close(x.grad:item(), 0.7 ^ 4 * 72 * 2 ^ 7, 1e-12)
end)

check.test("checkpoint: the second run draws what the first drew", function()
  local x = sl.ones(64):requires_grad_()
  sl.train_batch(64)
  local seen = {}
  local function f(a)
    local y = a:dropout(0.5) * sl.randn(64)
    seen[#seen + 1] = y:totable()
    return y
  end
  local y = sl.checkpoint(f, x)
  local later, draw = sl.randn(3):totable(), sl.ones(8):dropout(0.5):totable()
  sl.train_batch(64)
  local state = sl.rng_state()
  y:sum():backward()
  check.eq(seen[2], seen[1])
  check.eq(x.grad:totable(), seen[1])
  check.eq(sl.rng_state(), state)
  sl.set_rng_state { seen = 0, user_draw = state.user_draw - 2 }
  sl.train_batch(64)
  f(x)
  check.eq({ seen[3], sl.randn(3):totable(), sl.ones(8):dropout(0.5):totable() }, { seen[1], later, draw })
end)

check.test("checkpoint: errors of the second run change no leaf", function()
  local x, w = leaf { 1, 2 }, leaf { 3, 4 }
  local run, object = 0, {}
  local function raises(f, part)
    run = 0
    local y = sl.checkpoint(f, x * 1):sum() + (x * w):sum()
    local message = check.raises(function() y:backward() end, part)
    check.eq({ x.grad, w.grad }, {})
    return message
  end
  local function second() run = run + 1 return run == 2 end
  raises(function(a) return second() and a:sum() or a end,
    "backward: checkpoint ran again and gave float64 of shape [], before that float64 of shape [2]")
  raises(function(a) if second() then error "later" end return a end, "later")
  raises(function(a) if second() then error(object) end return a end, tostring(object))
  local late = w
  local y = sl.checkpoint(function(a) return a * late end, x)
  late = w * 2
  check.raises(function() (y * late):sum():backward() end,
    "backward: checkpoint ran again and used the result of a mul that came after it")
  y = sl.checkpoint(function(a) return a * w end, x)
  sl.no_grad(w.mul_, w, 2)
  check.raises(function() y:sum():backward() end, "checkpoint needs its argument x, which was changed in place since")
  check.eq({ x.grad, w.grad }, {})
end)

check.test("checkpoint: the second run leaves no handles", function()
  local kept
  local x = leaf { 1, 2 }
  local y = sl.checkpoint(function(a) kept = a * 2 return kept * a end, x)
  check.eq(kept:totable(), { 2, 4 })
  y:sum():backward()
  check.raises(function() kept:totable() end, "closed")
  check.eq(x.grad:totable(), { 4, 8 })
end)

-- ---- the U-Net ---------------------------------------------------------------------------------------------------

local function unet(options)
  local o = { size = 16, channels = 2, nf = 16, ch_mult = { 1, 2 }, attn_resolutions = { 8 }, dropout = 0.2 }
  o.checkpoint = options.checkpoint
  sl.manual_seed(5)
  local net = sl.nn.UNet(o)
  for _, p in ipairs(net:parameters()) do sl.no_grad(p.add_, p, sl.randn(p:shape()) * 0.05) end
  return net
end

-- The gradients of all parameters and the input, by walk(loss, x, net), as one list of numbers.
local function gradients(options, walk)
  local net = unet(options):to(options.dtype)
  local x, t = sl.randn({ 4, 16, 16, 2 }, { dtype = options.dtype }):requires_grad_(), sl.rand { 4 }:to(options.dtype)
  sl.train_batch(4)
  local loss = net(x, t):square():mean()
  local list = { loss:reshape(1), x }
  walk(loss, x, net)
  for _, p in ipairs(net:parameters()) do list[#list + 1] = p end
  for i = 2, #list do list[i] = (list[i].grad or sl.zeros(0, { dtype = options.dtype })):reshape(-1) end
  return sl.cat(list, 1):totable()
end

check.test("UNet with checkpoint = true: the same bits, on one thread and two", function()
  local threads = sl.threads()
  local function backward(loss) loss:backward() end
  local want = gradients({ dtype = "float32" }, backward)
  for n = 1, 2 do
    sl.set_threads(n)
    local got, wrong = gradients({ dtype = "float32", checkpoint = true }, backward), 0
    for i = 1, #want do if got[i] ~= want[i] then wrong = wrong + 1 end end
    check.eq({ #got, wrong }, { #want, 0 })
  end
  sl.set_threads(threads)
end)

check.test("UNet with checkpoint = true: gradients of gradients", function()
  local function penalty(loss, x, net)
    local g = sl.grad(loss, { x, net.enter.weight }, { create_graph = true })
    ; (g[1]:square():sum() + g[2]:square():sum()):backward()
  end
  local want = gradients({ dtype = "float64" }, penalty)
  local size = 0
  for _, v in ipairs(want) do size = math.max(size, math.abs(v)) end
  check.close(gradients({ dtype = "float64", checkpoint = true }, penalty), want, 1e-9, 1e-12 * size)
end)

check.test("UNet with checkpoint = true: less memory", function()
  local ok, out = program([[
    local sl = require "sdelua"
    local peak = {}
    for i, checkpoint in ipairs { true, false } do
      local net = sl.nn.UNet { size = 28, channels = 1, attn_resolutions = { 14 }, checkpoint = checkpoint }
      local before = sl.memory().live
      do
        local scope <close> = sl.scope()
        net(sl.randn { 8, 28, 28, 1 }, sl.rand { 8 }):square():mean():backward()
        net:zero_grad()
      end
      peak[i] = sl.memory().peak - before
    end
    print(peak[1] / peak[2])]])
  check.ok(ok and tonumber(out) < 0.75, out)
end)

check.test("UNet with checkpoint = true: saved and taken up again; files without the option load", function()
  local path = os.tmpname()
  local samples = sl.randint(0, 256, { 6, 8, 8, 1 }, { dtype = "uint8" })
  local options = { size = 8, channels = 1, nf = 8, ch_mult = { 1, 1 }, num_res_blocks = 1, checkpoint = true }
  local trainer = sl.train.Trainer.new {
    samples = samples, net = { kind = "UNet", options = options }, process = { kind = "VP", options = {} },
    settings = { batch = 2 },
  }
  trainer:step()
  trainer:save(path)
  local again = sl.train.Trainer.resume(path, samples)
  check.ok(again.net.config.checkpoint)
  check.eq({ again:step() }, { trainer:step() })
  local tensors, texts = sl.load(path)
  local text, n = texts.network:gsub('"checkpoint":true,?', "")
  check.eq(n, 1)
  texts.network = text:gsub(",}", "}")
  sl.save(path, tensors, texts)
  check.ok(not sl.train.Trainer.resume(path, samples).net.config.checkpoint)
  check.raises(function() sl.nn.UNet { size = 8, channels = 1, checkpoint = 1 } end,
    "option checkpoint: expected a boolean")
  os.remove(path)
end)

check.test("allocations that fail", function()
  local x, w = leaf { 1, 2 }, leaf { 3, 4 }
  local function once()
    local y = sl.checkpoint(function(a, b) return log1pexp(a * w) * b end, x * 1, w * 2):sum()
    y:backward()
  end
  once()
  local want = { x.grad:totable(), w.grad:totable() }
  local before
  for n = 1, math.huge do
    x.grad, w.grad = nil, nil
    testing.fail_alloc(n, false)
    pcall(once) -- a call that failed is made again after a collection
    x.grad, w.grad = nil, nil
    testing.fail_alloc(n, true)
    local ok, err = pcall(once)
    testing.fail_alloc(0)
    if ok then break end
    check.ok(tostring(err):find "out of memory", tostring(err))
    check.eq({ x.grad, w.grad }, {})
    before = before or live()
    check.eq(live(), before)
  end
  check.eq({ x.grad:totable(), w.grad:totable() }, want)
end)
