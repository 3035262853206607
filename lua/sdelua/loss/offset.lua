-- The part of a likelihood bound that a process cut off at eps > 0 leaves out.
local core = require "sdelua.core".sde
local errors = require "sdelua.errors"
local arguments = require "sdelua.sde.arguments"
local common = require "sdelua.loss.common"
local options = require "sdelua.options"
local sl = require "sdelua"

local function per_sample(x) return x:reshape { x:shape(1), -1 }:sum(2) end

local function eps_of(o, process)
  local eps = o.eps or process.eps.likelihood
  if type(eps) == "number" and eps > 0 and eps <= process.T then return eps end
  return errors.raise("eps_offset: option eps: expected a time in (0, %g], got %s", process.T, options.show(eps))
end

--- eps_offset(process, score, x0, { eps =, noise =, seed =, first =, index = }): nats [N]. With x_eps drawn from the
-- kernel and x0 given back by N(D(x_eps), (s/m)^2), D the denoiser of the score,
--   -log p(x0) <= E[ -log p_eps(x_eps) + log q(x_eps | x0) - log p(x0 | x_eps) ],
-- and the last two terms are returned, the entropy of q in closed form (Song, Durkan, Murray & Ermon 2021).
-- Noise is drawn as samplers draw it (sl.noise); returns x_eps too.
return function(process, score, x0, opts)
  local o = options.read("eps_offset", opts, {
    eps = options.NONE, noise = options.NONE, seed = options.NONE, first = options.NONE, index = options.NONE,
  })
  o.who = "eps_offset"
  arguments.process(o.who, process)
  arguments.score(o.who, process, score)
  core.need_kernel(process.handle, x0, o.who)
  local eps = eps_of(o, process)
  local x = process:perturb(x0, eps, sl.noise.of(o):normal(x0:shape(), 1, x0.dtype))
  local D = common.pair(o, process, score, x, eps)
  local m, s = process:coefficient("m", x0, eps), process:coefficient("s", x0, eps)
  -- q: -(log s + (1 + log 2 pi)/2); p: -((x0 - D)^2 m^2/s^2 + log 2 pi)/2 - log(s/m)
  local element = ((x0 - D) * m / s):square() * 0.5 - 0.5 - m:log()
  return per_sample(element), x
end
