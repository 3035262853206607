local sl = require "sdelua"
local coordinates = require "sdelua.posterior.coordinates"
local options = require "sdelua.options"

-- The variance, in units of this level's, of noise that was `ratio` times it and took n steps (Song & Ermon 2020,
-- proposition 3).
local function left_over(c, n, ratio)
  local still = 1 / (1 - c / 2)
  return (1 - c) ^ (2 * n) * (ratio - still) + still
end

-- The c that leaves least of the noise of the level before: for the paper's levels its .033.
local function step_for(run, n)
  local sigmas, best, least = run.sigmas, nil, math.huge
  local ratio = sigmas[2] > 0 and (sigmas[1] / sigmas[2]) ^ 2 or 1
  for k = 0, 120 do
    local c = 10 ^ (-3 + k / 40)
    local v = left_over(c, n, ratio)
    if v < least then best, least = c, v end
  end
  return best
end

-- Of a level: what a coordinate goes towards y, in shares of the way; whether it follows the score; and the square
-- step by which it does, in units of c. The noise of y is part of that of x, or x's part of y's.
local function rates(known, sigma)
  local b2, s2 = known.std:square(), sigma * sigma
  local behind = known.std:le(sigma) -- y is less noisy than x
  local share = s2 / b2:clamp(1e-30, math.huge)
  local pull = sl.where(behind, share * 0 + 1, share)
  local alpha = sl.where(behind, s2 - b2, (1 - share) * s2)
  return known.pick(pull, pull * 0), known.pick(1 - behind:to(share.dtype), share * 0 + 1),
    known.pick(alpha, alpha * 0 + s2)
end

-- n_steps of Langevin at one level.
local function at_level(self, run, x, sigma)
  local operator, known = run.operator, coordinates.of(run)
  local pull, free, alpha = rates(known, sigma)
  local step = self.c or step_for(run, self.n_steps)
  local noise, c, mean = (alpha * (2 * step)):sqrt(), operator:Vt(x), nil
  for _ = 1, self.n_steps do
    local score = operator:Vt(run:denoised(x, sigma) - x) / (sigma * sigma)
    mean = c + ((known.y - c) * pull + score * free * alpha) * step
    c = mean + run:normal(c:shape()) * noise
    x = operator:V(c)
  end
  return x, operator:V(mean)
end

return {
  doc = "Stochastic denoising of inverse problems: annealed Langevin in the operator's singular vectors, n_steps at "
    .. "each of `steps` levels, whose steps are c sigma^2 where nothing is measured; c such that the noise follows the "
    .. "levels, unless given. The last level's noise stays.",
  source = "Kawar et al. 2021, algorithm 1; c: Song & Ermon 2020, technique 4",
  admits = { "linear" }, noise = true, space = "sigma", grid = "logsnr", steps = 500,
  cost = function(o) return o.n_steps end,
  options = { n_steps = 5, c = options.NONE },
  check = function(o)
    options.counts("snips", o, { "n_steps" })
    options.positives("snips", o, { "c" })
  end,
  step = function(self, run)
    local x, mean = at_level(self, run, run.x, run.sigma)
    if run.step < run.steps or run.sigma_next == 0 then return x, mean end
    return at_level(self, run, x, run.sigma_next)
  end,
}
