local errors = require "sdelua.errors"
local closed = require "sdelua.sde.closed"
local define = require "sdelua.sde.define"
local sl = require "sdelua"

-- Positions and velocities, the halves of the last dimension.
local function halves(u, d)
  local last = u:dim()
  if u:shape(last) ~= 2 * d then
    errors.raise("CLD: argument x: expected %d positions and %d velocities side by side in the last dimension, got %d",
      d, d, u:shape(last))
  end
  return u:narrow(last, 1, d), u:narrow(last, d + 1, d)
end

-- [2 d]: a for positions, b for velocities.
local function row(d, a, b)
  local f64 = { dtype = "float64" }
  return sl.cat({ sl.full({ d }, a, f64), sl.full({ d }, b, f64) }, 1)
end

return {
  doc = "Critically damped Langevin diffusion of u = (x, v), `features` positions and as many velocities side by side "
    .. "in the last dimension: dx = beta v/M dt, dv = -beta (x + Gamma v/M) dt + sqrt(2 Gamma beta) dw, Gamma^2 = 4 M. "
    .. "Of the general tier, since its kernel couples x and v: train it with ssm_vr or ism.",
  source = "Dockhorn et al. 2022; CLD-SGM's sde_lib.py, CLD.sde",
  options = closed.options { features = closed.NONE, beta = 4.0, M = 0.25 },
  new = function(o)
    local d, M = math.tointeger(o.features), o.M
    if not d or d < 1 then
      errors.raise("CLD: option features: expected a count, got %s", tostring(o.features))
    elseif not (M > 0 and o.beta > 0) then
      errors.raise("CLD: options M, beta: expected positive numbers, got %g, %g", M, o.beta)
    end
    local gamma = 2 * math.sqrt(M)
    local noise = row(d, 0, math.sqrt(2 * gamma * o.beta))
    return define {
      tier = "general", noise_type = "diagonal", T = o.T, eps = o.eps,
      prior = o.prior or { mean = row(d, 0, 0), std = row(d, 1, math.sqrt(M)) },
      drift = function(u)
        local x, v = halves(u, d)
        return sl.cat({ v * (o.beta / M), (x + v * (gamma / M)) * -o.beta }, u:dim())
      end,
      diffusion = function(u, _) return noise:to(u.dtype) end,
    }
  end,
}
