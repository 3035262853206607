--- Images twice or half as large, and convolutions that go with it: what score_sde's up_or_down_sampling.py and EDM's
-- Conv2d do (Zhang 2019; Karras et al. 2020).
--
-- A filter is a list of an even number of taps, applied along height and along width and normalised to sum 1: { 1, 1 }
-- repeats pixels and takes means of 2x2, { 1, 3, 3, 1 } is NCSN++'s. Outside the image there are zeros.
--
-- A Resample is such a step with a convolution. Where it is fused, zeros surround the two together and not each: the
-- convolution sees the filter's answer beyond the border. Without a filter the convolution that shrinks has a stride,
-- padded after, and the one that grows sees repeated pixels.
local core = require "sdelua.core"
local errors = require "sdelua.errors"
local options = require "sdelua.options"
local parts = require "sdelua.nn.module"
local nn = core.nn

local resample = {}

-- Zeros before and after that keep a filter centred.
local function reach(filter) return #filter // 2 - 1 end
local function plain(filter) return not filter or (#filter == 2 and filter[1] == filter[2]) end

local squares = setmetatable({}, { __mode = "k" }) -- filter -> [gain] -> rows of a table

-- The filter along both axes, of sum gain, in x's type.
local function square(filter, gain, x)
  squares[filter] = squares[filter] or {}
  if not squares[filter][gain] then
    local sum, rows = 0, {}
    for _, w in ipairs(filter) do sum = sum + w end
    for i, v in ipairs(filter) do
      rows[i] = {}
      for j, w in ipairs(filter) do rows[i][j] = v * w * gain / sum ^ 2 end
    end
    squares[filter][gain] = rows
  end
  return core.tensor(squares[filter][gain], { dtype = x.dtype })
end

--- x [n,h,w,c] -> [n,2h,2w,c]; `more` pixels beyond the border on each side.
function resample.up(x, filter, more)
  more = more or 0
  if plain(filter) and more == 0 then return core.upsample(x, 2) end
  return core.fir_resample(x, square(filter, 4, x), { up = 2, padding = { #filter // 2 + more, reach(filter) + more } })
end

--- x [n,h,w,c] -> [n,h/2,w/2,c]
function resample.down(x, filter)
  if plain(filter) then return core.avg_pool(x, 2) end
  return core.fir_resample(x, square(filter, 1, x), { down = 2, padding = reach(filter) })
end

--- The filter alone, with `margin` zeros around x.
local function blur(x, filter, margin) return core.fir_resample(x, square(filter, 1, x), { padding = margin }) end

--- Raises unless the option `name` of `who` is such a list.
function resample.check(who, name, filter)
  if #filter > 0 and #filter % 2 == 0 then return end
  errors.raise("%s: option %s: expected an even number of taps, got %d", who, name, #filter)
end

-- ---- with a convolution -----------------------------------------------------------------------------------

local Resample = parts.Module "Resample"
resample.Resample = Resample

local defaults = { kernel = 3, up = false, down = false, filter = options.NONE, fused = false, scale = 1 }

-- Ways to go: what is done to x, and the convolution's stride and padding.
local function way(o, pad)
  local f = o.filter
  if o.up then
    local more = o.fused and f and math.min(reach(f), pad) or 0
    return function(x) return resample.up(x, f, more) end, 1, pad - more
  elseif not o.down then
    return function(x) return x end, 1, pad
  elseif f and not o.fused then
    return function(x) return resample.down(x, f) end, 1, pad
  elseif f then
    return function(x) return blur(x, f, reach(f) + pad) end, 2, 0
  end
  return function(x) return x:pad({ 0, 0, 0, 0 }, { 0, pad, pad, 0 }) end, 2, 0
end

--- Resample(inside, outside, { kernel = 3, up = or down = true, filter =, fused =, scale = of the first weights })
function Resample:init(inside, outside, given)
  local o = options.read("Resample", given, defaults)
  local stride, padding
  self._prepare, stride, padding = way(o, o.kernel // 2)
  self.conv = nn.Conv2d { in_channels = inside, out_channels = outside, kernel_size = o.kernel, stride = stride,
    padding = padding, scale = o.scale }
end

--- x [n,h,w,in] -> [n,h',w',out], plus shift [n,out] at every pixel, plus the residual [n,h',w',out].
function Resample:forward(x, shift, residual) return self.conv(self._prepare(x), shift, residual) end

return resample
