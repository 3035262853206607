-- What every solver does with its arguments.
local sl = require "sdelua"
local core = require "sdelua.core"
local options = require "sdelua.options"
local callable = require "sdelua.sde.common".callable
local Process = require "sdelua.sde.process"
local Score = require "sdelua.sde.score"

local common = {}

function common.choice(who, key, value, names)
  for _, name in ipairs(names) do
    if value == name then return end
  end
  error(('%s: option %s: expected "%s", got %s'):format(who, key, table.concat(names, '", "'), tostring(value)), 3)
end

local CALL = {
  seed = options.NONE, first = options.NONE, index = options.NONE, noise = options.NONE, x = options.NONE,
  callback = options.NONE, trajectory = false, dtype = "float32",
}

-- The state at T: given, or drawn from the prior (draw 1).
local function start(who, process, shape, o)
  if o.x then
    if shape and table.concat(shape, ",") ~= table.concat(o.x:shape(), ",") then
      error(("%s: option x: expected shape [%s], got [%s]"):format(who, table.concat(shape, ","),
        table.concat(o.x:shape(), ",")), 4)
    end
    return o.x
  end
  if type(shape) ~= "table" then
    error(("%s: argument shape: expected a list of sizes, got %s"):format(who, tostring(shape)), 4)
  end
  return core.sde.prior(process.handle, o.source:normal(shape, 1, o.dtype))
end

--- Checks a call's arguments. Returns the options with source (noise), x (the state at T), score and exchange
-- (functions).
function common.call(who, process, score, shape, opts)
  local o = options.read(who, opts, CALL)
  if getmetatable(process) ~= Process then
    error(("%s: argument process: expected a process of sl.sde, got %s"):format(who, tostring(process)), 3)
  end
  if not callable(score) then
    error(("%s: argument score: expected a function (x, t), got %s"):format(who, tostring(score)), 3)
  end
  o.source, o.given_x = sl.noise.of(o), o.x ~= nil
  o.score = score
  if getmetatable(score) == Score then o.exchange = function(x, t) return score:exchange(x, t) end end
  o.x = start(who, process, shape, o)
  return o
end

return common
