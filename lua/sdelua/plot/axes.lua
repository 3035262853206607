-- The frame of a plot on a canvas: where data are in it, and its ticks. axes.canvas is the canvas (see sl.draw),
-- axes.box the frame, { x, y, width, height }, axes.x and axes.y the dimensions: { scale =, lo =, hi = }, the limits
-- as the scale's forward gives them.
local sl = require "sdelua"
local colors = require "sdelua.plot.colors"

local Axes = {}
Axes.__index = Axes

local TICK, TEXT, SMALL = 3.5, 11, 10 -- the length of a tick; sizes of labels and of ticks' labels
local INK, LINE, GRID = colors.grey(0.2), colors.grey(0.55), colors.grey(0.92)
local APART = { x = 64, y = 36 } -- between ticks, at least about

--- What the axes' font sizes are.
Axes.TEXT, Axes.SMALL, Axes.INK = TEXT, SMALL, INK

--- Axes of two dimensions { scale =, lo =, hi = } on a canvas, without a frame yet.
function Axes.new(canvas, x, y) return setmetatable({ canvas = canvas, x = x, y = y }, Axes) end

--- The width of words; where they are wider than `most`, style.size becomes smaller until they are not.
function Axes.fit(canvas, words, style, most)
  local wide = canvas:measure(words, style)
  if wide <= most then return wide end
  style.size = style.size * most / wide
  return most
end

-- ---- places ----------------------------------------------------------------------------------

-- The frame is `box` from here on.
function Axes:settle(box) self.box = box end

-- Canvas coordinates of u, which is what a scale's forward gave.
local function horizontal(self, u) return (u - self.x.lo) * (self.box.width / (self.x.hi - self.x.lo)) + self.box.x end
local function vertical(self, u) return (self.y.hi - u) * (self.box.height / (self.y.hi - self.y.lo)) + self.box.y end

--- Where on the canvas points [...,2] of data are.
function Axes:place(points)
  local x, y = points:select(-1, 1), points:select(-1, 2)
  return sl.stack({ horizontal(self, self.x.scale.forward(x)), vertical(self, self.y.scale.forward(y)) }, -1)
end

--- The data at the places of a lattice that spans the frame: [rows * columns, 2], row by row from the top, and, with
-- `inner`, in the middles of its cells rather than at the corners; of the default type.
function Axes:lattice(columns, rows, inner)
  local function along(axis, n)
    local share = sl.arange(0, n, { dtype = "float64" })
    share = inner and (share + 0.5) / n or share / (n - 1)
    return axis.scale.backward(share * (axis.hi - axis.lo) + axis.lo)
  end
  local x = along(self.x, columns):reshape({ 1, columns }):expand { rows, columns }
  local y = along(self.y, rows):flip(1):reshape({ rows, 1 }):expand { rows, columns }
  return sl.stack({ x, y }, -1):reshape({ rows * columns, 2 }):to "float32"
end

--- Columns and rows of a lattice of about n to a side, whose cells are as near squares as goes.
function Axes:cells(n)
  local ratio = self.box.height / self.box.width
  if ratio < 1 then return n, math.max(2, math.floor(n * ratio + 0.5)) end
  return math.max(2, math.floor(n / ratio + 0.5)), n
end

-- ---- ticks -----------------------------------------------------------------------------------

-- The limits in data, as near as numbers go.
local function limits(axis)
  local both = axis.scale.backward(sl.tensor({ axis.lo, axis.hi }, { dtype = "float64" }))
  return table.unpack(both:clamp(-1e308, 1e308):totable())
end

-- The ticks of a dimension that is `length` long: about so far apart, but two at least where that is to be had.
local function ticks_of(axis, length, apart)
  local lo, hi = limits(axis)
  local n = math.max(2, math.floor(length / apart))
  local ticks = axis.scale.ticks(lo, hi, n)
  for more = n + 1, n + 3 do
    if #ticks.at < 2 then ticks = axis.scale.ticks(lo, hi, more) end
  end
  return ticks
end

-- Chooses ticks for a frame of about that size.
function Axes:choose_ticks(width, height)
  self.x.ticks, self.y.ticks = ticks_of(self.x, width, APART.x), ticks_of(self.y, height, APART.y)
end

-- The width of words as ticks write them.
function Axes:width(words) return self.canvas:measure(words, { size = SMALL }) end

-- How wide the widest tick's label of the vertical axis is.
function Axes:label_width()
  local widest = 0
  for _, words in ipairs(self.y.ticks.labels) do widest = math.max(widest, self:width(words)) end
  return widest
end

-- The middle of the dot that a place is in: so lines are sharp.
local function sharp(v) return math.floor(v) + 0.5 end

-- Canvas coordinates of ticks, as a list.
local function places(axis, list, to_canvas)
  if #list == 0 then return {} end
  return to_canvas(axis.scale.forward(sl.tensor(list, { dtype = "float64" }))):totable()
end

-- Where the ticks are, of which list is "at" or "between".
local function tick_places(self, list)
  local xs = places(self.x, self.x.ticks[list], function(u) return horizontal(self, u) end)
  return xs, places(self.y, self.y.ticks[list], function(u) return vertical(self, u) end)
end

-- ---- drawing ------------------------------------------------------------------------------------

-- Lines { x1, y1, x2, y2 } in one go.
local function draw_lines(canvas, list, color, width)
  if #list == 0 then return end
  canvas:path(sl.tensor(list, { dtype = "float64" }):reshape { #list // 4, 2, 2 }, { stroke = color, width = width })
end

local function append(list, ...)
  for _, v in ipairs { ... } do list[#list + 1] = v end
end

-- The lines of the ticks across the frame, below all data.
function Axes:draw_grid()
  local xs, ys = tick_places(self, "at")
  local b, list = self.box, {}
  for _, x in ipairs(xs) do append(list, sharp(x), b.y, sharp(x), b.y + b.height) end
  for _, y in ipairs(ys) do append(list, b.x, sharp(y), b.x + b.width, sharp(y)) end
  draw_lines(self.canvas, list, GRID, 1)
end

local function draw_ticks(self, which, length)
  local xs, ys = tick_places(self, which)
  local b, list = self.box, {}
  for _, x in ipairs(xs) do append(list, sharp(x), b.y + b.height, sharp(x), b.y + b.height + length) end
  for _, y in ipairs(ys) do append(list, b.x - length, sharp(y), b.x, sharp(y)) end
  draw_lines(self.canvas, list, LINE, 1)
  return xs, ys
end

-- The frame and the ticks with their labels.
function Axes:draw_frame()
  local b, canvas = self.box, self.canvas
  local x1, y1, x2, y2 = sharp(b.x), sharp(b.y), sharp(b.x + b.width), sharp(b.y + b.height)
  draw_ticks(self, "between", TICK * 0.6)
  local xs, ys = draw_ticks(self, "at", TICK)
  canvas:path(sl.tensor({ { x1, y1 }, { x2, y1 }, { x2, y2 }, { x1, y2 } }, { dtype = "float64" }),
    { stroke = LINE, width = 1, closed = true })
  local style = { size = SMALL, color = INK, anchor = 0.5 }
  for i, x in ipairs(xs) do
    canvas:text(x, b.y + b.height + TICK + SMALL + 3, self.x.ticks.labels[i], style)
  end
  style.anchor = 1
  for i, y in ipairs(ys) do canvas:text(b.x - TICK - 4, y + SMALL * 0.36, self.y.ticks.labels[i], style) end
end

return Axes
