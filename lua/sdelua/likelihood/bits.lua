-- Bits per dimension: what images cost to send, in bits for each colour value. See docs/likelihood.md.
local sl = require "sdelua"
local random = require "sdelua.core".data.random
local draws = require "sdelua.data.draws"
local errors = require "sdelua.errors"
local common = require "sdelua.likelihood.common"
local ode = require "sdelua.likelihood.ode"
local options = require "sdelua.options"

local bits = {}

--- The bits/dim of a uniformly dequantized image of 256 levels whose values were then scaled to [lo,hi]: 8 - log2(hi -
-- lo). 7 for [-1,1], 8 for [0,1]: the 7 - inverse_scaler(-1) of Song et al. 2021's code.
function bits.offset(lo, hi) return 8 - math.log(hi - lo, 2) end

--- [N]: the bits/dim of log-densities logp [N] in nats, over `dim` values each. Options: range = { -1, 1 }, what the
-- 256 levels were scaled to.
function bits.from_logp(logp, dim, opts)
  local o = options.read("likelihood.bits", opts, { range = { -1, 1 } })
  local nats = common.count("likelihood.bits", "dim", dim, 1) * math.log(2)
  return logp * (-1 / nats) + bits.offset(o.range[1], o.range[2])
end

--- uint8 images to floats in [-1,1): (x + u)/128 - 1, u uniform on [0,1) (Theis et al. 2016). Options: seed = 0,
-- first = 0 (the number of the first image): an image's u depends on the seed and its number alone.
function bits.dequantize(images, opts)
  local o = options.read("likelihood.dequantize", opts, { seed = 0, first = 0 })
  if not sl.is_tensor(images) or images.dtype ~= "uint8" then
    errors.raise("likelihood.dequantize: argument images: expected uint8 images, got %s",
      sl.is_tensor(images) and images.dtype or tostring(images))
  end
  return sl.image.to_float(images, random("uniform", images:shape(), o.seed, o.first, draws.DEQUANTIZE))
end

--- [N]: the bits/dim of uint8 images [N, ...] under a model of images in [-1,1], by likelihood.ode, and its info with
-- logp. Options: those of likelihood.ode; seed and first number the dequantizing noise too.
function bits.per_dim(process, score, images, opts)
  local o = opts or {}
  local x = bits.dequantize(images, { seed = o.seed, first = o.first })
  local logp, info = ode(process, score, x, opts)
  info.logp = logp
  return bits.from_logp(logp, common.features(x)), info
end

return bits
