-- Seeded sets of points in the plane. Each is called as data.NAME(n, { seed = 0, first = 0, ... }) and returns float32
-- [n,2]; point i is the same for every n, and first = k begins with point k. The last four are as in FFJORD (Grathwohl
-- et al. 2019).
local sl = require "sdelua"
local draws = require "sdelua.data.draws"
local errors = require "sdelua.errors"
local options = require "sdelua.options"
local random = require "sdelua.core".data.random

local points = {}

-- Makes data.NAME: draw(source, options) returns two [n] tensors, x and y. `known` holds the options and their
-- defaults.
local function define(name, known, draw)
  known.seed, known.first = 0, 0
  points[name] = function(n, opts)
    local who = "data." .. name
    local o = options.read(who, opts, known)
    if math.type(n) ~= "integer" or n < 0 then
      errors.raise("%s: argument n: expected a count, got %s", who, tostring(n))
    end
    local next_draw = draws.POINTS - 1
    local function source(dist)
      next_draw = next_draw + 1
      return random(dist, { n }, o.seed, o.first, next_draw)
    end
    local x, y = draw(source, o)
    return sl.stack({ x, y }, 2)
  end
end

--- n points [n,2] of eight Gaussians of equal weight on a circle: radius, std.
define("eight_gaussians", { radius = 2 * math.sqrt(2), std = math.sqrt(2) / 4 }, function(source, o)
  local angle = (source "uniform" * 8):floor() * (math.pi / 4)
  return angle:cos() * o.radius + source "normal" * o.std, angle:sin() * o.radius + source "normal" * o.std
end)

--- n points [n,2] of two half circles that clasp each other, and noise.
define("two_moons", { noise = 0.1 }, function(source, o)
  local lower, angle = (source "uniform" * 2):floor(), source "uniform" * math.pi
  local sign = 1 - 2 * lower
  local x = sign * angle:cos() + lower + source "normal" * o.noise
  local y = sign * angle:sin() + lower * 0.5 + source "normal" * o.noise
  return x * 2 - 1, y * 2 - 0.2
end)

--- n points [n,2] along a spiral, and noise.
define("swiss_roll", { noise = 0.2 }, function(source, o)
  local angle = (source "uniform" * 2 + 1) * (1.5 * math.pi)
  local radius = angle / 5
  return radius * angle:cos() + source "normal" * o.noise, radius * angle:sin() + source "normal" * o.noise
end)

--- n points [n,2] of a checkerboard: the eight black squares, of side 2, in [-4,4]².
define("checkerboard", {}, function(source)
  local x = source "uniform" * 4 - 2
  local column = x:floor()
  local odd = column - (column / 2):floor() * 2
  local y = source "uniform" - (source "uniform" * 2):floor() * 2 + odd
  return x * 2, y * 2
end)

--- n points [n,2] of a pinwheel: `arms` arms bent by rate, of radial_std and tangential_std.
define("pinwheel", { arms = 5, radial_std = 0.3, tangential_std = 0.1, rate = 0.25 }, function(source, o)
  local arm = (source "uniform" * o.arms):floor()
  local along, across = source "normal" * o.radial_std + 1, source "normal" * o.tangential_std
  local angle = arm * (2 * math.pi / o.arms) + along:exp() * o.rate
  local cos, sin = angle:cos(), angle:sin()
  return (along * cos + across * sin) * 2, (across * cos - along * sin) * 2
end)

return points
