local counts = require "sdelua.options".counts

-- The integral from a to b of the polynomial that is 1 at t[j] and 0 at the others; times are taken from a.
local function weight(t, j, a, b)
  local p = { 1.0 } -- coefficients, lowest first
  for k, t_k in ipairs(t) do
    if k ~= j then
      local root, scale = t_k - a, 1 / (t[j] - t_k)
      p[#p + 1] = 0.0
      for i = #p, 1, -1 do p[i] = ((p[i - 1] or 0) - root * p[i]) * scale end
    end
  end
  local sum = 0.0
  for i = #p, 1, -1 do sum = (sum + p[i] / i) * (b - a) end
  return sum
end

return {
  doc = "Adams-Bashforth on the flow in sigma with as many slopes as its order; the first steps have fewer, and unless "
    .. "they are short, orders above 2 sink towards 2 as steps are added.",
  source = "Hairer, Norsett & Wanner 1993, section III.1; k-diffusion's sample_lms",
  order = function(o) return o.order end, cost = 1, space = "sigma", steps = 50, noise = false,
  options = { order = 4 },
  check = function(o, who) counts(who, o, { "order" }) end,
  step = function(self, run)
    local d = (run.x - run:denoised(run.x, run.sigma)) / run.sigma
    local slopes, sigmas = run.memory.slopes or {}, run.memory.sigmas or {}
    table.insert(slopes, 1, d)
    table.insert(sigmas, 1, run.sigma)
    slopes[self.order + 1], sigmas[self.order + 1] = nil, nil
    run.memory.slopes, run.memory.sigmas = slopes, sigmas
    local x = run.x
    for j, slope in ipairs(slopes) do x = x + slope * weight(sigmas, j, run.sigma, run.sigma_next) end
    return x
  end,
}
