local common = require "sdelua.metrics.common"
local draws = require "sdelua.data.draws"
local random = require "sdelua.core".data.random

-- Values in order, with the places they came from.
local function sorted(values)
  local order = {}
  for i = 1, #values do order[i] = i end
  table.sort(order, function(i, j) return values[i] < values[j] end)
  return order
end

-- W_2^2 of two weighted sets on the line: both quantile functions walked together.
local function squared_distance(a, order_a, wa, b, order_b, wb)
  local i, j, sum = 1, 1, 0
  local left, right = wa[order_a[1]], wb[order_b[1]]
  while i <= #order_a and j <= #order_b do
    local mass = left < right and left or right
    local d = a[order_a[i]] - b[order_b[j]]
    sum = sum + mass * d * d
    left, right = left - mass, right - mass
    if left <= right then
      i = i + 1
      left = wa[order_a[i]] or 0
    else
      j = j + 1
      right = wb[order_b[j]] or 0
    end
  end
  return sum
end

local function unit_rows(n, d, seed)
  local v = random("normal", { n, d }, seed, 0, draws.DIRECTIONS):to "float64"
  return v / v:square():sum(2, true):sqrt()
end

return {
  doc = "Wasserstein-2 distance of projections on random directions: the root of the mean of its square.",
  source = "Rabin et al. 2012; Bonneel et al. 2015; POT's ot/sliced.py",
  options = { directions = 64 },
  measure = function(o, x, y)
    local directions = unit_rows(o.directions, x:shape(2), o.seed):transpose(1, 2)
    local px, py = x:matmul(directions), y:matmul(directions)
    local wx = common.weights(o, x:shape(1), draws.RESAMPLE_X):totable()
    local wy = common.weights(o, y:shape(1), draws.RESAMPLE_Y):totable()
    local values = {}
    for k = 1, o.directions do
      local a, b = px:select(2, k):totable(), py:select(2, k):totable()
      local order_a, order_b = sorted(a), sorted(b)
      for r = 1, #wx do
        values[r] = (values[r] or 0) + squared_distance(a, order_a, wx[r], b, order_b, wy[r]) / o.directions
      end
    end
    for r, v in ipairs(values) do values[r] = math.sqrt(v) end
    return common.result(o, "sliced_wasserstein", values)
  end,
}
