-- Pictures of points.
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
      error("plot.scatter: argument sets: expected points [n,2], got "
        .. (sl.is_tensor(x) and "[" .. table.concat(x:shape(), ",") .. "]" or tostring(x)), 2)
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

return plot
