-- What metrics share: arguments, resamples as weights, pairs in pieces, results.
local sl = require "sdelua"
local draws = require "sdelua.data.draws"
local errors = require "sdelua.errors"
local options = require "sdelua.options"
local random = require "sdelua.core".data.random

local common = {}

local CHUNK = 512
local OPTIONS = { seed = 0, bootstrap = 100, confidence = 0.95 }

-- ---- arguments -------------------------------------------------------------------------------------

-- What was given, in an error.
local function text_of(x) return sl.is_tensor(x) and "[" .. table.concat(x:shape(), ",") .. "]" or tostring(x) end

--- x as float64 [n, D].
function common.points(who, name, x)
  if not sl.is_tensor(x) or x:dim() < 1 or x:shape(1) < 2 then
    errors.raise("%s: argument %s: expected a tensor [n, ...] with n >= 2, got %s", who, name, text_of(x))
  end
  return x:detach():to "float64":reshape { x:shape(1), -1 }:contiguous()
end

--- The options of a row's measures, with defaults.
function common.known(row) return options.merged(OPTIONS, row.options) end

local function read(row, opts)
  local o = options.read(row.name, opts, common.known(row))
  if not math.tointeger(o.bootstrap) or o.bootstrap < 0 then
    errors.raise("%s: option bootstrap: expected a count, got %s", row.name, tostring(o.bootstrap))
  elseif not (o.confidence > 0 and o.confidence < 1) then
    errors.raise("%s: option confidence: expected a number in (0, 1), got %s", row.name, tostring(o.confidence))
  end
  return o
end

-- The mean of a row's each(o, x, y) -> [n], which compares x[i] with y[i]; the result holds the values as `each`.
local function mean_of_pairs(row, o, x, y)
  if not (sl.is_tensor(x) and sl.is_tensor(y)) or text_of(x) ~= text_of(y) then
    errors.raise("%s: argument y: expected a tensor of x's shape, got %s and %s", row.name, text_of(x), text_of(y))
  end
  local values = row.each(o, x:detach():to "float64", y:detach():to "float64")
  return common.result(o, row.name, common.weights(o, x:shape(1), draws.RESAMPLE_X):matmul(values), { each = values })
end

--- The function of a row: its measure(o, x, y), x and y flat; the mean of its each(o, x, y); or its call(o, ...) as
-- given; all without recording.
function common.measure(row)
  local function flat(o, x, y)
    x, y = common.points(row.name, "x", x), common.points(row.name, "y", y)
    if x:shape(2) ~= y:shape(2) then
      errors.raise("%s: argument y: expected %d features like x, got %d", row.name, x:shape(2), y:shape(2))
    end
    return row.measure(o, x, y)
  end
  if row.call then
    return function(a, b, c, opts) return sl.no_grad(row.call, read(row, opts), a, b, c) end
  end
  if row.each then return function(x, y, opts) return sl.no_grad(mean_of_pairs, row, read(row, opts), x, y) end end
  return function(x, y, opts) return sl.no_grad(flat, read(row, opts), x, y) end
end

-- ---- resamples -------------------------------------------------------------------------------------------

--- Weights [1 + bootstrap, n] that sum to 1: first 1/n each, then resamples with replacement.
function common.weights(o, n, draw)
  local all = sl.full({ 1, n }, 1 / n, { dtype = "float64" })
  if o.bootstrap == 0 then return all end
  local u = random("uniform", { o.bootstrap, n }, o.seed, 0, draw)
  local place = (u * n):floor():clamp(0, n - 1):to "int64" + 1
  local counts = sl.ones({ o.bootstrap, n }, { dtype = "float64" }):scatter_add(place, 2, n)
  return sl.cat({ all, counts / n }, 1)
end

-- ---- pairs -------------------------------------------------------------------------------------------------

--- Squared distances of the rows of x and of y, [n, m]; equal rows may differ from 0 by rounding.
function common.squared_distances(x, y)
  local xx, yy = x:square():sum(2, true), y:square():sum(2):reshape { 1, -1 }
  return (xx + yy - x:matmul(y:transpose(1, 2)) * 2):clamp(0)
end

--- fn(rows of x, where the first stands) for x in pieces.
function common.pieces(x, fn)
  for first = 1, x:shape(1), CHUNK do
    local scope <close> = sl.scope()
    fn(x:narrow(1, first, math.min(CHUNK, x:shape(1) - first + 1)), first)
  end
end

-- 0 where a row of the piece meets itself, else 1.
local function off_diagonal(first, rows, n)
  local i = sl.arange(first, first + rows, 1, { dtype = "int64" }):reshape { rows, 1 }
  return i:ne(sl.arange(1, n + 1, 1, { dtype = "int64" }):reshape { 1, n }):to "float64"
end

--- E k(X, Y) for each row of weights, [B]: wx k wy^T. With y nil, X and X' are different rows of x (a U-statistic).
function common.expectation(kernel, x, wx, y, wy)
  local other, total = y or x, sl.zeros({ wx:shape(1), (y or x):shape(1) }, { dtype = "float64" })
  common.pieces(x, function(part, first)
    local k = kernel(common.squared_distances(part, other), part, other)
    if not y then k = k * off_diagonal(first, part:shape(1), x:shape(1)) end
    total:add_(wx:narrow(2, first, part:shape(1)):matmul(k))
  end)
  local sum = (total * (wy or wx)):sum(2)
  return y and sum or sum / (1 - wx:square():sum(2))
end

-- ---- results ---------------------------------------------------------------------------------------------------

local Result = { __name = "sdelua.Metric" }
Result.__index = Result

function Result:__tostring()
  if not self.low then return ("%s %.6g"):format(self.name, self.value) end
  return ("%s %.6g [%.6g, %.6g]"):format(self.name, self.value, self.low, self.high)
end

local function quantile(sorted, q)
  local at = q * (#sorted - 1) + 1
  local i = math.floor(at)
  return sorted[i] + (sorted[math.min(i + 1, #sorted)] - sorted[i]) * (at - i)
end

-- Resamples of a biased statistic have its bias a second time, so they are moved to have their mean at the value.
local function interval(r, o, resamples)
  local mean = 0
  for _, v in ipairs(resamples) do mean = mean + v / #resamples end
  table.sort(resamples)
  r.low = r.value - mean + quantile(resamples, (1 - o.confidence) / 2)
  r.high = r.value - mean + quantile(resamples, (1 + o.confidence) / 2)
  r.confidence = o.confidence
end

--- values: of the data, then of the resamples; a tensor [1 + B] or a list.
function common.result(o, name, values, more)
  local list = type(values) == "userdata" and values:totable() or values
  local r = setmetatable({ name = name, value = list[1] }, Result)
  if #list > 1 then interval(r, o, table.move(list, 2, #list, 1, {})) end
  for key, value in pairs(more or {}) do r[key] = value end
  return r
end

return common
