local sl = require "sdelua"
local options = require "sdelua.options"
local coordinates = require "sdelua.posterior.coordinates"

-- How much of what y says goes into x0, and the std of the fresh noise: such that the noise of y, carried by the weight
-- a of x0 in the step, and the fresh noise are std together, of which y's is at most the share `most` (DDNM+).
local function weights(known, a, std, most)
  local carried = known.std * a
  local lambda = (most * std) / carried:clamp(1e-30, math.huge)
  lambda = sl.where(carried:le(most * std), carried * 0 + 1, lambda)
  return known.pick(lambda, lambda * 0), (std * std - (carried * lambda):square()):clamp(0, math.huge):sqrt()
end

-- The step from sigma down to r.
local function down(self, run, x, sigma, r)
  local operator, known = run.operator, coordinates.of(run)
  local a = 1 - (r / sigma) ^ 2 -- the weight of x0 in E[x_r | x_t, x_0], and the std beside it
  local lambda, fresh = weights(known, a, r * math.sqrt(a), math.sqrt(1 - self.eta ^ 2))
  local c, c0 = operator:Vt(x), operator:Vt(run:denoised(x, sigma))
  local mean = c + (c0 + (known.y - c0) * lambda - c) * a
  return operator:V(mean + run:normal(c:shape()) * fresh), operator:V(mean)
end

local function check(o)
  options.shares("ddnm", o, { "eta" })
  options.counts("ddnm", o, { "travel_length", "travel_repeat" })
end

return {
  doc = "Null-space denoising: in each ancestral step E[x0 | xt] takes from y what is measured, the rest is its own. "
    .. "Where y has noise, as much of it as the step's own noise allows, of which eta at least is fresh (DDNM+; 0: "
    .. "its eq. 19). Each stretch of travel_length steps is gone travel_repeat times. The paper's code takes DDIM's "
    .. "steps, and travels back from E[x0 | xt].",
  source = "Wang et al. 2023, section 3; DDNM+: eq. 17-19",
  admits = { "linear" }, noise = true, space = "sigma", steps = 100,
  cost = function(o) return o.travel_repeat end,
  options = { eta = 0.85, travel_length = 1, travel_repeat = 1 }, check = check,
  step = function(self, run)
    local sigmas, last, length = run.sigmas, run.step, math.tointeger(self.travel_length)
    local x, mean = down(self, run, run.x, run.sigma, run.sigma_next)
    if last % length > 0 then return x, mean end
    for _ = 2, self.travel_repeat do
      local top = sigmas[last + 1 - length]
      x = x + run:normal() * math.sqrt(top ^ 2 - sigmas[last + 1] ^ 2)
      for i = last + 1 - length, last do x, mean = down(self, run, x, sigmas[i], sigmas[i + 1]) end
    end
    return x, mean
  end,
}
