-- Pictures: uint8 [H,W,C] as files hold them, floats in [-1,1] as networks see them.
local sl = require "sdelua"
local errors = require "sdelua.errors"
local options = require "sdelua.options"
local core = require "sdelua.core".image

local image = {}

local function check(who, x, dims, expected, what)
  if not sl.is_tensor(x) or x:dim() ~= dims then
    errors.raise("%s: argument %s: expected %s, got %s", who, what or "x", expected, options.show(x))
  end
end

local function check_tensor(who, x)
  if not sl.is_tensor(x) then errors.raise("%s: argument x: expected a tensor, got %s", who, options.show(x)) end
end

-- A whole number from `least` to `most` under an option.
local function check_count(who, name, n, least, most)
  if type(n) == "number" and math.tointeger(n) and n >= least and n <= most then return math.tointeger(n) end
  errors.raise("%s: option %s: expected a whole number from %d to %d, got %s", who, name, least, most, options.show(n))
end

--- uint8 0..255 to float32 -1..1; with u like x, uniform on [0, 1), dequantized: (x + u)/128 - 1.
function image.to_float(x, u)
  check_tensor("image.to_float", x)
  return u and (x:to "float32" + u) / 128 - 1 or x:to "float32" / 127.5 - 1
end

--- Floats in [-1,1] to uint8, rounded to nearest; what lies outside is cut off. uint8 passes through.
function image.to_uint8(x)
  check_tensor("image.to_uint8", x)
  if x.dtype == "uint8" then return x end
  return ((x + 1) * 127.5):round():clamp(0, 255):to "uint8"
end

--- One picture [H',W',C] of the images [N,H,W,C], row by row. Options: columns (default: as near a square as goes),
-- padding = 2 pixels between and around them, background = 255.
function image.grid(x, opts)
  local o = options.read("image.grid", opts, { columns = options.NONE, padding = 2, background = 255 })
  check("image.grid", x, 4, "images [N,H,W,C]")
  local n, h, w, c = table.unpack(x:shape())
  if n == 0 then errors.raise("image.grid: argument x: expected at least one image, got [0,...]") end
  local columns = math.min(n, o.columns and check_count("image.grid", "columns", o.columns, 1, 1 << 20)
    or math.ceil(math.sqrt(n)))
  local rows, p = (n + columns - 1) // columns, check_count("image.grid", "padding", o.padding, 0, 1 << 20)
  check_count("image.grid", "background", o.background, 0, 255)
  local sheet = sl.full({ rows * (h + p) + p, columns * (w + p) + p, c }, o.background, { dtype = "uint8" })
  x = image.to_uint8(x:detach())
  for i = 0, n - 1 do
    local top, left = i // columns * (h + p) + p, i % columns * (w + p) + p
    sheet:narrow(1, top + 1, h):narrow(2, left + 1, w):copy_(x:select(1, i + 1))
  end
  return sheet
end

local function ending_of(path) return (type(path) == "string" and path:match "%.(%w+)$" or ""):lower() end

--- Writes a PNG of a picture [H,W,C], C = 1 (grey), 3 (RGB) or 4 (RGBA): uint8, or floats in [-1,1]. The name of the
-- file ends in .png.
function image.save(path, x)
  check("image.save", x, 3, "a picture [H,W,C]")
  local ending = ending_of(path)
  if ending ~= "png" then
    local film = (ending == "webp" or ending == "gif") and ": image.animate writes " .. ending:upper() or ""
    errors.raise("image.save: argument path: expected a name that ends in .png, got %s%s", options.show(path), film)
  end
  core.save(path, image.to_uint8(x:detach()))
end

local PICTURES = "a picture [H,W,C], a batch [N,H,W,C] or something with a method render"

-- What x is a picture of, as a tensor; nil for what is none.
local function tensor_of(x)
  if sl.is_tensor(x) then return x:dim() == 4 and x:shape(1) > 0 and image.grid(x) or x end
  local ok, render = pcall(function() return x.render end)
  return ok and render and x:render() or nil
end

-- What to do with points, which are no picture.
local function advice(x)
  return sl.is_tensor(x) and x:dim() == 2 and x:shape(2) == 2 and "; points [N,2] are drawn by sl.plot.scatter(x)" or ""
end

