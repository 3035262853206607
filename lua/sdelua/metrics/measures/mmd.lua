local sl = require "sdelua"
local errors = require "sdelua.errors"
local options = require "sdelua.options"
local common = require "sdelua.metrics.common"
local draws = require "sdelua.data.draws"

local MEDIAN_OF = 500 -- points of each set, for the bandwidth

-- The median distance between points of both sets (Gretton et al. 2012).
local function median_distance(x, y)
  local function head(z) return z:narrow(1, 1, math.min(MEDIAN_OF, z:shape(1))) end
  local all = sl.cat({ head(x), head(y) }, 1)
  local list, n = {}, all:shape(1)
  for i, row in ipairs(common.squared_distances(all, all):totable()) do
    for j = i + 1, n do list[#list + 1] = row[j] end
  end
  table.sort(list)
  return math.sqrt(list[(#list + 1) // 2])
end

local KERNELS = {
  gaussian = function(o)
    return function(squares) return (squares * (-0.5 / o.bandwidth ^ 2)):exp() end
  end,
  --- (x.y/D + 1)^3 (Binkowski et al. 2018, for features)
  cubic = function()
    return function(_, a, b)
      local k = a:matmul(b:transpose(1, 2)) / a:shape(2) + 1
      return k * k * k
    end
  end,
}

return {
  doc = "Squared maximum mean discrepancy E k(X, X') + E k(Y, Y') - 2 E k(X, Y), without bias: kernel \"gaussian\" of "
    .. "a bandwidth (the median distance, unless given) or \"cubic\", the kernel distance of features.",
  source = "Gretton et al. 2012, eq. 3; Binkowski et al. 2018",
  options = { kernel = "gaussian", bandwidth = options.NONE },
  measure = function(o, x, y)
    if not KERNELS[o.kernel] then
      errors.raise('mmd: option kernel: expected "gaussian" or "cubic", got %s', o.kernel)
    end
    o.bandwidth = o.bandwidth or (o.kernel == "gaussian" and median_distance(x, y)) or nil
    local kernel = KERNELS[o.kernel](o)
    local wx = common.weights(o, x:shape(1), draws.RESAMPLE_X)
    local wy = common.weights(o, y:shape(1), draws.RESAMPLE_Y)
    local values = common.expectation(kernel, x, wx) + common.expectation(kernel, y, wy)
      - common.expectation(kernel, x, wx, y, wy) * 2
    return common.result(o, "mmd", values, { bandwidth = o.bandwidth })
  end,
}
