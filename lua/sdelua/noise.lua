--- sl.noise { seed =, first = 0, index = }: unit normals for samplers, a stream of numbered draws, and a Brownian path.
-- Row i of a draw depends on the seed, the number of the draw and the sample's own number alone: first + i - 1, or
-- index[i] (int64 [N]); row i of the path on the seed and that number.
local sl = require "sdelua"
local core = require "sdelua.core".solve
local errors = require "sdelua.errors"
local options = require "sdelua.options"

local Noise = {}
Noise.__index = Noise
Noise.__name = "sdelua.Noise"

--- Draw `number` (from 1) as a tensor of that shape.
function Noise:normal(shape, number, dtype) return core.normal(self.spec, shape, number, dtype or "float32") end

--- W_b - W_a of one Brownian path an element, of times in [0, 2^63), and its space-time Levy area H ~ N(0, |b - a|/12)
-- (see sl_noise_increment in include/sdelua/solve.h): the same path whatever intervals are asked for, and in whatever
-- order. a and b are numbers, or tensors [N] where each sample has its own interval. Costs some 150 normals an element;
-- few between short dyadic numbers.
function Noise:increment(shape, a, b, dtype)
  if self.path then return self.path(shape, a, b, dtype or "float32") end
  return core.increment(self.spec, shape, a, b, dtype or "float32")
end

--- (W_b - W_a)/sqrt|b - a|.
function Noise:brownian(shape, a, b, dtype)
  if self.unit then return self.unit(shape, a, b, dtype or "float32") end
  return (self:increment(shape, a, b, dtype)) / math.sqrt(math.abs(b - a))
end

--- The source of the samples at some places (a list, from 1) of a batch, whose others have left.
function Noise:only(places)
  if self.path then
    errors.raise "noise: expected sl.noise { ... } where each sample goes its own way, got a replay"
  end
  local at, first = sl.tensor(places, { dtype = "int64" }), (self.spec.first or 0) - 1
  local index = self.spec.index and self.spec.index:index_select(at, 1) or at + first
  return setmetatable({ spec = { seed = self.spec.seed, index = index } }, Noise)
end

local noise = {}

local REPLAY = { normal = options.NONE, brownian = options.NONE, increment = options.NONE }

local function missing(kind)
  return function() errors.raise("noise: expected a function %s, which this sampler asks for, got none", kind) end
end

-- What a replay knows of its path: increments tell everything; unit increments lack the area.
local function replay(given)
  local o = options.read("noise", given, REPLAY)
  local path, unit = o.increment, o.brownian
  if path == nil and unit then
    path = function(shape, a, b, dtype) return unit(shape, a, b, dtype) * math.sqrt(math.abs(b - a)), nil end
  end
  return setmetatable({
    spec = { draw = o.normal or missing "normal" }, path = path or missing "brownian or increment", unit = unit,
  }, Noise)
end

local function new(spec) return setmetatable({ spec = spec }, Noise) end

--- The source that a sampler's options ask for: noise = a source, a function (shape, number, dtype) -> tensor or a
-- replay { normal = that function, brownian = function(shape, a, b, dtype) -> (W_b - W_a)/sqrt|b - a|, increment = a
-- function of the same -> W_b - W_a, H }, or else the options seed, first and index.
function noise.of(o)
  if getmetatable(o.noise) == Noise then return o.noise end
  if type(o.noise) == "table" then return replay(o.noise) end
  if o.noise ~= nil then
    if type(o.noise) ~= "function" then
      errors.raise("noise: expected sl.noise { ... } or a function (shape, number) -> tensor, got %s",
        tostring(o.noise))
    end
    return replay { normal = o.noise }
  end
  return new { seed = o.seed or core.fresh_seed(), first = o.first, index = o.index }
end

return setmetatable(noise, {
  __call = function(_, opts)
    local o = options.read("noise", opts, { seed = options.NONE, first = options.NONE, index = options.NONE })
    return noise.of(o)
  end,
})
