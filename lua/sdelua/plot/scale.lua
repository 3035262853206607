-- How data become lengths along an axis: sdelua/plot/scales/<name>.lua. A row holds, besides doc and source,
--   forward, backward   functions of tensors: data to what is linear along the axis, and back
--   admits              function(v): whether a number is on the scale; `expected` says which are
--   widest              { lo, hi }, as forward has them: limits may not go beyond
--   ticks               function(lo, hi, n) -> { at =, labels =, between = }: at most about n places, in data, with
--                       labels, and places of smaller ticks without
local collection = require "sdelua.collection"
local errors = require "sdelua.errors"
local options = require "sdelua.options"
local sl = require "sdelua"

local scale = { all = collection("sdelua.plot.scales", nil, "plot.scales") }

--- Limits { lo, hi } in data as the row's forward has them.
function scale.limits(row, given)
  return table.unpack(row.forward(sl.tensor({ given[1], given[2] }, { dtype = "float64" })):totable())
end

--- The axis "x" or "y" of a figure's options: { scale =, given = }, given the limits or nil.
function scale.axis(name, o)
  local wanted, given = o[name .. "scale"], o[name .. "lim"]
  local row = scale.all:find(wanted)
  if not row then
    errors.raise("plot: option %sscale: expected one of %s, got %s", name, table.concat(scale.all:names(), ", "),
      options.show(wanted))
  end
  if given and not (row.admits(given[1]) and row.admits(given[2])) then
    errors.raise("plot: option %slim: expected %s on a %s scale, got { %g, %g }", name, row.expected, row.name,
      given[1], given[2])
  end
  return { scale = row, given = given }
end

return scale
