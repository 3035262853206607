local sl = require "sdelua"
local kronecker = require "sdelua.inverse.kronecker"
local options = require "sdelua.options"
local shapes = require "sdelua.inverse.shapes"
local transforms = require "sdelua.inverse.transforms"

local F64 = { dtype = "float64" }

-- Means of `factor` values next to each other, [n/factor,n], as U diag(s) V^T: V is the cosine transform of each block,
-- of which the mean is the first value over sqrt(factor).
local function means(n, factor)
  local blocks, C = n // factor, transforms.cosine(factor)
  local V = sl.eye(blocks, F64):reshape { blocks, 1, blocks, 1 } * C:transpose(1, 2):reshape { 1, factor, 1, factor }
  local first = sl.eye(factor, F64):narrow(1, 1, 1)
  local U = (sl.eye(blocks, F64):reshape { blocks, blocks, 1 } * first:reshape { 1, 1, factor }):reshape { blocks, n }
  local s = (first * sl.ones({ blocks, 1 }, F64) / math.sqrt(factor)):reshape { n }
  V = V:reshape { n, n }
  return { A = (U * s):matmul(V:transpose(1, 2)), U = U, s = s, V = V }
end

return {
  doc = "Means over blocks of factor x factor pixels of images of that shape.",
  source = "Kawar et al. 2022a",
  options = { shape = options.NONE, factor = 2 },
  make = function(o)
    local factor = shapes.integer("superres", "factor", o.factor, 1)
    local shape = shapes.image("superres", o.shape, nil, factor)
    local down, across = means(shape[1], factor), means(shape[2], factor)
    return kronecker.operator {
      shape = shape, measured = { shape[1] // factor, shape[2] // factor, shape[3] },
      matrices = { down.A, across.A }, svd = function() return { down, across } end,
    }
  end,
}
