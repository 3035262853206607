-- What the functions of sl.likelihood do with their arguments.
local sl = require "sdelua"
local core = require "sdelua.core".sde
local errors = require "sdelua.errors"
local arguments = require "sdelua.sde.arguments"
local sde = require "sdelua.sde.common"
local options = require "sdelua.options"

local common = {}

local FLOATS = { float32 = true, float64 = true }

--- Points as every function here takes them: floats [N, features ...].
function common.points(who, name, x)
  if not sl.is_tensor(x) or not FLOATS[x.dtype] or x:dim() < 2 then
    errors.raise("%s: argument %s: expected a float tensor [N, features ...], got %s", who, name, options.show(x))
  end
end

--- Values of one sample.
function common.features(x)
  local d = 1
  for i = 2, x:dim() do d = d * x:shape(i) end
  return d
end

--- [N, values of a sample]
function common.flat(x) return x:reshape { x:shape(1), common.features(x) } end

--- Checks process, score and x, and finds out the process's tier.
function common.check(who, process, score, x)
  arguments.process(who, process)
  arguments.score(who, process, score)
  common.points(who, "x", x)
  core.settle(process.handle, x)
end

--- The score of a call, what it says checked to be like x; and its exchange form, or nil.
function common.score_of(who, score)
  local of = sde.as_score(score)
  local function checked(x, t, rows)
    local y = of(x, t, rows)
    if not sl.is_tensor(y) or options.show(y) ~= options.show(x) then
      errors.raise("%s: score: expected a result like x, %s, got %s", who, options.show(x), options.show(y))
    end
    return y
  end
  return checked, sde.exchange_of(score)
end

--- A number that has to be an integer from `lowest` on.
function common.count(who, key, value, lowest)
  local n = math.tointeger(value)
  if n and n >= lowest then return n end
  errors.raise("%s: option %s: expected an integer >= %d, got %s", who, key, lowest, tostring(value))
end

--- Mean over the columns of y [N,K] and, with more than one, its standard error; both [N].
function common.mean_and_error(y)
  local k = y:shape(2)
  local mean = y:mean(2)
  if k < 2 then return mean, nil end
  return mean, ((y - mean:unsqueeze(2)):square():sum(2) * (1 / (k * (k - 1)))):sqrt()
end

return common
