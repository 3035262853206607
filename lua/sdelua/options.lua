-- Tables of options: defaults filled in, unknown keys refused.
local is_tensor = require "sdelua.core".is_tensor
local errors = require "sdelua.errors"

local options = {}

options.NONE = {} -- a default that stands for nil: such an option may be absent and may be of any type

--- The keys of a table that are texts, in order.
function options.names(t)
  local names = {}
  for name in pairs(t) do
    if type(name) == "string" then names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

--- A new table with the keys of all tables given; of one key the last counts. nil stands for an empty table.
function options.merged(...)
  local all = {}
  for i = 1, select("#", ...) do
    for key, default in pairs((select(i, ...)) or {}) do all[key] = default end
  end
  return all
end

--- A value as errors show it, in a line: of a tensor the type and shape, and no addresses.
function options.show(v)
  if is_tensor(v) then return ("%s [%s]"):format(v.dtype, table.concat(v:shape(), ",")) end
  local meta = type(v) == "table" and getmetatable(v)
  if type(meta) == "table" and meta.__tostring then return tostring(v):match "^[^\n]*" end
  if type(v) == "table" then return type(meta) == "table" and meta.__name or "a table" end
  return type(v) == "function" and "a function" or tostring(v)
end

--- A new table of `given` with `known`'s defaults. An unknown key, or a value of another type than its default, raises
-- in the name of `who`, where the library was called.
function options.read(who, given, known)
  if given ~= nil and type(given) ~= "table" then
    errors.raise("%s: argument options: expected a table, got %s", who, options.show(given))
  end
  local o = {}
  for key, default in pairs(known) do
    if default ~= options.NONE then o[key] = default end
  end
  for key, value in pairs(given or {}) do
    local default = known[key]
    if default == nil then
      errors.raise("%s: unknown option %s; expected %s", who, tostring(key), table.concat(options.names(known), ", "))
    elseif default ~= options.NONE and type(value) ~= type(default) then
      errors.raise("%s: option %s: expected a %s, got %s", who, key, type(default), options.show(value))
    end
    o[key] = value
  end
  return o
end

return options
