local errors = require "sdelua.errors"
local options = require "sdelua.options"
local kd = require "sdelua.solve.kdiffusion"
local grid = require "sdelua.solve.grid"

-- Which of the grid's sigmas is nearest to t_min.
local function nearest(sigmas, t_min)
  local best
  for i, sigma in ipairs(sigmas) do
    if sigma > 0 and (not best or math.abs(sigma - t_min) < math.abs(sigmas[best] - t_min)) then best = i end
  end
  return best
end

-- K times: noise up to t_max, and N - 1 steps back.
local function restarted(self, run, x, interval)
  local lo, hi = run.sigma_next, interval.t_max
  if lo >= hi then
    errors.raise("restart: option intervals: expected t_max above the grid's level nearest to t_min, %g, got %g", lo,
      hi)
  end
  local sigmas = grid.all:find "karras".make(interval.N - 1, hi, lo, { rho = self.rho })
  for _ = 1, interval.K do
    x = x + run:normal() * (self.S_noise * math.sqrt(hi * hi - lo * lo))
    for i = 1, interval.N - 1 do x = kd.heun(run, x, sigmas[i], sigmas[i + 1]) end
  end
  return x
end

local function check_interval(interval)
  local function positive(v) return type(v) == "number" and v > 0 end
  local ok = type(interval) == "table" and positive(interval.t_min) and positive(interval.t_max)
    and interval.t_min < interval.t_max and math.tointeger(interval.K) and math.tointeger(interval.N)
  if not ok or interval.N < 2 or interval.K < 1 then
    errors.raise("restart: option intervals: expected a list of { N =, K =, t_min =, t_max = } with N >= 2, K >= 1 "
      .. "and t_min < t_max")
  end
end

return {
  doc = "Heun's method on the flow in sigma which, at t_min of each of `intervals` { N =, K =, t_min =, t_max = }, "
    .. "goes back to t_max by fresh noise and returns in N - 1 steps, K times.",
  source = "Xu et al. 2023, algorithm 2",
  cost = 2, space = "sigma", steps = 18, noise = true,
  options = { intervals = { { N = 3, K = 2, t_min = 0.06, t_max = 0.3 } }, rho = 7.0, S_noise = 1.0 },
  check = function(o, who)
    options.positives(who, o, { "rho" })
    options.amounts(who, o, { "S_noise" })
    for _, interval in ipairs(o.intervals) do check_interval(interval) end
  end,
  step = function(self, run)
    local x = kd.heun(run, run.x, run.sigma, run.sigma_next)
    for _, interval in ipairs(self.intervals) do
      if run.sigma_next > 0 and nearest(run.sigmas, interval.t_min) == run.step + 1 then
        x = restarted(self, run, x, interval)
      end
    end
    return x
  end,
}
