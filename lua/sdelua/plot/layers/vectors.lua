local sl = require "sdelua"
local errors = require "sdelua.errors"
local options = require "sdelua.options"
local arguments = require "sdelua.plot.arguments"
local colors = require "sdelua.plot.colors"
local field = require "sdelua.plot.field"
local key = require "sdelua.plot.key"

local HEAD, WIDE = 0.36, 0.42 -- of an arrow: its head's share of the length, and that head's half width over its length

-- What f is on the canvas: units of x to the right, y down.
local function on_canvas(v, axes)
  local b = axes.box
  local units = { b.width / (axes.x.hi - axes.x.lo), -b.height / (axes.y.hi - axes.y.lo) }
  return v * sl.tensor(units, { dtype = "float64" })
end

-- Arrows [n,2] whose longest is `most` long, lengths to the power given; what is not finite or 0 has none.
local function arrows(v, most, power)
  local length = v:square():sum(2):sqrt():reshape { -1, 1 }
  local _, longest = arguments.range(length)
  if not longest or longest == 0 then return v * (0 / 0) end
  local direction = v / sl.where(length:gt(0), length, 0 / 0)
  return direction * ((length / longest):pow(power) * most)
end

-- Shafts [n,2,2] and heads [n,3,2] of arrows with their middles at `middle`.
local function shapes(middle, arrow)
  local tail, tip = middle - arrow / 2, middle + arrow / 2
  local neck = tip - arrow * HEAD
  local across = sl.stack({ -arrow:select(2, 2), arrow:select(2, 1) }, 2) * (HEAD * WIDE)
  return sl.stack({ tail, neck }, 2), sl.stack({ tip, neck + across, neck - across }, 2)
end

return {
  doc = "p:vectors(f): arrows of f(points [n,2]) -> [n,2], n along the longer side of what the plot shows. Their "
    .. "lengths are those of f to the power `power` (1: in proportion; 0: all alike), the longest one cell.",
  arguments = { "f" },
  options = { n = 20, power = 0.5, color = options.NONE, label = options.NONE, width = 1.1, opacity = 0.9 },
  turn = true, field = true, key = key.line,
  read = function(self, f)
    self.f = arguments.callable(self.who, "f", f)
    arguments.count(self.who, "n", self.o.n, 500)
  end,
  draw = function(self, axes)
    if axes.x.scale.name ~= "linear" or axes.y.scale.name ~= "linear" then
      errors.raise(self.who .. ": expected linear axes, got " .. axes.x.scale.name .. " and " .. axes.y.scale.name)
    end
    local columns, rows = axes:cells(self.o.n)
    local points = axes:lattice(columns, rows, true)
    local v = on_canvas(field.values(self, points, rows, columns, 2), axes)
    local most = 0.95 * math.min(axes.box.width / columns, axes.box.height / rows)
    local shafts, heads = shapes(axes:place(points:to "float64"), arrows(v, most, self.o.power))
    local color = colors.fade(self.color, self.o.opacity)
    axes.canvas:path(shafts, { stroke = color, width = self.o.width })
    axes.canvas:path(heads, { fill = color, closed = true })
  end,
}
