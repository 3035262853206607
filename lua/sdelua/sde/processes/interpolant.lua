local errors = require "sdelua.errors"
local closed = require "sdelua.sde.closed"
local define = require "sdelua.sde.define"

-- Mean and standard deviation on [0, 1]; at 1 nothing of the data is left.
local PATHS = {
  linear = { mean = function(t) return 1 - t end, std = function(t) return t end },
  trigonometric = {
    mean = function(t) return math.sin(0.5 * math.pi * (1 - t)) end,
    std = function(t) return math.sin(0.5 * math.pi * t) end,
  },
}

return {
  doc = "A path between data and unit noise: \"linear\", x_t = (1 - t) x0 + t z, rectified flow's, or "
    .. "\"trigonometric\", cos(pi t/2) x0 + sin(pi t/2) z. m_T = 0: networks predict v, x0 or velocity, and "
    .. "ode samples.",
  source = "Lipman et al. 2023, eq. 20 with sigma_min = 0 (linear); Liu et al. 2023; Albergo & Vanden-Eijnden 2023",
  sampler = { "ode", method = "heun" }, -- m_T = 0 leaves ancestral steps without a beginning
  options = closed.options { path = "linear" },
  new = function(o)
    local path = PATHS[o.path]
    if not path then
      errors.raise('interpolant: option path: expected "linear" or "trigonometric", got %s', o.path)
    elseif o.T and o.T ~= 1 then
      errors.raise("interpolant: option T: expected 1, got %s", tostring(o.T))
    end
    return define { mean = path.mean, std = path.std, std0 = o.std0, eps = o.eps, prior = o.prior }
  end,
}
