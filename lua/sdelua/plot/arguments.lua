-- What layers are given, checked: numbers as float64, apart from any graph.
local sl = require "sdelua"
local errors = require "sdelua.errors"
local options = require "sdelua.options"

local arguments = {}

--- Raises "who: argument name: expected …, got …".
function arguments.refuse(who, name, expected, got)
  errors.raise("%s: argument %s: expected %s, got %s", who, name, expected, options.show(got))
end

-- A list of numbers as a tensor, or nil.
local function of_list(list)
  for i = 1, #list do
    if type(list[i]) ~= "number" then return nil end
  end
  if #list == 0 then return sl.zeros({ 0 }, { dtype = "float64" }) end
  return sl.tensor(list, { dtype = "float64" })
end

--- float64 [n] of a list of numbers or of a tensor [n].
function arguments.vector(who, name, v)
  local x = type(v) == "table" and of_list(v) or v
  if not sl.is_tensor(x) or x:dim() ~= 1 then
    arguments.refuse(who, name, "a list of numbers or a tensor [n]", v)
  end
  return x:detach():to "float64"
end

--- The same of n numbers; `like` names what has as many.
function arguments.vector_like(who, name, v, n, like)
  local x = arguments.vector(who, name, v)
  if x:shape(1) ~= n then
    errors.raise("%s: argument %s: expected %d numbers like %s, got %d", who, name, n, like, x:shape(1))
  end
  return x
end

--- float64 of a tensor whose shape ends in 2 and has `dims` dimensions; `expected` names it.
function arguments.points(who, name, v, dims, expected)
  if not sl.is_tensor(v) or v:dim() ~= dims or v:shape(dims) ~= 2 then arguments.refuse(who, name, expected, v) end
  return v:detach():to "float64"
end

--- A function, or what is called like one.
function arguments.callable(who, name, f)
  if not options.callable(f) then arguments.refuse(who, name, "a function of points [n,2]", f) end
  return f
end

--- A whole number from 1 to `most` under an option.
function arguments.count(who, name, n, most)
  if math.type(n) == "float" then n = math.tointeger(n) or n end
  if math.type(n) ~= "integer" or n < 1 or n > most then
    errors.raise("%s: option %s: expected a whole number from 1 to %d, got %s", who, name, most, options.show(n))
  end
  return n
end

--- Two numbers { lo, hi }, lo below hi, both finite.
function arguments.interval(who, name, v)
  local lo, hi = type(v) == "table" and v[1], type(v) == "table" and v[2]
  local good = type(lo) == "number" and type(hi) == "number" and lo < hi and lo > -math.huge and hi < math.huge
  if not good then
    errors.raise("%s: option %s: expected { lo, hi } with lo < hi, got %s", who, name,
      type(lo) == "number" and type(hi) == "number" and ("{ %g, %g }"):format(lo, hi) or options.show(v))
  end
  return v
end

--- Words under an option: a string in UTF-8.
function arguments.words(who, name, v)
  if type(v) ~= "string" then errors.raise("%s: option %s: expected a string, got %s", who, name, options.show(v)) end
  local fits, at = utf8.len(v)
  if not fits then errors.raise("%s: option %s: expected UTF-8, got byte %d at %d", who, name, v:byte(at), at) end
end

--- Where a tensor is finite: uint8 of its shape.
function arguments.finite(x) return (x - x):eq(0) end

--- Least and largest finite value; nil where there is none.
function arguments.range(x)
  if x:numel() == 0 then return nil end
  local finite = arguments.finite(x)
  local lo, hi = sl.where(finite, x, math.huge):amin():item(), sl.where(finite, x, -math.huge):amax():item()
  if lo <= hi then return lo, hi end
end

return arguments
