local sl = require "sdelua"
local options = require "sdelua.options"
local arguments = require "sdelua.plot.arguments"
local colors = require "sdelua.plot.colors"
local key = require "sdelua.plot.key"

return {
  doc = "p:line(x, y): a line through the points (x[i], y[i]), two lists of numbers or tensors [n]; one that is not "
    .. "finite breaks it. dash: a list of lengths, on and off in turn; with marks, a disc at each point.",
  arguments = { "x", "y" },
  options = {
    label = options.NONE, color = options.NONE, width = 1.8, dash = options.NONE, opacity = 1,
    marks = false,
  },
  turn = true, joined = true, key = key.line,
  read = function(self, x, y)
    local px = arguments.vector(self.who, "x", x)
    local py = arguments.vector_like(self.who, "y", y, px:shape(1), "x")
    self.points = sl.stack({ px, py }, 2)
  end,
  draw = function(self, axes)
    local o, places, color = self.o, axes:place(self.points), colors.fade(self.color, self.o.opacity)
    axes.canvas:path(places, { stroke = color, width = o.width, dash = o.dash, round = not o.dash })
    if o.marks then axes.canvas:marks(places, 1.6 * o.width, { fill = color }) end
  end,
}
