local common = require "sdelua.metrics.common"
local draws = require "sdelua.data.draws"

local function distance(squares) return squares:sqrt() end

return {
  doc = "2 E|X - Y| - E|X - X'| - E|Y - Y'|, without bias: 0 where the distributions are the same.",
  source = "Szekely & Rizzo 2013; dcor's dcor/_energy.py",
  measure = function(o, x, y)
    local wx = common.weights(o, x:shape(1), draws.RESAMPLE_X)
    local wy = common.weights(o, y:shape(1), draws.RESAMPLE_Y)
    local between = common.expectation(distance, x, wx, y, wy)
    local values = between * 2 - common.expectation(distance, x, wx) - common.expectation(distance, y, wy)
    return common.result(o, "energy_distance", values)
  end,
}
