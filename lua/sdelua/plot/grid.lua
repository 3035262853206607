-- Plots beside one another.
local options = require "sdelua.options"
local Axes = require "sdelua.plot.axes"
local output = require "sdelua.plot.output"

local Grid = {}
Grid.__index = Grid
Grid.__name = "sdelua.Grid"

local TITLE, ABOVE = 15, 30

--- Its width and height, in points, of cells as large as the largest plot.
function Grid:size(canvas)
  local width, height = 0, 0
  for _, plot in ipairs(self.plots) do
    local w, h = plot:size(canvas)
    width, height = math.max(width, w), math.max(height, h)
  end
  local columns = self.columns
  self.cell = { width, height }
  return width * columns, height * ((#self.plots + columns - 1) // columns) + self.above
end

-- Frames of a column begin and end in line, and so do those of a row.
local function align(self, canvas)
  local columns, rows, places = {}, {}, {}
  local function widen(list, i, key, m) list[i][key] = math.max(list[i][key] or 0, m[key]) end
  for i, plot in ipairs(self.plots) do
    local column, row = (i - 1) % self.columns + 1, (i - 1) // self.columns + 1
    local m = plot:around(canvas, table.unpack(self.cell))
    columns[column], rows[row] = columns[column] or {}, rows[row] or {}
    for _, key in ipairs { "left", "right" } do widen(columns, column, key, m) end
    for _, key in ipairs { "top", "bottom" } do widen(rows, row, key, m) end
    places[i] = { columns[column], rows[row] }
  end
  for i, plot in ipairs(self.plots) do
    local across, down = table.unpack(places[i])
    plot:align { left = across.left, right = across.right, top = down.top, bottom = down.bottom }
  end
end

--- Draws the plots into that rectangle of the canvas, after size.
function Grid:paint(canvas, x, y, width)
  local w, h = table.unpack(self.cell)
  align(self, canvas)
  for i, plot in ipairs(self.plots) do
    plot:paint(canvas, x + (i - 1) % self.columns * w, y + self.above + (i - 1) // self.columns * h, w, h)
    plot:align {}
  end
  local style = { size = TITLE, anchor = 0.5, bold = true, color = Axes.INK }
  canvas:text(x + width / 2, y + ABOVE * 0.72, self.title, style)
end

--- Writes it to a file, PNG, SVG or PDF by the ending; gives the grid. Options: scale = 1, dots of a PNG to a point.
function Grid:save(path, opts)
  output.save(self, path, opts)
  return self
end

--- uint8 [H,W,3]: the picture. Options: scale = 1, dots to a point.
function Grid:render(opts) return output.render(self, opts) end

--- Plots of sl.plot (a list) beside one another, row by row: something with save and render as they have. Options:
-- columns (default: all in one row up to 4, else as near a square as goes), title = "".
return function(plots, opts)
  local o = options.read("plot.grid", opts, { columns = options.NONE, title = "" })
  if type(plots) ~= "table" or #plots == 0 then
    error("plot.grid: argument plots: expected a list of plots, got " .. options.show(plots), 2)
  end
  for _, plot in ipairs(plots) do
    if type(plot) ~= "table" or type(plot.paint) ~= "function" then
      error("plot.grid: argument plots: expected a list of plots, got in it " .. options.show(plot), 2)
    end
  end
  local columns = o.columns or (#plots <= 4 and #plots or math.ceil(math.sqrt(#plots)))
  if not math.tointeger(columns) or columns < 1 then
    error("plot.grid: option columns: expected a whole number from 1, got " .. options.show(columns), 2)
  end
  local self = { plots = plots, columns = math.min(math.tointeger(columns), #plots), title = o.title }
  self.above = o.title ~= "" and ABOVE or 0
  return setmetatable(self, Grid)
end
