local sl = require "sdelua"
local options = require "sdelua.options"
local shapes = require "sdelua.inverse.shapes"

return {
  doc = "x itself, with noise; shape is that of one x.",
  source = "Kawar et al. 2022a",
  options = { shape = options.NONE },
  make = function(o)
    local shape, size = shapes.any("denoise", o.shape)
    local function same(x) return x end
    local function flat(x) return x:reshape { x:shape(1), size } end
    return {
      shape = shape, measured = shape, apply = same, adjoint = same, pinv = same,
      svd = function()
        return {
          s = sl.ones({ size }, { dtype = "float64" }), Vt = flat, Ut = flat,
          V = function(c) return c:reshape { c:shape(1), table.unpack(shape) } end,
        }
      end,
    }
  end,
}
