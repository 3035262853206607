local sl = require "sdelua"
local options = require "sdelua.options"
local arguments = require "sdelua.plot.arguments"
local field = require "sdelua.plot.field"
local key = require "sdelua.plot.key"
local marching = require "sdelua.plot.marching"
local numbers = require "sdelua.plot.numbers"

-- Levels as given, or so many between the least value and the largest.
local function levels_of(levels, values)
  if type(levels) == "table" then return levels end
  local list, lo, hi = {}, arguments.range(values)
  for i = 1, lo and lo < hi and levels or 0 do list[i] = lo + (hi - lo) * i / (levels + 1) end
  return list
end

-- Of the pieces [m,2,2] on the canvas, the middle of one that is well inside the frame and far from other labels.
local function label_place(pieces, box, taken)
  local best, far = nil, 40
  for _, piece in ipairs(pieces) do
    local x, y = (piece[1][1] + piece[2][1]) / 2, (piece[1][2] + piece[2][2]) / 2
    local away = math.min(x - box.x, box.x + box.width - x, (y - box.y) * 2, (box.y + box.height - y) * 2) * 1.5
    for _, other in ipairs(taken) do away = math.min(away, ((x - other[1]) ^ 2 + (y - other[2]) ^ 2) ^ 0.5) end
    if away > far then best, far = { x, y, piece }, away end
  end
  return best
end

local function draw_label(axes, level, place)
  local words, style = numbers.short(level), { size = 9, anchor = 0.5, color = { 0.2, 0.2, 0.2 } }
  local half = axes.canvas:measure(words, style) / 2 + 2
  local x, y = place[1], place[2]
  axes.canvas:path(sl.tensor { { x - half, y - 6 }, { x + half, y - 6 }, { x + half, y + 6 }, { x - half, y + 6 } },
    { fill = { 1, 1, 1, 0.85 }, closed = true })
  axes.canvas:text(x, y + 3.3, words, style)
end

-- Pieces on the canvas, [m,2,2], of the lines in a lattice of columns and rows.
local function on_canvas(list, box, columns, rows)
  local steps = sl.tensor({ box.width / (columns - 1), box.height / (rows - 1) }, { dtype = "float64" })
  return sl.tensor(list, { dtype = "float64" }):reshape({ #list // 4, 2, 2 }) * steps
    + sl.tensor({ box.x, box.y }, { dtype = "float64" })
end

return {
  doc = "p:contour(f): lines of equal f(points [n,2]) -> [n]. levels: how many, evenly between the least and the "
    .. "largest value, or a list; with labels, each line's level is on it.",
  source = "marching squares",
  arguments = { "f" },
  options = { levels = options.NONE, color = options.NONE, width = 1, label = options.NONE, labels = false, n = 160 },
  turn = true, field = true, key = key.line,
  read = function(self, f)
    self.f, self.levels = arguments.callable(self.who, "f", f), self.o.levels or 8
    if type(self.levels) == "table" then
      self.levels = arguments.vector(self.who, "levels", self.levels):totable()
    else
      self.levels = arguments.count(self.who, "levels", self.levels, 1000)
    end
    arguments.count(self.who, "n", self.o.n, 2000)
  end,
  draw = function(self, axes)
    local columns, rows = axes:cells(self.o.n)
    local values = field.values(self, axes:lattice(columns, rows), rows, columns)
    local list, taken = values:totable(), {}
    for _, level in ipairs(levels_of(self.levels, values)) do
      local found = marching.pieces(list, level)
      if #found > 0 then
        local pieces = on_canvas(found, axes.box, columns, rows)
        axes.canvas:path(pieces, { stroke = self.color, width = self.o.width, round = true })
        local place = self.o.labels and label_place(pieces:totable(), axes.box, taken)
        if place then
          draw_label(axes, level, place)
          taken[#taken + 1] = place
        end
      end
    end
  end,
}
