-- Pictures of points, and of curves.
local sl = require "sdelua"
local options = require "sdelua.options"

local plot = {}

-- Okabe and Ito's palette, which also reads without red-green vision.
local COLORS = {
  { 0, 114, 178 }, { 213, 94, 0 }, { 0, 158, 115 }, { 204, 121, 167 }, { 230, 159, 0 }, { 86, 180, 233 }, { 0, 0, 0 },
}
local OPACITY = 0.6 -- of one point; where points lie on each other the colour fills up

-- Half the side of the square that holds every finite point, with a little room.
local function extent(sets)
  local reach = 0
  for _, x in ipairs(sets) do
    if x:numel() > 0 then
      local far = x:abs()
      reach = math.max(reach, sl.where(far:lt(math.huge), far, 0):amax():item())
    end
  end
  return reach > 0 and reach * 1.05 or 1
end

-- float32 [size,size,1]: how many discs of that radius, one a point, cover each pixel.
local function coverage(x, size, limit, radius)
  local place = ((x:to "float32" / limit + 1) * (size / 2)):floor() -- [n,2]; column, and row from below
  local column, row = place:select(2, 1), place:select(2, 2)
  local function inside(p) return p:ge(0) * p:lt(size) end
  local seen = inside(column) * inside(row)
  local pixel = sl.where(seen, (size - 1 - row) * size + column, 0):to "int64"
  local count = seen:to "float32":scatter_add(pixel + 1, 1, size * size):reshape { 1, size, size, 1 }
  local disc = {}
  for i = -radius, radius do
    for j = -radius, radius do disc[#disc + 1] = i * i + j * j <= radius * radius + 0.5 and 1 or 0 end
  end
  local side = 2 * radius + 1
  return count:conv2d(sl.tensor(disc):reshape { side, side, 1, 1 }, nil, 1, radius):reshape { size, size, 1 }
end

local function draw_frame(canvas, size)
  local middle = size // 2 + 1
  canvas:narrow(1, middle, 1):fill_(0.9)
  canvas:narrow(2, middle, 1):fill_(0.9)
  for dim = 1, 2 do
    canvas:narrow(dim, 1, 1):fill_(0.6)
    canvas:narrow(dim, size, 1):fill_(0.6)
  end
end

--- uint8 [size,size,3]: the points [n,2] of each set in a colour of its own, later sets above, in the square
-- [-limit,limit]² around the origin. `sets` is one tensor or a list. Options: size = 480, limit (default: all points
-- fit), radius = 1.
function plot.scatter(sets, opts)
  local o = options.read("plot.scatter", opts, { size = 480, limit = options.NONE, radius = 1 })
  if sl.is_tensor(sets) then sets = { sets } end
  for _, x in ipairs(sets) do
    if not sl.is_tensor(x) or x:dim() ~= 2 or x:shape(2) ~= 2 then
      error("plot.scatter: argument sets: expected points [n,2], got " .. options.show(x), 2)
    end
  end
  local canvas = sl.ones { o.size, o.size, 3 }
  draw_frame(canvas, o.size)
  local limit = o.limit or extent(sets)
  for i, x in ipairs(sets) do
    local clear = (coverage(x:detach(), o.size, limit, o.radius) * math.log(1 - OPACITY)):exp()
    local color = sl.tensor(COLORS[(i - 1) % #COLORS + 1]):reshape { 1, 1, 3 } / 255
    canvas = canvas * clear + color * (1 - clear)
  end
  return sl.image.to_uint8(canvas * 2 - 1)
end

-- ---- curves ------------------------------------------------------------------------------------------------

local MARGIN = { left = 64, right = 120, top = 16, bottom = 48 } -- the legend stands at the right

local function escaped(text) return (text:gsub("&", "&amp;"):gsub("<", "&lt;"):gsub(">", "&gt;")) end

-- Round numbers, about five, that span lo to hi.
local function ticks(lo, hi)
  local step = 10 ^ math.floor(math.log((hi - lo) / 2, 10))
  for _, k in ipairs { 1, 2, 5 } do
    if (hi - lo) / (step * k) <= 6 then
      step = step * k
      break
    end
  end
  local list = {}
  for i = math.ceil(lo / step - 1e-9), math.floor(hi / step + 1e-9) do list[#list + 1] = i * step end
  return list
end

-- Least and largest value of a coordinate over all curves; apart, and holding what the options say.
local function range(curves, key, given)
  local lo, hi = math.huge, -math.huge
  for _, c in ipairs(curves) do
    for _, v in ipairs(c[key]) do lo, hi = math.min(lo, v), math.max(hi, v) end
  end
  if given then lo, hi = given[1], given[2] end
  return lo, hi > lo and hi or lo + 1
end

local function line(x1, y1, x2, y2, color)
  return ('<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s"/>'):format(x1, y1, x2, y2, color)
end

local function words(x, y, anchor, text, more)
  return ('<text x="%.1f" y="%.1f" text-anchor="%s"%s>%s</text>'):format(x, y, anchor, more or "", escaped(text))
end

local function axes(out, o, px, py, xs, ys)
  local bottom, right = o.height - MARGIN.bottom, o.width - MARGIN.right
  for _, v in ipairs(ys) do
    out[#out + 1] = line(MARGIN.left, py(v), right, py(v), "#ddd")
    out[#out + 1] = words(MARGIN.left - 6, py(v) + 4, "end", ("%g"):format(v))
  end
  for _, v in ipairs(xs) do
    out[#out + 1] = line(px(v), bottom, px(v), bottom + 4, "#888")
    out[#out + 1] = words(px(v), bottom + 18, "middle", ("%g"):format(v))
  end
  out[#out + 1] = line(MARGIN.left, bottom, right, bottom, "#888")
  out[#out + 1] = words((MARGIN.left + right) / 2, o.height - 8, "middle", o.xlabel)
  local middle = (MARGIN.top + bottom) / 2
  out[#out + 1] = words(16, middle, "middle", o.ylabel, (' transform="rotate(-90 16 %.1f)"'):format(middle))
end

local function draw_curve(out, o, c, i, px, py)
  local color, points = ("rgb(%d,%d,%d)"):format(table.unpack(COLORS[(i - 1) % #COLORS + 1])), {}
  for j, x in ipairs(c.x) do
    points[j] = ("%.1f,%.1f"):format(px(x), py(c.y[j]))
    out[#out + 1] = ('<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>'):format(px(x), py(c.y[j]), color)
  end
  out[#out + 1] = ('<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>')
    :format(table.concat(points, " "), color)
  local y = MARGIN.top + 18 * i
  local left = o.width - MARGIN.right + 12
  out[#out + 1] = line(left, y - 4, left + 18, y - 4, color)
  out[#out + 1] = words(left + 24, y, "start", c.label or "")
end

--- The text of an SVG picture of curves { x = list, y = list, label = }. Options: width = 560, height = 340, xlabel,
-- ylabel, xlim and ylim = { lo, hi }.
function plot.curves(curves, opts)
  local o = options.read("plot.curves", opts, {
    width = 560, height = 340, xlabel = "", ylabel = "", xlim = options.NONE, ylim = options.NONE,
  })
  for i, c in ipairs(curves) do
    if type(c) ~= "table" or type(c.x) ~= "table" or type(c.y) ~= "table" or #c.x ~= #c.y or #c.x == 0 then
      error(("plot.curves: argument curves: expected lists x and y of the same length in curve %d"):format(i), 2)
    end
  end
  local x0, x1 = range(curves, "x", o.xlim)
  local y0, y1 = range(curves, "y", o.ylim)
  local wide, high = o.width - MARGIN.left - MARGIN.right, o.height - MARGIN.top - MARGIN.bottom
  local function px(x) return MARGIN.left + (x - x0) / (x1 - x0) * wide end
  local function py(y) return MARGIN.top + (y1 - y) / (y1 - y0) * high end
  local out = {
    ('<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">')
      :format(o.width, o.height),
    '<rect width="100%" height="100%" fill="white"/>',
  }
  axes(out, o, px, py, ticks(x0, x1), ticks(y0, y1))
  for i, c in ipairs(curves) do draw_curve(out, o, c, i, px, py) end
  out[#out + 1] = "</svg>\n"
  return table.concat(out, "\n")
end

return plot
