local sl = require "sdelua"
local errors = require "sdelua.errors"
local chance = require "sdelua.inverse.chance"
local options = require "sdelua.options"
local shapes = require "sdelua.inverse.shapes"
local transforms = require "sdelua.inverse.transforms"

-- ITU-T T.81, tables K.1 and K.2.
local LUMINANCE = {
  16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55,
  14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
  18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92,
  49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
}
local CHROMINANCE = {
  17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99,
  24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99,
}
for i = 33, 64 do CHROMINANCE[i] = 99 end

-- What the Independent JPEG Group's library makes of a table for a quality of 1 to 100.
local function scaled(base, quality)
  local percent, list = quality < 50 and 5000 // quality or 200 - 2 * quality, {}
  for i, q in ipairs(base) do list[i] = math.max(1, math.min(255, (q * percent + 50) // 100)) end
  return transforms.both(sl.tensor(list, { dtype = "float64" }):reshape { 1, 1, 8, 1, 8, 1 })
end

-- JFIF: Y, Cb and Cr of R, G and B, and back.
local r, g, b = 0.299, 0.587, 0.114
local YCC = { { r, g, b }, { -r / 1.772, -g / 1.772, (1 - b) / 1.772 }, { (1 - r) / 1.402, -g / 1.402, -b / 1.402 } }
local RGB = { { 1, 0, 1.402 }, { 1, -b * 1.772 / g, -r * 1.402 / g }, { 1, 1.772, 0 } }
local function colours(rows) return transforms.both(sl.tensor(rows, { dtype = "float64" }):transpose(1, 2)) end

local C = transforms.cosine(8)
local TO, FROM = transforms.both(C:transpose(1, 2)), transforms.both(C)

-- Planes [N,h,w,c] through the quantised cosine transform of blocks of 8 x 8. Gradients pass the rounding as if it were
-- not there.
local function quantise(x, table_of)
  local n, h, w, c = table.unpack(x:shape())
  local q = table_of(x)
  local z = x:reshape { n, h // 8, 8, w // 8, 8, c }
  z = transforms.along(transforms.along(z, 3, TO(x)), 5, TO(x))
  z = z + ((z:detach() / q):round() * q - z:detach())
  return transforms.along(transforms.along(z, 3, FROM(x)), 5, FROM(x)):reshape { n, h, w, c }
end

-- The places 1..n, then the last again up to a multiple of `unit`.
local function repeated(n, unit)
  local list = {}
  for i = 1, (n + unit - 1) // unit * unit do list[i] = math.min(i, n) end
  return chance.indices(list)
end

return {
  doc = "JPEG at a quality of 1 to 100, as the picture that comes out, not clipped and not rounded to 256 levels: "
    .. "blocks of 8 x 8 pixels, for colours (C = 3) in YCbCr with chroma halved along both sides (subsampling = 2; "
    .. "1: whole). Sides that don't divide go on with their last pixel. Gradients pass the rounding straight "
    .. "through.",
  source = "ITU-T T.81; Kawar et al. 2022b",
  linear = false,
  options = { shape = options.NONE, quality = 50, subsampling = 2 },
  make = function(o)
    local shape, quality = shapes.image("jpeg", o.shape), shapes.integer("jpeg", "quality", o.quality, 1)
    local factor = shapes.integer("jpeg", "subsampling", o.subsampling, 1)
    if quality > 100 then errors.raise("jpeg: option quality: expected at most 100, got %d", quality) end
    if factor > 2 then errors.raise("jpeg: option subsampling: expected 1 or 2, got %d", factor) end
    local h, w, channels = table.unpack(shape)
    if channels ~= 1 and channels ~= 3 then shapes.image("jpeg", shape, "1 or 3") end
    local unit = 8 * (channels == 3 and factor or 1)
    local rows, columns = repeated(h, unit), repeated(w, unit)
    local luma, chroma = scaled(LUMINANCE, quality), scaled(CHROMINANCE, quality)
    local to_ycc, to_rgb = colours(YCC), colours(RGB)
    local function coloured(x)
      x = sl.linear(x, to_ycc(x))
      local c = x:narrow(4, 2, 2)
      if factor == 2 then c = c:avg_pool(2) end
      c = quantise(c, chroma)
      if factor == 2 then c = c:upsample(2) end
      return sl.linear(sl.cat({ quantise(x:narrow(4, 1, 1), luma), c }, 4), to_rgb(x))
    end
    return {
      shape = shape, measured = shape, pinv = function(y) return y end,
      apply = function(x) -- a grey of 128 is 0 here
        x = (x * 127.5 - 0.5):index_select(rows, 2):index_select(columns, 3)
        x = channels == 3 and coloured(x) or quantise(x, luma)
        return ((x + 0.5) / 127.5):narrow(2, 1, h):narrow(3, 1, w)
      end,
    }
  end,
}
