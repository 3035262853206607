local options = require "sdelua.options"
local arguments = require "sdelua.plot.arguments"
local colors = require "sdelua.plot.colors"
local key = require "sdelua.plot.key"

-- Fainter the more there are, so that where they crowd can be seen.
local function opacity_of(n) return math.max(0.25, math.min(0.85, 20 / math.sqrt(n + 1))) end

return {
  doc = "p:scatter(points): a disc at each of the points [n,2]. Radius and opacity are less the more points there are.",
  arguments = { "points" },
  options = { label = options.NONE, color = options.NONE, radius = options.NONE, opacity = options.NONE },
  turn = true, key = key.disc,
  read = function(self, points)
    self.points = arguments.points(self.who, "points", points, 2, "points [n,2]")
    local n = self.points:shape(1)
    self.radius = self.o.radius or (n > 2000 and 1.3 or n > 200 and 2 or 3)
    self.opacity = self.o.opacity or opacity_of(n)
  end,
  draw = function(self, axes)
    axes.canvas:marks(axes:place(self.points), self.radius, { fill = colors.fade(self.color, self.opacity) })
  end,
}
