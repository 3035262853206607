local sl = require "sdelua"
local errors = require "sdelua.errors"
local options = require "sdelua.options"
local arguments = require "sdelua.plot.arguments"

local ANCHORS = { left = 0, middle = 0.5, right = 1 }

return {
  doc = "p:text(x, y, words): words at a place of the data; anchor: \"left\", \"middle\" or \"right\", what of them is "
    .. "there; angle in degrees, against the clock. Black, unless told.",
  arguments = { "x", "y", "words" },
  options = { color = options.NONE, size = 11, anchor = "left", angle = 0, bold = false },
  read = function(self, x, y, words)
    for name, v in pairs { x = x, y = y } do
      if type(v) ~= "number" then arguments.refuse(self.who, name, "a number", v) end
    end
    if type(words) ~= "string" then arguments.refuse(self.who, "words", "a string", words) end
    self.anchor = ANCHORS[self.o.anchor]
    if not self.anchor then
      errors.raise("%s: option anchor: expected left, middle or right, got %s", self.who, self.o.anchor)
    end
    self.words, self.points = words, sl.tensor({ { x, y } }, { dtype = "float64" })
  end,
  draw = function(self, axes)
    local x, y = table.unpack(axes:place(self.points):totable()[1])
    local o = self.o
    local color = o.color and self.color or { 0, 0, 0 }
    axes.canvas:text(x, y + o.size * 0.36, self.words,
      { size = o.size, color = color, anchor = self.anchor, angle = o.angle, bold = o.bold })
  end,
}
