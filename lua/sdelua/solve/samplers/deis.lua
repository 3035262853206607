local exponential = require "sdelua.solve.exponential"
local choice = require "sdelua.options".choice

-- Gauss and Legendre's nodes and weights on [0, 1], n of them, by Newton's method.
local function gauss(n)
  local rule = {}
  for i = 1, n do
    local x, slope = math.cos(math.pi * (i - 0.25) / (n + 0.5)), nil
    for _ = 1, 50 do
      local p, q = x, 1 -- P_k, P_{k-1}
      for k = 2, n do p, q = ((2 * k - 1) * x * p - (k - 1) * q) / k, p end
      slope = n * (x * p - q) / (x * x - 1)
      x = x - p / slope
    end
    rule[i] = { (1 + x) / 2, 1 / ((1 - x * x) * slope * slope) }
  end
  return rule
end

local RULE = gauss(16)

-- int ((u - t)/(r - t))^k d sigma(u) from t to r for k = 0 .. n - 1, by parts, since sigma may be steep at 0.
local function moments(run, n)
  local dt, mu = run.r - run.t, { run.sigma_next - run.sigma }
  for k = 1, n - 1 do mu[k + 1] = run.sigma_next end
  if n == 1 then return mu end
  for _, point in ipairs(RULE) do
    local sigma = run.process:point(run.t + dt * point[1]).sigma
    for k = 1, n - 1 do mu[k + 1] = mu[k + 1] - point[2] * k * point[1] ^ (k - 1) * sigma end
  end
  return mu
end

return {
  doc = "DEIS tAB: exponential Adams-Bashforth on the predicted noise, whose polynomial in time is of degree 0-3.",
  source = "Zhang & Chen 2022, tAB-DEIS; DEIS's th_deis/multistep.py, get_ab_eps_coef",
  cost = 1, noise = false, space = "sigma", steps = 20, denoise = false, grid = "logsnr",
  order = function(o) return o.degree + 1 end,
  options = { degree = 3 },
  check = function(o) choice("deis", "degree", o.degree, { 0, 1, 2, 3 }) end,
  step = function(self, run)
    local eps = run:predicted_noise(run.x, run.sigma)
    if run.sigma_next == 0 then return exponential.to_zero("noise", run, eps) end
    exponential.remember(run.memory, eps, run.t, self.degree + 1)
    local nodes = exponential.nodes(run.memory, self.degree + 1, run.r - run.t)
    return exponential.combine(1, run.x, exponential.weights(nodes, moments(run, #nodes)), run.memory.f)
  end,
}
