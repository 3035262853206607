--- sl.inverse: measurements. sl.inverse.<name> { options, std = 0 } is the operator that the file
-- sdelua/inverse/operators/<name>.lua describes; sl.inverse.list() prints them all. What an operator does is in
-- sdelua/inverse/operator.lua: apply, measure, adjoint, pinv, its singular value decomposition. sl.inverse.masks draws
-- masks; sl.posterior holds the samplers of p(x|y).
local collection = require "sdelua.collection"
local errors = require "sdelua.errors"
local options = require "sdelua.options"
local Operator = require "sdelua.inverse.operator"
local shapes = require "sdelua.inverse.shapes"

local inverse = { operators = collection "sdelua.inverse.operators", masks = require "sdelua.inverse.masks" }

inverse.operators.known = Operator.known

local FUNCTIONS = { "apply", "adjoint", "pinv", "svd", "picture", "damaged" }

local OWN = { name = options.NONE, shape = {}, measured = {}, std = options.NONE, linear = false }
for _, name in ipairs(FUNCTIONS) do OWN[name] = options.NONE end

--- An operator of your own: a table as in sdelua/inverse/operator.lua, of which shape, measured and apply are enough;
-- linear = true where it is; std.
function inverse.define(own)
  if type(own) ~= "table" or type(own.apply) ~= "function" or type(own.shape) ~= "table"
    or type(own.measured) ~= "table" then
    errors.raise("inverse.define: argument own: expected a table with apply, shape and measured, got " .. tostring(own))
  end
  options.read("inverse.define", own, OWN)
  options.functions("inverse.define", own, FUNCTIONS)
  shapes.any("inverse.define", own.shape, "shape: expected the sizes of one x")
  shapes.any("inverse.define", own.measured, "measured: expected the sizes of one y")
  return Operator.new({ name = own.name, linear = own.linear == true, make = function() return own end },
    { std = own.std })
end

local function columns(row, name)
  if name == "linear" then return row.linear ~= false end
  return row[name]
end

return inverse.operators:open(inverse, { "name", "linear", "doc", "source" }, function(row)
  return function(opts) return Operator.new(row, opts) end
end, columns)
