--- sl.solve.dynamic_thresholding { p = 0.995, max = 1 }: a function (x0, t) for samplers' option `correct` (Saharia et
-- al. 2022; dpm-solver's dpm_solver_pytorch.py, dynamic_thresholding_fn): each sample is cut to [-s, s] and divided by
-- s, its p-quantile of |x0|, where that is more than max; below, to [-max, max], divided by max.
local sl = require "sdelua"
local options = require "sdelua.options"
local column = require "sdelua.sde.common".column

-- The p-quantile of a list, linear between order statistics.
local function quantile(list, p)
  table.sort(list)
  local at = 1 + p * (#list - 1)
  local i = math.floor(at)
  return list[i] + (at - i) * ((list[i + 1] or list[i]) - list[i])
end

return function(opts)
  local o = options.read("dynamic_thresholding", opts, { p = 0.995, max = 1.0 })
  options.shares("dynamic_thresholding", o, { "p" })
  options.positives("dynamic_thresholding", o, { "max" })
  return function(x0)
    local limits = {}
    for i, values in ipairs(x0:abs():reshape({ x0:shape(1), -1 }):totable()) do
      limits[i] = math.max(quantile(values, o.p), o.max)
    end
    local s = column(limits, x0)
    return sl.minimum(sl.maximum(x0, -s), s) / s
  end
end
