local options = require "sdelua.options"
local kd = require "sdelua.solve.kdiffusion"

-- dx/dt of the flow: with s = m and sigma = s/m of the process, the paper's (sigma'/sigma + s'/s) x - s sigma'/sigma D.
local function slope(run, x, t)
  local x0, eps = run:exchange(x, t)
  return run.process:velocity(x0, t, eps)
end

-- The state and the time after fresh noise.
local function churned(self, run)
  if self.S_churn == 0 then return run.x, run.t end
  return run:to_process(run:churned(self, run:from_process(run.x, run.t), run.process:point(run.t).sigma))
end

local function weak(o) return o.solver == "heun" and 2 or 1 end

return {
  doc = "EDM's general sampler in the process's own time and scaling: solver = \"heun\" or \"euler\", alpha where the "
    .. "second slope stands (1 Heun, 1/2 midpoint), churn; grids \"vp\", \"ve\", \"iddpm\" and \"edm\".",
  source = "Karras et al. 2022, algorithms 1 and 2, appendix D.2; EDM's ablation_sampler",
  order = function(o) return o.S_churn == 0 and weak(o) or nil end, weak = weak,
  cost = function(o) return o.solver == "heun" and 2 or 1 end,
  needs = { "signal", "uniform" }, steps = 18, denoise = "zero", noise = kd.churns,
  options = { solver = "heun", alpha = 1.0, S_churn = 0.0, S_tmin = 0.0, S_tmax = math.huge, S_noise = 1.0 },
  check = function(o, who)
    kd.check_churn(o, who)
    options.choice(who, "solver", o.solver, { "heun", "euler" })
    options.portions(who, o, { "alpha" })
  end,
  step = function(self, run)
    local alpha, x, t = self.alpha, churned(self, run)
    local h, d = run.r - t, slope(run, x, t)
    if self.solver == "euler" or run.r == 0 then return x + d * h end
    local d_prime = slope(run, x + d * (alpha * h), t + alpha * h)
    return x + (d * (1 - 0.5 / alpha) + d_prime * (0.5 / alpha)) * h
  end,
}
