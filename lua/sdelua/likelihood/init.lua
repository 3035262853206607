--- sl.likelihood: how probable a model finds points, and the codes it gives them. docs/likelihood.md says what the
-- numbers mean.
--   ode            log p of points by the probability-flow ODE
--   bits           bits/dim from log p;  bits_per_dim: of uint8 images;  dequantize;  offset
--   bound          the variational bound on log p of the reverse SDE;  kl_bound: on its KL from the data
--   encode, decode points to codes in the prior and back;  round_trip;  interpolate
local bits = require "sdelua.likelihood.bits"
local bound = require "sdelua.likelihood.bound"
local latent = require "sdelua.likelihood.latent"

return {
  ode = require "sdelua.likelihood.ode",
  bits = bits.from_logp, bits_per_dim = bits.per_dim, dequantize = bits.dequantize, offset = bits.offset,
  bound = bound.bound, kl_bound = bound.kl_bound,
  encode = latent.encode, decode = latent.decode, round_trip = latent.round_trip, interpolate = latent.interpolate,
}
