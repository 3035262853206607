-- sl.linalg: results and refusals as Lua sees them; tests/c/test_linalg.c checks the numbers.
local check = require "check"
local sl = require "sdelua"
local linalg = sl.linalg

local f64 = { dtype = "float64" }
local a = sl.tensor({ { 4, 1 }, { 1, 3 }, { 0, 2 } }, f64)
local p = sl.tensor({ { 4, 2 }, { 2, 5 } }, f64)

check.test("svd, thin and full", function()
  local u, s, vt = linalg.svd(a)
  check.eq(u:shape(), { 3, 2 })
  check.close((u * s):matmul(vt):totable(), a:totable(), 1e-12, 1e-12)
  local full_u, _, full_vt = linalg.svd(a, { full = true })
  check.eq(full_u:shape(), { 3, 3 })
  check.eq(full_vt:shape(), { 2, 2 })
end)

check.test("qr, cholesky, eigh, solve and logdet", function()
  local q, r = linalg.qr(a)
  check.close(q:matmul(r):totable(), a:totable(), 1e-12, 1e-12)
  check.close(linalg.cholesky(p):totable(), { { 2, 0 }, { 1, 2 } }, 1e-12)
  local w, v = linalg.eigh(p)
  check.close((v * w):matmul(v:transpose(1, 2)):totable(), p:totable(), 1e-12, 1e-12)
  check.close(linalg.solve(p, sl.tensor({ 6, 7 }, f64)):totable(), { 1, 1 }, 1e-12)
  local sign, logabs = linalg.logdet(p)
  check.close(sign:item() * math.exp(logabs:item()), 16, 1e-12)
end)

check.test("errors name function and argument", function()
  check.raises(function() linalg.svd(1) end, "linalg.svd: argument a: expected")
  check.raises(function() linalg.svd(a, { thin = true }) end, "linalg.svd: unknown option thin")
  check.raises(function() linalg.cholesky(a) end, "linalg.cholesky: argument a: expected a square matrix, got shape")
  check.raises(function() linalg.solve(p) end, "linalg.solve: argument b: expected")
  check.raises(function() linalg.solve(p - p, p) end, "linalg.solve: argument a: expected an invertible matrix")
  local leaf = p:clone():requires_grad_()
  check.raises(function() linalg.eigh(leaf) end, "linalg.eigh: argument a: expected a tensor without gradient")
end)
