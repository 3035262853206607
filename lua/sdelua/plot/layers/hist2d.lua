local sl = require "sdelua"
local options = require "sdelua.options"
local arguments = require "sdelua.plot.arguments"
local colorbar = require "sdelua.plot.colorbar"
local colormap = require "sdelua.plot.colormap"

-- Counts [rows,columns] of places [n,2] on the canvas within the box.
local function counted(places, box, columns, rows)
  local x = ((places:select(2, 1) - box.x) * (columns / box.width)):floor()
  local y = ((places:select(2, 2) - box.y) * (rows / box.height)):floor()
  local inside = x:ge(0) * x:lt(columns) * y:ge(0) * y:lt(rows)
  local cell = sl.where(inside, y * columns + x, 0):to "int64"
  return inside:to("float64"):scatter_add(cell + 1, 1, rows * columns):reshape { rows, columns }
end

return {
  doc = "p:hist2d(points): how many of the points [n,2] fall into each of the cells, as a colour; bins along the "
    .. "longer side of what the plot shows; colorbar: true, or words along it.",
  arguments = { "points" },
  options = { bins = 60, colormap = "blues", colorbar = options.NONE },
  field = true, tight = true,
  read = function(self, points)
    self.points = arguments.points(self.who, "points", points, 2, "points [n,2]")
    self.map = colormap.find(self.who, self.o.colormap)
    arguments.count(self.who, "bins", self.o.bins, 2000)
    colorbar.read(self)
  end,
  draw = function(self, axes)
    local b, columns, rows = axes.box, axes:cells(self.o.bins)
    local counts = counted(axes:place(self.points), b, columns, rows)
    self.shades = { map = self.map, lo = 0, hi = math.max(1, counts:amax():item()) }
    axes.canvas:image(colormap.apply(self.map, counts, 0, self.shades.hi), b.x, b.y, b.width, b.height)
  end,
}
