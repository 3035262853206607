local sl = require "sdelua"
local errors = require "sdelua.errors"
local chance = require "sdelua.inverse.chance"
local masks = require "sdelua.inverse.masks"
local options = require "sdelua.options"
local shapes = require "sdelua.inverse.shapes"
local transforms = require "sdelua.inverse.transforms"

local function mask_of(o, h, w)
  if o.mask == nil then
    return masks.lines({ h, w, 1 }, { acceleration = o.acceleration, centre = o.centre, seed = o.seed })
  end
  local fits = sl.is_tensor(o.mask) and o.mask:dim() == 2 and o.mask:shape(1) == h and o.mask:shape(2) == w
  if fits then return o.mask end
  errors.raise("mri: option mask: expected a tensor [%d,%d] of ones and zeros, got %s", h, w, options.show(o.mask))
end

-- Where the mask is 1, from 1; and the singular value of each frequency. Those of k and -k are the same vectors of a
-- real image, cosine and sine: measured once each counts half, twice it counts whole.
local function read(mask, h, w)
  local rows, places, s = mask:totable(), {}, {}
  for i = 1, h do
    for j = 1, w do
      local value, opposite = rows[i][j], rows[(2 * (h // 2) - i + 1) % h + 1][(2 * (w // 2) - j + 1) % w + 1]
      if value ~= 0 and value ~= 1 then
        errors.raise("mri: option mask: expected ones and zeros, got %g", value)
      end
      if value == 1 then places[#places + 1] = (i - 1) * w + j end
      s[#s + 1] = math.sqrt((value + opposite) / 2)
    end
  end
  if #places == 0 then errors.raise("mri: option mask: expected a frequency that is measured, got none") end
  return chance.indices(places), sl.tensor(s, { dtype = "float64" })
end

return {
  doc = "The unitary Fourier transform of images of that shape, where the mask [H,W] is 1 (the frequency 0 at "
    .. "[H//2+1, W//2+1]): y is [frequencies, C, 2], real and imaginary parts. Without a mask, columns that "
    .. "sl.inverse.masks.lines draws (acceleration, centre, seed). Its singular vectors are the Hartley transform's.",
  source = "Song et al. 2022; Bracewell 1983 (the Hartley transform)",
  options = { shape = options.NONE, mask = options.NONE, acceleration = 4.0, centre = 0.08, seed = 0 },
  make = function(o)
    local shape = shapes.image("mri", o.shape)
    local h, w, channels = table.unpack(shape)
    local places, s = read(mask_of(o, h, w), h, w)
    local count, there, back = places:numel(), transforms.fourier2(h, w)
    local function grid(x) return x:index_add(places, 2, h * w):reshape { x:shape(1), h, w, channels } end
    return {
      shape = shape, measured = { count, channels, 2 },
      apply = function(x)
        local re, minus_im = there(x)
        local both = sl.stack({ re, -minus_im }, 5):reshape { x:shape(1), h * w, channels, 2 }
        return both:index_select(places, 2)
      end,
      adjoint = function(y) return back(grid(y:select(4, 1)), -grid(y:select(4, 2))) end,
      svd = function()
        return {
          s = (s:reshape { -1, 1 } * sl.ones({ 1, channels }, { dtype = "float64" })):reshape { -1 },
          Vt = function(x)
            local re, minus_im = there(x)
            return (re + minus_im):reshape { x:shape(1), h * w * channels }
          end,
          V = function(c)
            c = c:reshape { c:shape(1), h, w, channels }
            return back(c, c)
          end,
        }
      end,
    }
  end,
}
