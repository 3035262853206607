local check = require "check"
local sl = require "sdelua"

check.test("uint8 to floats and back; what lies outside is cut off", function()
  local levels = sl.arange(0, 256):to "uint8"
  local x = sl.image.to_float(levels)
  check.eq({ x:amin():item(), x:amax():item(), x.dtype }, { -1, 1, "float32" })
  check.eq(sl.image.to_uint8(x):totable(), levels:totable())
  check.eq(sl.image.to_uint8(sl.tensor { -7, 0, 7, 0 / 0 }):narrow(1, 1, 3):totable(), { 0, 128, 255 })
end)

check.test("a grid: places, padding, columns", function()
  local x = sl.arange(1, 6):to("uint8"):reshape({ 5, 1, 1, 1 }):expand { 5, 2, 3, 1 }
  local g = sl.image.grid(x)
  check.eq(g:shape(), { 2 * 4 + 2, 3 * 5 + 2, 1 })
  check.eq(g:select(1, 3):select(2, 1):totable(),
    { 255, 255, 1, 1, 1, 255, 255, 2, 2, 2, 255, 255, 3, 3, 3, 255, 255 })
  check.eq(g:select(1, 8):select(2, 1):totable(),
    { 255, 255, 4, 4, 4, 255, 255, 5, 5, 5, 255, 255, 255, 255, 255, 255, 255 })
  check.eq(sl.image.grid(x, { columns = 5, padding = 0, background = 0 }):shape(), { 2, 15, 1 })
  check.eq(sl.image.grid(sl.zeros { 3, 4, 4, 3 }, { padding = 1 }):amin():item(), 128)
end)

check.test("a saved picture loads as it was; conversions on loading", function()
  local path = os.tmpname() .. ".PNG"
  local x = sl.randint(0, 256, { 6, 4, 3 }, { dtype = "uint8" })
  sl.image.save(path, x)
  check.eq(sl.image.load(path):totable(), x:totable())
  check.eq(sl.image.load(path, { size = 4 }):totable(), x:narrow(1, 2, 4):totable())
  check.eq(sl.image.load(path, { size = 2, channels = 1 }):shape(), { 2, 2, 1 })
  sl.image.save(path, sl.image.to_float(x))
  check.eq(sl.image.load(path):totable(), x:totable())
  os.remove(path)
end)

check.test("bad arguments of image", function()
  for _, case in ipairs { { columns = 0 }, { columns = 1.5 }, { columns = "2" }, { padding = -9 }, { padding = 1e300 },
    { background = 256 }, { background = 0.5 } } do
    local key = next(case)
    check.raises(function() sl.image.grid(sl.zeros { 1, 2, 2, 1 }, case) end,
      ("image.grid: option %s: expected a whole number from "):format(key))
  end
  check.raises(function() sl.image.to_float() end, "image.to_float: argument x: expected a tensor, got nil")
  check.raises(function() sl.image.to_uint8(3) end, "image.to_uint8: argument x: expected a tensor, got 3")
  check.raises(function() sl.image.square(sl.zeros { 2, 2 }, 1) end, "image.square: argument x: expected a picture")
  check.raises(function() sl.image.square(sl.zeros({ 2, 2, 1 }, { dtype = "uint8" }), 0) end, "image.square: ")
  local x = sl.zeros { 2, 2, 1 }
  check.raises(function() sl.image.save("q.jpg", x) end,
    "image.save: argument path: expected a name that ends in .png, got q.jpg")
  check.raises(function() sl.image.save("q.webp", x) end, "ends in .png, got q.webp: image.animate writes WEBP")
  check.raises(function() sl.image.save("png", x) end, "ends in .png, got png")
  check.raises(function() sl.image.save(nil, x) end, "ends in .png, got nil")
  check.raises(function() sl.image.save("x.png", sl.zeros { 2, 2 }) end,
    "expected a picture [H,W,C], got float32 [2,2]")
  check.raises(function() sl.image.grid(7) end, "image.grid: argument x: expected images [N,H,W,C], got 7")
  check.raises(function() sl.image.grid(sl.zeros { 0, 2, 2, 1 }) end, "at least one image")
  check.raises(function() sl.image.grid(sl.zeros { 1, 2, 2, 1 }, { pad = 1 }) end, "unknown option pad")
  check.raises(function() sl.image.load "/nowhere.png" end, "/nowhere.png")
end)
