-- What the processes with closed forms in the core share: a schedule `name` from <name>_min to <name>_max, or a
-- function.
local core = require "sdelua.core".sde
local errors = require "sdelua.errors"
local common = require "sdelua.sde.common"
local options = require "sdelua.options"
local Process = require "sdelua.sde.process"

local closed = { NONE = options.NONE }

--- `own` and the options of every process.
closed.options = common.with_common

--- The core's process `kind` from the options o, which know what was given and what is a default.
function closed.new(kind, o, name)
  local lo, hi, schedule = name .. "_min", name .. "_max", o[name]
  if schedule ~= nil and type(schedule) ~= "function" then
    errors.raise("%s: option %s: expected a function of a number, got %s", kind, name, tostring(schedule))
  elseif schedule and (o.given[lo] or o.given[hi]) then
    errors.raise("%s: option %s: expected either the function or %s and %s", kind, name, lo, hi)
  end
  return Process.new(core[kind](o[lo], o[hi], schedule, common.for_core(kind, o)))
end

return closed
