-- Data N(MEAN, D^2) in each feature: the exact score and flow of any affine process.
local sl = require "sdelua"

local gaussian = { MEAN = 1.5, D = 0.5 }

function gaussian.score(process)
  return function(x, t)
    local m, s, c = process:coefficient("m", x, t), process:coefficient("s", x, t), process:coefficient("c", x, t)
    return (m * gaussian.MEAN + c - x) / (m:square() * gaussian.D ^ 2 + s:square())
  end
end

local function law(process, t)
  local p = process:point(t)
  return p.m * gaussian.MEAN + p.c, math.sqrt(p.m ^ 2 * gaussian.D ^ 2 + p.s ^ 2)
end

--- Where the flow takes x from t to r.
function gaussian.flow(process, x, t, r)
  local mean, std = law(process, t)
  local mean_r, std_r = law(process, r)
  return (x - mean) * (std_r / std) + mean_r
end

--- A process that drifts towards 2.
function gaussian.offset()
  return sl.sde.define {
    drift_coefficient = function() return -2 end, drift_offset = function() return 4 end,
    diffusion_coefficient = function() return 2 end, T = 1.5,
  }
end

return gaussian
