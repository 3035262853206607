local sl = require "sdelua"
local options = require "sdelua.options"
local arguments = require "sdelua.plot.arguments"
local colors = require "sdelua.plot.colors"
local warn = require "sdelua.warn"
local key = require "sdelua.plot.key"

-- Counts [bins] of the finite values, and the ends of the range that they fill.
local function counted(values, bins)
  local lo, hi = arguments.range(values)
  if not lo then lo, hi = 0, 1 end
  if hi <= lo then lo, hi = lo - 0.5, hi + 0.5 end
  local finite = arguments.finite(values)
  local place = ((sl.where(finite, values, lo) - lo) * (bins / (hi - lo))):floor():clamp(0, bins - 1)
  return finite:to("float64"):scatter_add(place:to "int64" + 1, 1, bins), lo, hi
end

-- The outline of bars [bins] between lo and hi, up and down again, [2 * bins + 2, 2].
local function outline(heights, lo, hi)
  local bins = heights:shape(1)
  local edges = sl.arange(0, bins + 1, { dtype = "float64" }) * ((hi - lo) / bins) + lo
  local function twice(x) return sl.stack({ x, x }, 2):reshape { -1 } end
  local zero = sl.zeros({ 1 }, { dtype = "float64" })
  return sl.stack({ twice(edges), sl.cat({ zero, twice(heights), zero }, 1) }, 2)
end

return {
  doc = "p:hist(values): how many of the values, a list or a tensor of any shape, fall into each of `bins` equal "
    .. "parts of their range; with density, that over all and the part's width, so that the area is 1. Those that are "
    .. "not finite are left out.",
  arguments = { "values" },
  options = { label = options.NONE, color = options.NONE, bins = 40, density = false, opacity = 0.35 },
  turn = true, grounded = true, joined = true, key = key.patch,
  read = function(self, values)
    local bins = arguments.count(self.who, "bins", self.o.bins, 100000)
    if sl.is_tensor(values) then values = values:reshape { -1 } end
    values = arguments.vector(self.who, "values", values)
    local heights, lo, hi = counted(values, bins)
    local all = heights:sum():item()
    if all == 0 then warn("%s: nothing to draw: no value is finite", self.who) end
    if self.o.density then heights = heights * (bins / (hi - lo) / math.max(all, 1)) end
    self.points = outline(heights, lo, hi)
  end,
  draw = function(self, axes)
    axes.canvas:path(axes:place(self.points),
      { fill = colors.fade(self.color, self.o.opacity), stroke = self.color, width = 1.2 })
  end,
}
