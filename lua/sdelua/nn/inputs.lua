-- What networks say of x and t that they can't take: in their own name, before one of their layers would.
local is_tensor = require "sdelua.core".is_tensor
local errors = require "sdelua.errors"
local options = require "sdelua.options"

local inputs = {}

local function refuse(net, name, expected, got)
  errors.raise("%s: argument %s: expected %s, got %s", net.name, name, expected, options.show(got))
end

--- Checks images [n,h,w,channels].
function inputs.images(net, x, channels)
  if is_tensor(x) and x:dim() == 4 and x:shape(4) == channels then return end
  refuse(net, "x", ("images [n,h,w,%d], channels last"):format(channels), x)
end

--- Checks points [n,features].
function inputs.points(net, x, features)
  if is_tensor(x) and x:dim() == 2 and x:shape(2) == features then return end
  refuse(net, "x", ("points [n,%d]"):format(features), x)
end

--- Checks times, after x.
function inputs.times(net, t)
  if not is_tensor(t) or t:dim() > 1 then refuse(net, "t", "a tensor [n], a time for each of x", t) end
end

return inputs
