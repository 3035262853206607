-- Labels of classes that a score hands to its network: a number for every sample, or each sample's own as a list, a
-- tensor [N] of integers or a one-hot tensor [N,K]. Classes count from 0; -1, or a row of zeros, stands for none.
local sl = require "sdelua"
local errors = require "sdelua.errors"
local show = require "sdelua.options".show

local labels = {}

local INTEGERS = { int64 = true, uint8 = true }

local function refuse(who, expected, got)
  errors.raise("%s: argument labels: expected %s, got %s", who, expected, got)
end

-- int64 [N] or floats [N,K].
local function tensor_of(who, given)
  local y = given
  if type(y) == "table" then
    local ok, made = pcall(sl.tensor, y, { dtype = "int64" })
    y = ok and made or y
  end
  if sl.is_tensor(y) and y:dim() == 1 and INTEGERS[y.dtype] then return y:to "int64" end
  if sl.is_tensor(y) and y:dim() == 2 and not INTEGERS[y.dtype] then return y end
  return refuse(who, "a class, a list of them, int64 [N] or one-hot floats [N,K]", show(given))
end

--- All of int64 labels lie between `lowest` and classes - 1.
function labels.check_range(who, y, classes, lowest)
  if y:numel() == 0 then return end
  local lo, hi = y:amin():item(), y:amax():item()
  if lo >= lowest and hi < classes then return end
  refuse(who, ("classes from %d to %d%s"):format(0, classes - 1, lowest < 0 and " (-1: none)" or ""),
    ("%d"):format(lo < lowest and lo or hi))
end

local function check(who, y, classes, lowest)
  if y:dim() == 1 then
    if classes then labels.check_range(who, y, classes, lowest) end
  elseif classes and y:shape(2) ~= classes then
    refuse(who, ("one-hot rows of %d classes"):format(classes), show(y))
  end
end

--- A function (x [n, ...], rows) -> the labels of the samples at x, int64 [n] or floats [n,K]; rows, where samples have
-- left the batch, are their places in it. classes, where known, is how many there are, and lowest -1 where none is a
-- choice, else 0.
function labels.of(who, given, classes, lowest)
  if math.tointeger(given) then
    local one = sl.tensor({ math.tointeger(given) }, { dtype = "int64" })
    check(who, one, classes, lowest)
    return function(x) return one:expand { x:shape(1) }:contiguous() end
  end
  local all = tensor_of(who, given)
  check(who, all, classes, lowest)
  return function(x, rows)
    local last = rows and rows:amax():item() or 0
    if last > all:shape(1) then refuse(who, ("%d of them, one a sample"):format(last), show(all)) end
    local y = rows and all:index_select(rows, 1) or all
    if y:shape(1) ~= x:shape(1) then refuse(who, ("%d of them, one a sample"):format(x:shape(1)), show(y)) end
    return y
  end
end

--- No class, in the form of the labels y.
function labels.none(y) return y:dim() == 1 and y * 0 - 1 or y * 0 end

--- Labels of either form as floats [n,classes] of that type.
function labels.one_hot(who, y, n, classes, dtype)
  if sl.is_tensor(y) and y:dim() == 1 and INTEGERS[y.dtype] and y:shape(1) == n then
    y = y:to "int64"
    labels.check_range(who, y, classes, -1)
    return y:reshape { n, 1 }:eq(sl.arange(0, classes, 1, { dtype = "int64" }):reshape { 1, classes }):to(dtype)
  end
  if sl.is_tensor(y) and y:dim() == 2 and y:shape(1) == n and y:shape(2) == classes and not INTEGERS[y.dtype] then
    return y
  end
  return refuse(who, ("int64 [%d] or one-hot floats [%d,%d]"):format(n, n, classes), show(y))
end

return labels
