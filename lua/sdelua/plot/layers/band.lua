local sl = require "sdelua"
local options = require "sdelua.options"
local arguments = require "sdelua.plot.arguments"
local colors = require "sdelua.plot.colors"
local key = require "sdelua.plot.key"

-- Where runs of finite rows begin and end.
local function runs(points)
  local good, list, from = arguments.finite(points):amin(2):totable(), {}, nil
  for i = 1, #good + 1 do
    if good[i] == 1 then from = from or i
    elseif from then
      list[#list + 1] = { from, i - from }
      from = nil
    end
  end
  return list
end

return {
  doc = "p:band(x, low, high): the area between two curves, lists of numbers or tensors [n]; where one is not finite "
    .. "there is a gap. In the colour of the layer before, unless told.",
  arguments = { "x", "low", "high" },
  options = { label = options.NONE, color = options.NONE, opacity = 0.2 },
  joined = true, key = key.patch,
  read = function(self, x, low, high)
    local px = arguments.vector(self.who, "x", x)
    local n = px:shape(1)
    self.low = sl.stack({ px, arguments.vector_like(self.who, "low", low, n, "x") }, 2)
    self.high = sl.stack({ px, arguments.vector_like(self.who, "high", high, n, "x") }, 2)
    self.points = sl.cat({ self.low, self.high }, 1)
    self.traces = { self.low, self.high }
  end,
  draw = function(self, axes)
    local low, high = axes:place(self.low), axes:place(self.high)
    for _, run in ipairs(runs(sl.cat({ low, high }, 2))) do
      local from, n = table.unpack(run)
      axes.canvas:path(sl.cat({ low:narrow(1, from, n), high:narrow(1, from, n):flip(1) }, 1),
        { fill = colors.fade(self.color, self.o.opacity), closed = true })
    end
  end,
}
