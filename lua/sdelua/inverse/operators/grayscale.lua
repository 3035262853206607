local errors = require "sdelua.errors"
local options = require "sdelua.options"
local pointwise = require "sdelua.inverse.pointwise"
local shapes = require "sdelua.inverse.shapes"

-- An orthogonal matrix whose first column is w/|w|: a reflection, whose other columns don't matter.
local function basis(w, norm)
  local v, V = { w[1] / norm + (w[1] < 0 and -1 or 1), w[2] / norm, w[3] / norm }, {}
  local square = v[1] ^ 2 + v[2] ^ 2 + v[3] ^ 2
  local sign = w[1] < 0 and 1 or -1
  for i = 1, 3 do
    V[i] = {}
    for j = 1, 3 do
      V[i][j] = ((i == j and 1 or 0) - 2 * v[i] * v[j] / square) * (j == 1 and sign or 1)
    end
  end
  return V
end

return {
  doc = "The luminance of each pixel of images of that shape: the colours by their weights, those of ITU-R BT.601 "
    .. "unless given.",
  source = "ITU-R BT.601",
  options = { shape = options.NONE, weights = { 0.299, 0.587, 0.114 } },
  make = function(o)
    local shape, w = shapes.image("grayscale", o.shape, 3), shapes.numbers("grayscale", "weights", o.weights)
    local norm = #w == 3 and math.sqrt(w[1] ^ 2 + w[2] ^ 2 + w[3] ^ 2) or 0
    if norm == 0 then
      errors.raise("grayscale: option weights: expected three numbers, not all 0, got {%s}", table.concat(w, ","))
    end
    return pointwise(shape, basis(w, norm), norm)
  end,
}
