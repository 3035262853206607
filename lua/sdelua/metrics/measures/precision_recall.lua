local sl = require "sdelua"
local errors = require "sdelua.errors"
local common = require "sdelua.metrics.common"
local draws = require "sdelua.data.draws"

local FAR = math.huge

-- Squared distance of each row of x to its k-th nearest other row, [n].
local function radii(x, k)
  local n, parts = x:shape(1), {}
  local columns = sl.arange(1, n + 1, 1, { dtype = "int64" }):reshape { 1, n }
  common.pieces(x, function(part, first)
    local d = common.squared_distances(part, x)
    local own = sl.arange(first, first + part:shape(1), 1, { dtype = "int64" }):reshape { -1, 1 }
    local far = sl.full({ 1, 1 }, FAR, { dtype = "float64" })
    d = sl.where(columns:eq(own), far, d)
    for _ = 1, k - 1 do d = sl.where(columns:eq((-d):argmax(2):reshape { -1, 1 }), far, d) end
    parts[#parts + 1] = d:amin(2):totable()
  end)
  local all = {}
  for _, part in ipairs(parts) do table.move(part, 1, #part, #all + 1, all) end
  return sl.tensor(all, { dtype = "float64" })
end

-- For each row of x, 1 if it lies in the ball of any row of y, as [n].
local function covered(x, y, squared_radii)
  local list = {}
  common.pieces(x, function(part)
    local inside = common.squared_distances(part, y):le(squared_radii:reshape { 1, -1 }):to "float64"
    local flags = inside:amax(2):totable()
    table.move(flags, 1, #flags, #list + 1, list)
  end)
  return sl.tensor(list, { dtype = "float64" })
end

local function share(o, name, flags, draw)
  return common.result(o, name, common.weights(o, flags:shape(1), draw):matmul(flags))
end

return {
  doc = "Share of the samples x within the k-nearest-neighbour balls of the data y (precision: what is drawn is real), "
    .. "and of the data within those of the samples (recall: what is real is drawn). Returns both as results; the "
    .. "intervals hold the balls fixed.",
  source = "Kynkaanniemi et al. 2019; its precision_recall.py",
  options = { k = 3 },
  measure = function(o, x, y)
    if not math.tointeger(o.k) or o.k < 1 or o.k >= math.min(x:shape(1), y:shape(1)) then
      errors.raise("precision_recall: option k: expected a count below that of the points, got %s", o.k)
    end
    return setmetatable({
      precision = share(o, "precision", covered(x, y, radii(y, o.k)), draws.RESAMPLE_X),
      recall = share(o, "recall", covered(y, x, radii(x, o.k)), draws.RESAMPLE_Y),
    }, { __tostring = function(r) return tostring(r.precision) .. ", " .. tostring(r.recall) end })
  end,
}
