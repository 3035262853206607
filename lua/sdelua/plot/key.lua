-- What stands for a layer in a legend: key.<kind>(layer, canvas, x, y, width) draws it from x, around the height y.
local sl = require "sdelua"
local colors = require "sdelua.plot.colors"

local key = {}

local function float64(list) return sl.tensor(list, { dtype = "float64" }) end

function key.line(layer, canvas, x, y, width)
  local o = layer.o
  canvas:path(float64 { { x, y }, { x + width, y } }, { stroke = layer.color, width = o.width, dash = o.dash })
end

function key.disc(layer, canvas, x, y, width)
  canvas:marks(float64 { { x + width / 2, y } }, 3.5, { fill = colors.fade(layer.color, 0.9) })
end

function key.patch(layer, canvas, x, y, width)
  local box = float64 { { x, y - 4 }, { x + width, y - 4 }, { x + width, y + 4 }, { x, y + 4 } }
  canvas:path(box, { fill = colors.fade(layer.color, layer.o.opacity or 1), closed = true })
end

return key
