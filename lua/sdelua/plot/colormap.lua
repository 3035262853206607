-- Colours of numbers: sdelua/plot/colormaps/<name>.lua gives a few, from the least value to the largest, and what is
-- between them is mixed.
local sl = require "sdelua"
local collection = require "sdelua.collection"
local errors = require "sdelua.errors"
local options = require "sdelua.options"
local colors = require "sdelua.plot.colors"

local colormap = { all = collection("sdelua.plot.colormaps", nil, "plot.colormaps") }

--- The row of that name; errors begin with `who`.
function colormap.find(who, name)
  local row = colormap.all:find(name)
  if row then return row end
  errors.raise("%s: option colormap: expected one of %s, got %s", who, table.concat(colormap.all:names(), ", "),
    options.show(name))
end

-- float64 [n,3] in [0,255] of a row's colours.
local function stops(row)
  local list = {}
  for i, color in ipairs(row.colors) do
    local c = colors.read(row.name, color)
    list[i] = { c[1] * 255, c[2] * 255, c[3] * 255 }
  end
  return sl.tensor(list, { dtype = "float64" })
end

--- uint8 [...,3]: the colour of each value of x, lo the first of the row and hi the last; of NaN, white.
function colormap.apply(row, x, lo, hi)
  local table_of, shape = stops(row), x:shape()
  x = x:to "float64"
  local n = table_of:shape(1)
  local known = x:eq(x):reshape { -1, 1 }
  local at = (sl.where(x:eq(x), x, lo) - lo) / (hi > lo and hi - lo or 1)
  at = at:clamp(0, 1):reshape { -1 } * (n - 1)
  local below = at:floor():clamp(0, n - 2)
  local share, index = (at - below):reshape { -1, 1 }, below:to "int64" + 1
  local mixed = table_of:index_select(index, 1) * (1 - share) + table_of:index_select(index + 1, 1) * share
  shape[#shape + 1] = 3
  return sl.where(known, mixed, 255):round():clamp(0, 255):to("uint8"):reshape(shape)
end

return colormap
