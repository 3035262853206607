local options = require "sdelua.options"
local arguments = require "sdelua.plot.arguments"
local colors = require "sdelua.plot.colors"
local key = require "sdelua.plot.key"

return {
  doc = "p:paths(x): n trajectories [steps,n,2], each a line; with ends, a ring where it begins and a disc where it "
    .. "ends.",
  arguments = { "x" },
  options = { label = options.NONE, color = options.NONE, width = 1, opacity = options.NONE, ends = true },
  turn = true, key = key.line,
  read = function(self, x)
    self.points = arguments.points(self.who, "x", x, 3, "trajectories [steps,n,2]"):transpose(1, 2)
    self.opacity = self.o.opacity or math.max(0.25, math.min(0.8, 6 / math.sqrt(self.points:shape(1) + 1)))
    self.traces = { self.points:reshape { -1, 2 } }
  end,
  draw = function(self, axes)
    local places, steps = axes:place(self.points), self.points:shape(2)
    local color = colors.fade(self.color, self.opacity)
    axes.canvas:path(places, { stroke = color, width = self.o.width, round = true })
    if not self.o.ends or steps == 0 then return end
    axes.canvas:marks(places:select(2, 1), 2, { fill = { 1, 1, 1 }, stroke = self.color, width = 1 })
    axes.canvas:marks(places:select(2, steps), 2, { fill = self.color })
  end,
}
