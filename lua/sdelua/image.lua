-- Pictures: uint8 [H,W,C] as files hold them, floats in [-1,1] as networks see them.
local sl = require "sdelua"
local options = require "sdelua.options"
local core = require "sdelua.core".image

local image = {}

local function check(who, x, dims, expected)
  if not sl.is_tensor(x) or x:dim() ~= dims then
    error(("%s: argument x: expected %s, got %s"):format(who, expected, options.show(x)), 3)
  end
end

--- uint8 0..255 to float32 -1..1.
function image.to_float(x) return x:to "float32" / 127.5 - 1 end

--- Floats in [-1,1] to uint8, rounded to nearest; what lies outside is cut off. uint8 passes through.
function image.to_uint8(x)
  if x.dtype == "uint8" then return x end
  return ((x + 1) * 127.5):round():clamp(0, 255):to "uint8"
end

--- One picture [H',W',C] of the images [N,H,W,C], row by row. Options: columns (default: as near a square as goes),
-- padding = 2 pixels between and around them, background = 255.
function image.grid(x, opts)
  local o = options.read("image.grid", opts, { columns = options.NONE, padding = 2, background = 255 })
  check("image.grid", x, 4, "images [N,H,W,C]")
  local n, h, w, c = table.unpack(x:shape())
  if n == 0 then error("image.grid: argument x: expected at least one image, got [0,...]", 2) end
  local columns = math.min(n, o.columns or math.ceil(math.sqrt(n)))
  local rows, p = (n + columns - 1) // columns, o.padding
  local sheet = sl.full({ rows * (h + p) + p, columns * (w + p) + p, c }, o.background, { dtype = "uint8" })
  x = image.to_uint8(x:detach())
  for i = 0, n - 1 do
    local top, left = i // columns * (h + p) + p, i % columns * (w + p) + p
    sheet:narrow(1, top + 1, h):narrow(2, left + 1, w):copy_(x:select(1, i + 1))
  end
  return sheet
end

--- Writes a PNG of a picture [H,W,C], C = 1 (grey), 3 (RGB) or 4 (RGBA): uint8, or floats in [-1,1].
function image.save(path, x)
  check("image.save", x, 3, "a picture [H,W,C]")
  core.save(path, image.to_uint8(x:detach()))
end

-- The largest square in the middle.
local function centre_square(x)
  local h, w = x:shape(1), x:shape(2)
  local side = math.min(h, w)
  return x:narrow(1, (h - side) // 2 + 1, side):narrow(2, (w - side) // 2 + 1, side)
end

--- uint8 [H,W,C] of a PNG, JPEG or BMP file. Options: channels = 1 or 3 converts (alpha is laid over white);
-- size = s cuts out the central square and resizes it to [s,s,C].
function image.load(path, opts)
  local o = options.read("image.load", opts, { channels = options.NONE, size = options.NONE })
  local x = core.load(path)
  if o.channels then x = core.channels(x, o.channels) end
  if not o.size then return x end
  return core.resize(centre_square(x), o.size, o.size)
end

return image
