local errors = require "sdelua.errors"
local options = require "sdelua.options"
local shapes = require "sdelua.inverse.shapes"
local transforms = require "sdelua.inverse.transforms"

return {
  doc = "The magnitudes of the unitary Fourier transform of images of that shape, each channel by itself, laid in the "
    .. "corner of an area of zeros oversample times as long and as wide. x, -x and x turned by half a "
    .. "turn, have the same. In the paper's code the area is 1 + oversample/4 times as long.",
  source = "Chung et al. 2023, section 4",
  linear = false,
  options = { shape = options.NONE, oversample = 2.0 },
  make = function(o)
    local shape = shapes.image("phase_retrieval", o.shape)
    if not (o.oversample >= 1 and o.oversample < math.huge) then
      errors.raise("phase_retrieval: option oversample: expected a finite number >= 1, got %g", o.oversample)
    end
    local h, w = shape[1], shape[2]
    local high, wide = math.ceil(o.oversample * h), math.ceil(o.oversample * w)
    local there = transforms.fourier2(h, w, high, wide)
    return {
      shape = shape, measured = { high, wide, shape[3] },
      apply = function(x)
        local re, minus_im = there(x)
        return (re:square() + minus_im:square()):clamp(1e-20, math.huge):sqrt()
      end,
      picture = function(y)
        local log = y:log1p()
        return log / log:amax({ 2, 3, 4 }, true):clamp(1e-20, math.huge) * 2 - 1
      end,
    }
  end,
}
