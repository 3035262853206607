local errors = require "sdelua.errors"
local closed = require "sdelua.sde.closed"

-- m^2 = cos^2(a)/cos^2(a_0), a = pi/2 (t + offset)/(1 + offset), so beta = -2 m'/m = pi/(1 + offset) tan a. It grows
-- without bound as t nears 1: the process ends before, by default where DPM-Solver's code ends it (Lu et al. 2022a).
local function beta(offset)
  local rate = 0.5 * math.pi / (1 + offset)
  return function(t) return 2 * rate * math.tan(rate * (t + offset)) end
end

return {
  doc = "VP whose signal falls as a cosine: m^2 = cos^2(pi/2 (t + offset)/(1 + offset)) over its value at 0.",
  source = "Nichol & Dhariwal 2021, eq. 17",
  options = closed.options { offset = 0.008 },
  new = function(o)
    o.T = o.T or 0.9946
    if not (o.offset >= 0 and o.T > 0 and o.T < 1) then
      errors.raise("cosine: options offset, T: expected offset >= 0 and 0 < T < 1, got %g, %g", o.offset, o.T)
    end
    o.beta = beta(o.offset)
    return closed.new("VP", o, "beta")
  end,
}
