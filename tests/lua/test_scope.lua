-- Life of handles: scopes, closing, collection, memory.
local check = require "check"
local sl = require "sdelua"
local testing = require "sdelua.core".testing

local function settled()
  collectgarbage()
  collectgarbage()
  return testing.live()
end

check.test("a scope drops what was made in it, but for what is kept", function()
  local before, kept, dropped, list = settled(), nil, nil, nil
  do
    local s <close> = sl.scope()
    dropped = sl.zeros(1000)
    kept = s:keep(dropped + 1)
    list = s:keep { a = sl.ones(2), n = 3 }
  end
  check.eq(kept:shape(1), 1000)
  check.eq(list.a:totable(), { 1, 1 })
  check.raises(function() return dropped + 1 end, "add: argument x: this tensor is closed")
  check.raises(function() return dropped:shape() end, "closed")
  check.eq(tostring(dropped), "closed tensor")
  kept, list = nil, nil
  check.eq(settled(), before)
end)

check.test("scopes nest; a kept tensor belongs to the scope outside", function()
  local x, y
  do
    local outer <close> = sl.scope()
    x = sl.ones(1)
    do
      local inner <close> = sl.scope()
      y = inner:keep(sl.ones(2), x)
    end
    check.eq(y:numel(), 2)
    check.eq(x:numel(), 1)
  end
  check.raises(function() return x:numel() end, "closed")
  check.raises(function() return y:numel() end, "closed")
end)

check.test("what a graph or a leaf holds lives on", function()
  local w, loss = sl.ones(3):requires_grad_(), nil
  do
    local s <close> = sl.scope()
    local h = w * sl.full({ 3 }, 2)
    loss = s:keep((h * h):sum())
  end
  loss:backward()
  check.eq(w.grad:totable(), { 8, 8, 8 })
end)

check.test("a scope closes on errors, and once", function()
  local x
  check.raises(function()
    local s <close> = sl.scope()
    x = sl.ones(1)
    error "out"
  end, "out")
  check.raises(function() return x + 1 end, "closed")
  local s = sl.scope()
  s:close()
  check.raises(function() s:close() end, "this scope is closed")
  check.raises(function() s:keep(1) end, "this scope is closed")
  check.raises(function() sl.scope():keep(1) end, "keep: argument x: expected a tensor, got the number 1")
end)

check.test("a tensor can be closed by itself", function()
  local x = sl.ones(1)
  do local y <close> = x end
  check.raises(function() return x + 1 end, "closed")
end)

check.test("metamethods can't be reached", function()
  local x = sl.ones(1)
  check.eq({ x.__gc, x.__close, x.__index, sl.scope().__gc }, {})
  check.eq(getmetatable(x), "tensor")
  check.raises(function() setmetatable(x, {}) end, "setmetatable")
end)

check.test("dead tensors in loops do not pile up", function()
  settled()
  local x = sl.zeros(1 << 20) -- 4 MB
  local base = testing.live()
  collectgarbage "stop"
  local most = 0
  for _ = 1, 200 do
    local y = x + 1
    most = math.max(most, testing.live())
  end
  collectgarbage "restart"
  check.ok(most < 3 * base + (96 << 20), "live reached " .. most)
end)

check.test("a finalizer can't pull tensors away", function()
  local x, done = sl.ones(4), false
  local s = sl.scope()
  setmetatable({}, { __gc = function() done = not pcall(s.close, s) end })
  local y = sl.ones(2)
  collectgarbage()
  check.ok(done)
  check.eq((x:sum() + y:sum()):item(), 6)
  s:close()
end)
