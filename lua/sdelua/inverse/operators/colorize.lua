local options = require "sdelua.options"
local pointwise = require "sdelua.inverse.pointwise"
local shapes = require "sdelua.inverse.shapes"

-- The basis in which the mean of the colours is known and the rest is not.
local a, b, c = 1 / math.sqrt(3), 1 / math.sqrt(6), 1 / math.sqrt(2)
local V = { { a, -2 * b, 0 }, { a, b, c }, { a, b, -c } }

return {
  doc = "The mean of the three colours of each pixel of images of that shape.",
  source = "Song et al. 2021, appendix I.3",
  options = { shape = options.NONE },
  make = function(o) return pointwise(shapes.image("colorize", o.shape, 3), V, a) end,
}
