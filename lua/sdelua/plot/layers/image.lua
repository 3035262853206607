local sl = require "sdelua"
local options = require "sdelua.options"
local arguments = require "sdelua.plot.arguments"

-- Corners of the picture in data.
local function corners(self, width, height)
  local x, y = { 0, width }, { 0, height }
  if self.o.xrange then x = arguments.interval(self.who, "xrange", self.o.xrange) end
  if self.o.yrange then y = arguments.interval(self.who, "yrange", self.o.yrange) end
  return sl.tensor({ { x[1], y[1] }, { x[2], y[2] } }, { dtype = "float64" })
end

return {
  doc = "p:image(img): a picture [H,W,C], uint8 or floats in [-1,1], C = 1, 3 or 4, from xrange = { 0, W } and yrange "
    .. "= { 0, H } of the data; with smooth, without seeing its pixels.",
  arguments = { "img" },
  options = { xrange = options.NONE, yrange = options.NONE, smooth = false },
  tight = true, bare = true, field = true,
  read = function(self, img)
    local channels = sl.is_tensor(img) and img:dim() == 3 and img:numel() > 0 and img:shape(3)
    if channels ~= 1 and channels ~= 3 and channels ~= 4 then
      arguments.refuse(self.who, "img", "a picture [H,W,1|3|4]", img)
    end
    self.image = sl.image.to_uint8(img:detach())
    self.points = corners(self, img:shape(2), img:shape(1))
  end,
  draw = function(self, axes)
    local low, high = table.unpack(axes:place(self.points):totable())
    axes.canvas:image(self.image, low[1], high[2], high[1] - low[1], low[2] - high[2], self.o.smooth)
  end,
}
