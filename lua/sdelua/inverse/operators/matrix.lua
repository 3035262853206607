local sl = require "sdelua"
local errors = require "sdelua.errors"
local finite = require "sdelua.finite"
local kronecker = require "sdelua.inverse.kronecker"
local options = require "sdelua.options"
local shapes = require "sdelua.inverse.shapes"

return {
  doc = "y = A x for a matrix A [M,D] and x [N,D], or [N,shape] with as many values.",
  source = "Kawar et al. 2021",
  options = { A = options.NONE, shape = options.NONE },
  make = function(o)
    if not sl.is_tensor(o.A) or o.A:dim() ~= 2 then
      errors.raise("matrix: option A: expected a tensor [M,D], got " .. options.show(o.A))
    end
    if not finite(o.A) then errors.raise "matrix: option A: expected finite values, got NaN or infinity" end
    local rows, size = o.A:shape(1), o.A:shape(2)
    local shape, values = shapes.any("matrix", o.shape or { size })
    if values ~= size then
      errors.raise("matrix: option shape: expected %d values, got %s", size, shapes.text(shape))
    end
    return kronecker.operator {
      shape = shape, measured = { rows }, view = { size }, matrices = { o.A:detach():to "float64" },
    }
  end,
}
