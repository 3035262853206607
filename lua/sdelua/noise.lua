--- sl.noise { seed =, first = 0, index = }: unit normals for samplers, a stream of numbered draws. Row i of a draw
-- depends on the seed, the number of the draw and the sample's own number alone: first + i - 1, or index[i] (int64
-- [N]).
local core = require "sdelua.core".solve
local options = require "sdelua.options"

local Noise = {}
Noise.__index = Noise
Noise.__name = "sdelua.Noise"

--- Draw `number` (from 1) as a tensor of that shape.
function Noise:normal(shape, number, dtype) return core.normal(self.spec, shape, number, dtype or "float32") end

local noise = {}

local function new(spec) return setmetatable({ spec = spec }, Noise) end

--- The source that a sampler's options ask for: noise = a source or a function (shape, number, dtype) -> tensor, or
-- else the options seed, first and index.
function noise.of(o)
  if getmetatable(o.noise) == Noise then return o.noise end
  if o.noise ~= nil then
    if type(o.noise) ~= "function" then
      error(("noise: expected sl.noise { ... } or a function (shape, number) -> tensor, got %s")
        :format(tostring(o.noise)), 3)
    end
    return new { draw = o.noise }
  end
  return new { seed = o.seed or core.fresh_seed(), first = o.first, index = o.index }
end

return setmetatable(noise, {
  __call = function(_, opts)
    local o = options.read("noise", opts, { seed = options.NONE, first = options.NONE, index = options.NONE })
    return noise.of(o)
  end,
})
