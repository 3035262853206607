-- Tables of options: defaults filled in, unknown keys and values that don't fit refused.
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
    elseif type(value) == "number" and value ~= value then
      errors.raise("%s: option %s: expected a number, got NaN", who, key)
    end
    o[key] = value
  end
  return o
end

--- Raises unless the value of option `key` is one of `names`.
function options.choice(who, key, value, names)
  local shown = {}
  for i, name in ipairs(names) do
    if value == name then return end
    shown[i] = type(name) == "string" and ("%q"):format(name) or tostring(name)
  end
  errors.raise("%s: option %s: expected %s, got %s", who, key, table.concat(shown, ", "), options.show(value))
end

--- May be called: a function, or a table or handle that says it can.
function options.callable(v)
  local meta = debug.getmetatable(v)
  return type(v) == "function" or (type(meta) == "table" and meta.__call ~= nil)
end

-- Raises unless the options o[name] that are given fit.
local function check(who, o, names, expected, fits)
  for _, name in ipairs(names) do
    if o[name] ~= nil and not fits(o[name]) then
      errors.raise("%s: option %s: expected %s, got %s", who, name, expected, options.show(o[name]))
    end
  end
end

local function is_number(v) return type(v) == "number" end
local function is_finite(v) return is_number(v) and v - v == 0 end
local function is_positive(v) return is_number(v) and v > 0 end
local function is_amount(v) return is_number(v) and v >= 0 end
local function is_share(v) return is_amount(v) and v <= 1 end
local function is_portion(v) return is_positive(v) and v <= 1 end
local function is_count(v) return is_positive(v) and math.tointeger(v) ~= nil end

--- Raises unless those of the options o[name] that are given are numbers; names is a list.
function options.numbers(who, o, names) check(who, o, names, "a number", is_number) end

--- The same of numbers that are not infinite.
function options.finite(who, o, names) check(who, o, names, "a finite number", is_finite) end

--- The same of positive numbers.
function options.positives(who, o, names) check(who, o, names, "a positive number", is_positive) end

--- The same of numbers >= 0.
function options.amounts(who, o, names) check(who, o, names, "a number >= 0", is_amount) end

--- The same of numbers in [0, 1].
function options.shares(who, o, names) check(who, o, names, "a number in [0, 1]", is_share) end

--- The same of numbers in (0, 1].
function options.portions(who, o, names) check(who, o, names, "a number in (0, 1]", is_portion) end

--- The same of whole numbers > 0.
function options.counts(who, o, names) check(who, o, names, "a positive integer", is_count) end

--- The same of functions, or what may be called like one.
function options.functions(who, o, names) check(who, o, names, "a function", options.callable) end

return options
