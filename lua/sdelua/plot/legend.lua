-- The legend: a key and a label for each layer that has one, where the fewest data are.
local sl = require "sdelua"
local Axes = require "sdelua.plot.axes"

local Legend = {}
Legend.__index = Legend

local SIZE, ROW, KEY, GAP, PAD, AWAY = Axes.SMALL, 16, 20, 7, 7, 8
local BETWEEN = 24 -- places looked at between two neighbours on a line

--- That of the layers with labels, in a plot of that width, or nil where none has one. Labels longer than half of it
-- are smaller.
function Legend.new(canvas, layers, whole)
  local entries, width = {}, 0
  for _, layer in ipairs(layers) do
    if layer.o.label then
      local style = { size = SIZE, color = Axes.INK }
      entries[#entries + 1] = { layer = layer, style = style }
      width = math.max(width, Axes.fit(canvas, layer.o.label, style, whole / 2))
    end
  end
  if #entries == 0 then return nil end
  local self = { entries = entries, layers = layers, width = width + KEY + GAP + 2 * PAD }
  self.height = #entries * ROW + 2 * PAD - 4
  return setmetatable(self, Legend)
end

-- ---- where ------------------------------------------------------------------------------------

-- The points of a line and some between neighbours, [n,2].
local function between(points)
  local n = points:shape(1)
  if n < 2 then return points end
  local share = (sl.arange(0, BETWEEN, { dtype = "float64" }) / BETWEEN):reshape { BETWEEN, 1, 1 }
  local from, to = points:narrow(1, 1, n - 1), points:narrow(1, 2, n - 1)
  return sl.cat({ points, (from * (1 - share) + to * share):reshape { -1, 2 } }, 1) -- the points, where one is alone
end

-- Where on the canvas a layer has data: a list of [n,2].
local function traces(layer, axes)
  local list = {}
  for i, points in ipairs(layer.traces or { layer.points }) do
    list[i] = axes:place(points)
    if layer.row.joined then list[i] = between(list[i]) end
  end
  return list
end

-- How many of the places [n,2] are in the box.
local function count(places, box)
  if places:numel() == 0 then return 0 end
  local x, y = places:select(2, 1), places:select(2, 2)
  local inside = x:gt(box.x) * x:lt(box.x + box.width) * y:gt(box.y) * y:lt(box.y + box.height)
  return inside:to("float64"):sum():item()
end

-- The corners, then the middles of the sides.
local function candidates(self, b)
  local left, right = b.x + AWAY, b.x + b.width - AWAY - self.width
  local top, bottom = b.y + AWAY, b.y + b.height - AWAY - self.height
  local across, down, list = (left + right) / 2, (top + bottom) / 2, {}
  for i, place in ipairs {
    { right, top }, { left, top }, { right, bottom }, { left, bottom }, { across, top }, { across, bottom },
    { right, down }, { left, down },
  } do
    list[i] = { x = place[1], y = place[2], width = self.width, height = self.height }
  end
  return list
end

-- Where on the canvas all layers have data, a list of [n,2]; nil where one has them everywhere.
local function all_traces(layers, axes)
  local all = {}
  for _, layer in ipairs(layers) do
    if layer.row.field then return nil end
    for _, places in ipairs(traces(layer, axes)) do all[#all + 1] = places end
  end
  return all
end

-- Chooses a place within the frame that covers nothing: true, or false where there is none.
function Legend:fits(axes)
  local b, all = axes.box, all_traces(self.layers, axes)
  if not all or self.width > b.width - 2 * AWAY or self.height > b.height - 2 * AWAY then return false end
  for _, box in ipairs(candidates(self, b)) do
    local covered = 0
    for _, places in ipairs(all) do covered = covered + count(places, box) end
    if covered == 0 then
      self.box = box
      return true
    end
  end
  return false
end

-- How much wider the plot has to be with the legend at its right.
function Legend:aside() return self.width + AWAY end

-- ---- drawing ------------------------------------------------------------------------------------

local function corners(b)
  return sl.tensor({ { b.x, b.y }, { b.x + b.width, b.y }, { b.x + b.width, b.y + b.height }, { b.x, b.y + b.height } },
    { dtype = "float64" })
end

-- Draws it where it fits, or else beside the frame, so far from it.
function Legend:draw(axes, away)
  local canvas, f = axes.canvas, axes.box
  local b = self.box or { x = f.x + f.width + away + AWAY, y = f.y, width = self.width, height = self.height }
  if self.box then canvas:path(corners(b), { fill = { 1, 1, 1, 0.85 }, closed = true }) end
  for i, entry in ipairs(self.entries) do
    local y, layer = b.y + PAD + (i - 1) * ROW + ROW / 2 - 2, entry.layer
    layer.row.key(layer, canvas, b.x + PAD, y, KEY)
    canvas:text(b.x + PAD + KEY + GAP, y + SIZE * 0.36, layer.o.label, entry.style)
  end
end

return Legend
