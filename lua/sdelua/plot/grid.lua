-- Plots beside one another.
local errors = require "sdelua.errors"
local options = require "sdelua.options"
local Axes = require "sdelua.plot.axes"
local output = require "sdelua.plot.output"

local Grid = {}
Grid.__index = Grid
Grid.__name = "sdelua.Grid"

local TITLE, ABOVE = 15, 30

-- The column and the row of the i-th plot.
local function place(self, i) return (i - 1) % self.columns + 1, (i - 1) // self.columns + 1 end

local function sum(list)
  local total = 0
  for _, v in ipairs(list) do total = total + v end
  return total
end

--- Its width and height, in points: a column is as wide as its widest plot, a row as high as its highest.
function Grid:size(canvas)
  self.widths, self.heights = {}, {}
  for i, plot in ipairs(self.plots) do
    local column, row = place(self, i)
    local width, height = plot:size(canvas)
    self.widths[column] = math.max(self.widths[column] or 0, width)
    self.heights[row] = math.max(self.heights[row] or 0, height)
  end
  return sum(self.widths), sum(self.heights) + self.above
end

-- Frames of a column begin and end in line, and so do those of a row.
local function align(self, canvas)
  local columns, rows = {}, {}
  local function widen(list, n, key, m)
    list[n] = list[n] or {}
    list[n][key] = math.max(list[n][key] or 0, m[key])
  end
  for i, plot in ipairs(self.plots) do
    local column, row = place(self, i)
    local m = plot:around(canvas, self.widths[column], self.heights[row])
    for _, key in ipairs { "left", "right" } do widen(columns, column, key, m) end
    for _, key in ipairs { "top", "bottom" } do widen(rows, row, key, m) end
  end
  for i, plot in ipairs(self.plots) do
    local column, row = place(self, i)
    local across, down = columns[column], rows[row]
    plot:align { left = across.left, right = across.right, top = down.top, bottom = down.bottom }
  end
end

--- Draws the plots from that corner of the canvas, after size.
function Grid:paint(canvas, x, y, width)
  align(self, canvas)
  local left, top = x, y + self.above
  for i, plot in ipairs(self.plots) do
    local column, row = place(self, i)
    plot:paint(canvas, left, top, self.widths[column], self.heights[row])
    plot:align {}
    left = left + self.widths[column]
    if column == self.columns then left, top = x, top + self.heights[row] end
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
    errors.raise("plot.grid: argument plots: expected a list of plots, got " .. options.show(plots))
  end
  for _, plot in ipairs(plots) do
    if type(plot) ~= "table" or type(plot.paint) ~= "function" then
      errors.raise("plot.grid: argument plots: expected a list of plots, got in it " .. options.show(plot))
    end
  end
  local columns = o.columns or (#plots <= 4 and #plots or math.ceil(math.sqrt(#plots)))
  if not math.tointeger(columns) or columns < 1 then
    errors.raise("plot.grid: option columns: expected a whole number from 1, got " .. options.show(columns))
  end
  local self = { plots = plots, columns = math.min(math.tointeger(columns), #plots), title = o.title }
  self.above = o.title ~= "" and ABOVE or 0
  return setmetatable(self, Grid)
end
