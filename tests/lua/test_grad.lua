-- Gradients from Lua.
local check = require "check"
local sl = require "sdelua"

check.test("backward adds into the leaves", function()
  local x = sl.tensor { 1, 2, 3 }:requires_grad_()
  check.ok(x.requires_grad and x.is_leaf and x.grad == nil)
  local y = (x * x):sum()
  check.ok(y.requires_grad and not y.is_leaf)
  y:backward()
  check.eq(x.grad:totable(), { 2, 4, 6 })
  ; (x * 3):sum():backward()
  check.eq(x.grad:totable(), { 5, 7, 9 })
  x.grad = sl.ones(3)
  check.eq(x.grad:totable(), { 1, 1, 1 })
  x.grad = nil
  check.eq(x.grad, nil)
  check.raises(function() x.grad = sl.ones(2) end, "grad")
end)

check.test("backward with a gradient of the result", function()
  local x = sl.tensor { 1, 2 }:requires_grad_()
  ; (x * x):backward(sl.tensor { 1, 10 })
  check.eq(x.grad:totable(), { 2, 40 })
  x.grad = nil
  ; (x * x):backward { grad = sl.tensor { 1, 10 } }
  check.eq(x.grad:totable(), { 2, 40 })
  check.raises(function() (x * x):backward() end, "backward")
  check.raises(function() sl.ones(1):backward() end, "backward")
  check.raises(function() sl.grad(sl.ones(1), x) end, "grad: y was not recorded")
  check.raises(function() sl.grad(x * x, x) end, "grad: y of shape")
  check.raises(function() (x * x):backward { colour = 1 } end,
    "backward: unknown option colour; expected create_graph, grad")
end)

check.test("grad of grad", function()
  local x = sl.tensor({ 2, 3 }, { dtype = "float64" }):requires_grad_()
  local g = sl.grad((x ^ 3):sum(), x, { create_graph = true })
  check.close(g:totable(), { 12, 27 }, 1e-12)
  check.close(sl.grad(g:sum(), x):totable(), { 12, 18 }, 1e-12)
  check.eq(x.grad, nil)
end)

check.test("grad with respect to a list", function()
  local a, b = sl.tensor { 2 }:requires_grad_(), sl.tensor { 3 }:requires_grad_()
  local y = (a * b):sum()
  local g = sl.grad(y, { a, b }, { retain_graph = true })
  check.eq({ g[1]:item(), g[2]:item() }, { 3, 2 })
  check.eq(sl.grad(y, a):item(), 3)
  check.raises(function() sl.grad(y, a) end, "freed")
  check.raises(function() sl.grad(a:sum(), { a, 1 }) end, "grad: argument x[2]: expected a tensor, got the number 1")
end)

check.test("no_grad hands results and errors through and restores recording", function()
  local x = sl.ones(2):requires_grad_()
  check.eq({ sl.no_grad(function(a, b) return b, (x * 2).requires_grad, a end, 1, 2) }, { 2, false, 1 })
  local object = {}
  local ok, err = pcall(sl.no_grad, function() error(object) end)
  check.ok(not ok and err == object)
  check.ok(sl.is_recording() and (x * 2).requires_grad)
  check.raises(function() sl.no_grad(1) end, "no_grad: argument f: expected a function, got the number 1")
  local co = coroutine.wrap(function() sl.no_grad(function() coroutine.yield() end) end)
  check.raises(co, "yield")
  check.ok(sl.is_recording())
end)

check.test("clone and casts carry gradients, detach does not", function()
  local x = sl.tensor { 1, 2 }:requires_grad_()
  ; (x:clone() * 3):sum():backward()
  check.eq(x.grad:totable(), { 3, 3 })
  check.ok(not x:detach().requires_grad)
  check.eq(sl.grad(x:to "float64":sum(), x).dtype, "float32")
end)
