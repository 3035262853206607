local options = require "sdelua.options"
local arguments = require "sdelua.plot.arguments"
local colorbar = require "sdelua.plot.colorbar"
local colormap = require "sdelua.plot.colormap"
local field = require "sdelua.plot.field"

return {
  doc = "p:density(f): colours of f(points [n,2]) -> [n] over what the plot shows, at n = 200 places along the longer "
    .. "side. range = { lo, hi }: the values of the first colour and the last; colorbar: true, or words along it.",
  arguments = { "f" },
  options = { colormap = "viridis", n = 200, range = options.NONE, colorbar = options.NONE },
  field = true, tight = true,
  read = function(self, f)
    self.f, self.map = arguments.callable(self.who, "f", f), colormap.find(self.who, self.o.colormap)
    arguments.count(self.who, "n", self.o.n, 2000)
    colorbar.read(self)
    if self.o.range then arguments.interval(self.who, "range", self.o.range) end
  end,
  draw = function(self, axes)
    local columns, rows = axes:cells(self.o.n)
    local values = field.values(self, axes:lattice(columns, rows, true), rows, columns)
    local b, lo, hi = axes.box, field.range(self, values)
    self.shades = { map = self.map, lo = lo, hi = hi }
    axes.canvas:image(colormap.apply(self.map, values, lo, hi), b.x, b.y, b.width, b.height, true)
  end,
}
