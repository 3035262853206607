-- Dequantization of integer data: noise u on [0, 1) is added, and what it costs in likelihood is known.
local draws = require "sdelua.data.draws"
local errors = require "sdelua.errors"
local options = require "sdelua.options"
local random = require "sdelua.core".data.random
local sl = require "sdelua"

local Dequantizer = {}
Dequantizer.__index = Dequantizer
Dequantizer.__name = "sdelua.Dequantizer"

local function per_sample(x) return x:reshape { x:shape(1), -1 }:sum(2) end

-- u = sigmoid(mu + e^a z) for z standard normal, and log q(u): that of z less log du/dz.
local function logistic_normal(mu, a, z)
  local y = mu + a:exp() * z
  local log_slope = -y:softplus() - (-y):softplus()
  local log_q = z:square() * -0.5 - 0.5 * math.log(2 * math.pi) - a - log_slope
  return y:sigmoid(), per_sample(log_q)
end

-- Of the DATA stream: the batch itself is the loss's to open, and would be counted twice.
local function drawn(dist, x)
  local state = sl.rng_state()
  return random(dist, x:shape(), state.seed, state.seen, draws.LOSS_DEQUANTIZE):to(x.dtype)
end

--- Real data in [-1, 1] from integers x [N, ...] in 0 .. levels - 1 (uint8, or floats): 2 (x + u)/levels - 1, and
-- log q(u | x) [N] in nats. Then, for any density p of the real data,
--   -log P(x) <= E[ log q(u | x) - log p((x + u) 2/levels - 1) ] - D log(2/levels),
-- so the mean of log q belongs to a likelihood loss (Ho et al. 2019; Song, Durkan, Murray & Ermon 2021). The noise of a
-- sample depends on the seed and on the samples that training has seen before it: call it on the batch that the loss
-- comes next for. z, in place of that, is uniform, or normal with a network.
function Dequantizer:__call(x, opts)
  local o = options.read("dequantizer", opts, { z = options.NONE })
  if not sl.is_tensor(x) or x:dim() < 2 then
    errors.raise("dequantizer: argument x: expected a tensor [N, ...], got " .. tostring(x))
  end
  local real = x.dtype == "uint8" and x:to(self.dtype) or x
  local z = o.z or drawn(self.net and "normal" or "uniform", real)
  local u, log_q = z, z:sum() * 0
  if self.net then
    local mu, a = self.net(real * (2 / self.levels) - 1)
    u, log_q = logistic_normal(mu, a, z)
  else
    log_q = log_q:expand { real:shape(1) }
  end
  return (real + u) * (2 / self.levels) - 1, log_q
end

--- dequantizer { levels = 256, net = nil, dtype = "float32" }: uniform noise or, given net(x in [-1, 1]) -> mu, a like
-- x, variational noise sigmoid(mu + e^a z), whose parameters are trained with the score's: with x, log_q =
-- d(integers), dsm(process, score, x, { weighting = "likelihood", reduce_mean = false }) (T - eps) + log_q:mean() is
-- the bound on -log P, but for a number without parameters where x_T has forgotten the data.
return function(opts)
  local o = options.read("dequantizer", opts, { levels = 256, net = options.NONE, dtype = "float32" })
  options.counts("dequantizer", o, { "levels" })
  options.functions("dequantizer", o, { "net" })
  options.choice("dequantizer", "dtype", o.dtype, { "float32", "float64" })
  return setmetatable(o, Dequantizer)
end
