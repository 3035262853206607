-- The Brownian path of sl.noise as scripts and samplers meet it; tests/c/test_brownian.c has its law.
local check = require "check"
local sl = require "sdelua"

local function same(a, b, what) check.eq(a:totable(), b:totable(), what) end

check.test("increments add up, in both types, whatever intervals are asked for first", function()
  for dtype, tol in pairs { float32 = 3e-6, float64 = 1e-13 } do
    local source, sum = sl.noise { seed = 3 }, 0
    local whole = source:increment({ 7, 3 }, 0.05, 2, dtype)
    for i = 13, 1, -1 do
      local a, b = i == 1 and 0.05 or 0.15 * (i - 1), i == 13 and 2 or 0.15 * i
      sum = sum + source:increment({ 7, 3 }, a, b, dtype)
    end
    check.eq(whole.dtype, dtype)
    check.close(sum:totable(), whole:totable(), tol, tol)
    same(sl.noise { seed = 3 }:increment({ 7, 3 }, 0.05, 2, dtype), whole)
  end
end)

check.test("a unit increment is the increment over the root of the interval", function()
  local source = sl.noise { seed = 3 }
  local W, H = source:increment({ 4, 2 }, 3, 1.5)
  check.close((source:brownian({ 4, 2 }, 3, 1.5) * math.sqrt(1.5)):totable(), W:totable(), 1e-6)
  check.eq(H:shape(), { 4, 2 })
  check.ok(math.abs(sl.noise { seed = 1 }:brownian({ 20000, 2 }, 0.2, 0.3):var():item() - 1) < 0.03)
end)

check.test("a row has its sample's path in every batch, on every count of threads", function()
  local whole, areas = sl.noise { seed = 4 }:increment({ 9, 70 }, 0.3, 0.9)
  for threads = 1, 2 do
    sl.set_threads(threads)
    for i = 0, 8 do
      local W, H = sl.noise { seed = 4, first = i }:increment({ 1, 70 }, 0.3, 0.9)
      same(W, whole:narrow(1, i + 1, 1))
      same(H, areas:narrow(1, i + 1, 1))
    end
  end
  sl.set_threads(2)
  local index = sl.tensor({ 8, 2 }, { dtype = "int64" })
  same((sl.noise { seed = 4, index = index }:increment({ 2, 70 }, 0.3, 0.9)), whole:index_select(index + 1, 1))
end)

check.test("rows may have intervals of their own", function()
  local a = sl.tensor({ 0.1, 0.5, 2 }, { dtype = "float64" })
  local b = sl.tensor({ 0.7, 0.5, 1 }, { dtype = "float64" })
  local W, H = sl.noise { seed = 6 }:increment({ 3, 2 }, a, b)
  for i, ab in ipairs { { 0.1, 0.7 }, { 0.5, 0.5 }, { 2, 1 } } do
    local w, h = sl.noise { seed = 6, first = i - 1 }:increment({ 1, 2 }, ab[1], ab[2])
    same(W:narrow(1, i, 1), w)
    same(H:narrow(1, i, 1), h)
  end
  same(W:select(1, 2), sl.zeros(2))
end)

check.test("replays take tables of functions", function()
  local asked = {}
  local replay = sl.noise.of { noise = {
    normal = function(shape) return sl.ones(shape) end,
    brownian = function(shape, a, b, dtype)
      asked = { a, b, dtype }
      return sl.ones(shape)
    end,
  } }
  check.close(replay:increment({ 1, 2 }, 4, 0):totable(), { { 2, 2 } }, 1e-6)
  check.eq(asked, { 4, 0, "float32" })
  same(replay:normal({ 1, 2 }, 1), sl.ones(1, 2))
  local area = sl.noise.of { noise = { increment = function(shape) return sl.ones(shape), sl.zeros(shape) end } }
  check.close(area:brownian({ 1, 1 }, 0, 4):totable(), { { 0.5 } }, 1e-6)
  check.raises(function() area:normal({ 1, 1 }, 1) end, "noise: expected a function normal")
  check.raises(function() sl.noise.of { noise = function() end }:brownian({ 1, 1 }, 0, 1) end,
    "noise: expected a function brownian or increment")
  check.raises(function() sl.noise.of { noise = { wiener = print } } end, "noise: unknown option wiener")
  check.raises(function() sl.noise.of { noise = 3 } end, "noise: expected sl.noise")
end)

check.test("bad times are named", function()
  local source = sl.noise { seed = 1 }
  check.raises(function() source:increment({ 2, 2 }, -1, 1) end, "noise: argument times: expected numbers in [0, 2^63)")
  check.raises(function() source:increment({ 2, 2 }, 0, 0 / 0) end, "noise: argument times")
  check.raises(function() source:increment({ 2, 2 }, sl.zeros(3), sl.zeros(3)) end, "noise: argument a")
end)
