-- Functions of the plane, evaluated over what a plot shows: f(points [n,2]) in one call.
local sl = require "sdelua"
local errors = require "sdelua.errors"
local options = require "sdelua.options"
local arguments = require "sdelua.plot.arguments"
local warn = require "sdelua.warn"

local field = {}

--- float64 [rows,columns], or with `per` = 2 [rows * columns,2], of f at points of axes:lattice.
function field.values(layer, points, rows, columns, per)
  local n = rows * columns
  local y = layer.f(points)
  if not sl.is_tensor(y) or y:numel() ~= n * (per or 1) then
    errors.raise("%s: argument f: expected a function that gives [%d%s] of points [%d,2], got %s", layer.who, n,
      per and ",2" or "", n, options.show(y))
  end
  y = y:detach():to "float64"
  if not arguments.range(y) then warn("%s: nothing to draw: f is finite nowhere in the plot", layer.who) end
  return y:reshape(per and { n, per } or { rows, columns })
end

--- Least and largest of the values: the layer's option range, where given; apart by 1 where all are alike.
function field.range(layer, values)
  if layer.o.range then return table.unpack(layer.o.range) end
  local lo, hi = arguments.range(values)
  lo, hi = lo or 0, hi or 1
  return lo, hi > lo and hi or lo + 1
end

return field