--- uint8 [H,W,1] or [H,W,3] of whatever can be looked at: a picture [H,W,C], a batch [N,H,W,C], which becomes a grid,
-- or a thing with a method render, such as a plot. What is transparent is laid over white. Errors name `who`, `what`.
function image.render(x, who, what)
  local y = tensor_of(x)
  local channels = sl.is_tensor(y) and y:dim() == 3 and y:numel() > 0 and y:shape(3) or 0
  if channels < 1 or channels > 4 then
    errors.raise("%s: argument %s: expected %s, got %s%s", who or "image.render", what or "x", PICTURES,
      options.show(y == nil and x or y), advice(x))
  end
  y = image.to_uint8(y:detach())
  return channels % 2 == 1 and y or core.channels(y, channels - 1)
end

--- The at most `most` = 256 colours that stand best for a picture [H,W,C] or frames [F,H,W,C], C = 1 or 3: the place of
-- each pixel's colour, uint8, from 0, and the colours, uint8 [n,3].
function image.palette(x, most)
  if not sl.is_tensor(x) then
    errors.raise("image.palette: argument x: expected a picture [H,W,C] or frames [F,H,W,C], got " .. options.show(x))
  end
  return core.palette(image.to_uint8(x:detach()), most or 256)
end

-- ---- films ---------------------------------------------------------------------------------------------------

-- What writes a film, by the ending of its name, and what may be set besides fps and loop.
local FILMS = {
  webp = { save = core.webp_save, options = { lossless = true, quality = 75 } },
  gif = { save = core.gif_save, options = {} },
}

local function film_of(path)
  local film = FILMS[ending_of(path)]
  if film then return film end
  errors.raise("image.animate: argument path: expected a name that ends in .webp or .gif, got " .. options.show(path))
end

-- uint8 [F,H,W,C] of a list, in colour if one of its pictures is.
local function joined(list)
  local frames, channels = {}, 1
  for i, x in ipairs(list) do
    frames[i] = image.render(x, "image.animate", ("frames[%d]"):format(i))
    channels = math.max(channels, frames[i]:shape(3))
  end
  if #frames == 0 then errors.raise("image.animate: argument frames: expected at least one, got an empty list") end
  for i, x in ipairs(frames) do
    if x:shape(1) ~= frames[1]:shape(1) or x:shape(2) ~= frames[1]:shape(2) then
      errors.raise("image.animate: argument frames[%d]: expected a picture of the first one's size, %s, got %s", i,
        options.show(frames[1]), options.show(x))
    end
    frames[i] = x:expand { -1, -1, channels }
  end
  return sl.stack(frames)
end

--- Writes a film, an animated WebP (.webp) or GIF (.gif) by the ending of its name. frames: [F,H,W,C], C = 1 or 3,
-- uint8 or floats in [-1,1]; or a list of what image.render takes: pictures, batches (a sampler's trajectory), plots.
-- Options: fps = 12; loop = 0, how often it plays, 0 without end; lossless = true, of a WebP; quality = 75 of 100, of
-- one that is not. A GIF has 256 colours for all its frames. The same frames give the same bytes.
function image.animate(path, frames, opts)
  local film = film_of(path)
  local known = { fps = 12, loop = 0 }
  for key, value in pairs(film.options) do known[key] = value end
  local o = options.read("image.animate", opts, known)
  if sl.is_tensor(frames) then check("image.animate", frames, 4, "[F,H,W,C] or a list of pictures", "frames")
  elseif type(frames) ~= "table" or frames.render then
    errors.raise("image.animate: argument frames: expected [F,H,W,C] or a list of pictures, got %s",
      options.show(frames))
  end
  film.save(path, sl.is_tensor(frames) and image.to_uint8(frames:detach()) or joined(frames), o)
end

-- ---- files ------------------------------------------------------------------------------------------------------

--- The central square of a picture [H,W,C] of uint8, resized to [size,size,C].
function image.square(x, size)
  check("image.square", x, 3, "a picture [H,W,C]")
  local h, w = x:shape(1), x:shape(2)
  local side = math.min(h, w)
  return core.resize(x:narrow(1, (h - side) // 2 + 1, side):narrow(2, (w - side) // 2 + 1, side), size, size)
end

--- uint8 [H,W,C] of a PNG, JPEG, BMP or WebP file, of a film the first picture. Options: channels = 1 or 3 converts
-- (alpha is laid over white); size = s gives the central square, resized to [s,s,C].
function image.load(path, opts)
  local o = options.read("image.load", opts, { channels = options.NONE, size = options.NONE })
  local x = core.load(path)
  if o.channels then x = core.channels(x, o.channels) end
  return o.size and image.square(x, o.size) or x
end

errors.named("image.animate", image.animate)
errors.named("image.square", image.square)
errors.named("image.load", image.load)

return image
