-- What every solver does with its arguments.
local sl = require "sdelua"
local core = require "sdelua.core"
local errors = require "sdelua.errors"
local options = require "sdelua.options"
local arguments = require "sdelua.sde.arguments"
local sde = require "sdelua.sde.common"

local common = {}

--- A row's fact, or what that function of the options says.
function common.fact(row, name, o)
  local v = row[name]
  if type(v) == "function" then return v(o) end
  return v
end

--- Options of a call.
common.CALL = {
  seed = options.NONE, first = options.NONE, index = options.NONE, noise = options.NONE, x = options.NONE,
  from = options.NONE, callback = options.NONE, trajectory = false, dtype = "float32",
}

-- The time at which the way begins.
local function beginning(who, process, o)
  if o.from == nil then return process.T end
  if type(o.from) ~= "number" or not (o.from > 0 and o.from <= process.T) then
    errors.raise("%s: option from: expected a time in (0, %g], got %s", who, process.T, tostring(o.from))
  elseif o.from < process.T and not o.x then
    errors.raise("%s: option from: expected x as well, the state at t = %g", who, o.from)
  end
  return o.from
end

-- The state at T: given, or drawn from the prior (draw 1).
local function start(who, process, shape, o)
  if o.x then
    if not sl.is_tensor(o.x) then
      errors.raise("%s: option x: expected a tensor, got %s", who, options.show(o.x))
    end
    if shape and table.concat(shape, ",") ~= table.concat(o.x:shape(), ",") then
      errors.raise("%s: option x: expected shape [%s], got [%s]", who, table.concat(shape, ","),
        table.concat(o.x:shape(), ","))
    elseif o.x:dim() < 2 then
      errors.raise("%s: option x: expected a float tensor [N, features ...], got %s", who, options.show(o.x))
    end
    return o.x
  end
  if type(shape) ~= "table" or #shape < 2 then
    errors.raise("%s: argument shape: expected a list of sizes { N, features … }, got %s", who,
      type(shape) == "table" and ("{ %s }"):format(table.concat(shape, ", ")) or options.show(shape))
  end
  return core.sde.prior(process.handle, o.source:normal(shape, 1, o.dtype))
end

--- Checks a call's arguments. Returns the options with source (noise), x (the state at T), score and exchange
-- (functions), and from, a time.
function common.call(who, process, score, shape, opts)
  local o = options.read(who, opts, common.CALL)
  arguments.process(who, process)
  arguments.score(who, process, score)
  options.functions(who, o, { "callback" })
  o.source, o.given_x, o.from = sl.noise.of(o), o.x ~= nil, beginning(who, process, o)
  o.score, o.exchange = sde.as_score(score), sde.exchange_of(score)
  o.x = start(who, process, shape, o)
  return o
end

return common
