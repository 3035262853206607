-- What k-diffusion's samplers share, in the space of sigma; D stands for the estimate of the data at (x, sigma), and
-- lambda = -log sigma.
local sl = require "sdelua"

local kd = {}

--- Options of a sampler that churns (Karras et al. 2022, algorithm 2), and of one that adds noise at each step.
kd.CHURN = { S_churn = 0.0, S_tmin = 0.0, S_tmax = math.huge, S_noise = 1.0 }
kd.ANCESTRAL = { eta = 1.0, s_noise = 1.0 }

function kd.churns(o) return o.S_churn > 0 end
function kd.has_eta(o) return o.eta > 0 end

--- The order of a flow, none of its own with churn, whose noise is no path's.
function kd.flow_order(order) return function(o) return o.S_churn == 0 and order or nil end end

--- An order that eta > 0 brings down to 1, the strong order of a step with additive noise.
function kd.order(order) return function(o) return o.eta > 0 and 1 or order end end

local function expm1(h) return math.abs(h) < 1e-5 and h * (1 + h / 2 * (1 + h / 3)) or math.exp(h) - 1 end
kd.expm1 = expm1

--- sigma_down, where a step goes, and sigma_up, the std of the noise that then leads on to sigma_next.
function kd.ancestral(sigma, sigma_next, eta)
  if eta == 0 then return sigma_next, 0.0 end
  local up = math.min(sigma_next, eta * sigma_next * math.sqrt(1 - (sigma_next / sigma) ^ 2))
  return math.sqrt(sigma_next * sigma_next - up * up), up
end

--- From sigma to `to` as if D stayed: Euler's step of dx/dsigma = (x - D)/sigma, which is DDIM's.
function kd.euler(x, D, sigma, to) return x * (to / sigma) + D * (1 - to / sigma) end

--- Where sigma has moved a share r of the way to `to`, evenly in lambda.
function kd.between(sigma, to, r) return sigma ^ (1 - r) * to ^ r end

--- Heun's step from sigma to `to`; Euler's where it ends at 0 (Karras et al. 2022, algorithm 1).
function kd.heun(run, x, sigma, to)
  local D = run:denoised(x, sigma)
  local x_next = kd.euler(x, D, sigma, to)
  if to == 0 then return x_next end
  local d, d_next = (x - D) / sigma, (x_next - run:denoised(x_next, to)) / to
  return x + (d + d_next) * (0.5 * (to - sigma))
end

--- DPM-Solver-2 from sigma to `to`: Euler's step with the slope at the middle (Lu et al. 2022a, algorithm 1).
function kd.midpoint(run, x, D, sigma, to)
  local mid = kd.between(sigma, to, 0.5)
  local u = kd.euler(x, D, sigma, mid)
  return x + (u - run:denoised(u, mid)) * ((to - sigma) / mid)
end

--- x and fresh noise of std `up` times s_noise; x, the mean, comes second.
function kd.noised(run, x, up, s_noise)
  if up == 0 then return x, x end
  return x + run:normal() * (up * s_noise), x
end

--- x and what the path between the run's two sigmas adds with std `up` times s_noise; x comes second.
function kd.driven(run, x, up, s_noise)
  if up == 0 then return x, x end
  return x + run:brownian(run.sigma, run.sigma_next) * (up * s_noise), x
end

-- ---- DPM-Solver from lambda to lambda + h -----------------------------------------------------------

-- lambda and h are numbers, or lists of each sample's own. With r a share of the step and e(r) the noise predicted
-- there (Lu et al. 2022a, algorithms 1 and 2).
local Step = {}
Step.__index = Step

local function sigma_at(lambda) return math.exp(-lambda) end

--- kd.step(run, x, lambda, h)
function kd.step(run, x, lambda, h)
  return setmetatable({ run = run, x = x, lambda = lambda, h = h, noise = {} }, Step)
end

--- Numbers of each sample as a column that broadcasts against x.
function kd.column(x, list)
  local shape = { #list }
  for i = 2, x:dim() do shape[i] = 1 end
  return sl.tensor(list, { dtype = "float64" }):reshape(shape):to(x.dtype)
end

local function map(f, lambda, h)
  if type(h) == "number" then return f(lambda, h) end
  local list = {}
  for i = 1, #h do list[i] = f(lambda[i], h[i]) end
  return list
end

function Step:of(f)
  local v = map(f, self.lambda, self.h)
  return type(v) == "table" and kd.column(self.x, v) or v
end

--- The noise predicted in state u at a share r of the step.
function Step:predict(u, r)
  local function sigma(lambda, h) return sigma_at(lambda + r * h) end
  self.noise[r] = (u - self.run:denoised(u, map(sigma, self.lambda, self.h))) / self:of(sigma)
  return self.noise[r]
end

--- e(0), evaluated once whatever methods share it.
function Step:first() return self.noise[0] or self:predict(self.x, 0) end

--- DPM-Solver-1 over a share r of the step.
function Step:euler(r)
  return self.x - self:first() * self:of(function(lambda, h) return sigma_at(lambda + r * h) * expm1(r * h) end)
end

--- e(r) after an Euler step, evaluated once.
function Step:inner(r) return self.noise[r] or self:predict(self:euler(r), r) end

--- DPM-Solver-2
function Step:second(r)
  local change = self:inner(r) - self:first()
  return self:euler(1) - change * self:of(function(lambda, h) return sigma_at(lambda + h) * expm1(h) / (2 * r) end)
end

-- (e^h - 1)/h - 1
local function phi(h) return expm1(h) / h - 1 end

--- DPM-Solver-3
function Step:third()
  local r1, r2 = 1 / 3, 2 / 3
  local first, change = self:first(), self:inner(r1) - self:first()
  local u = self:euler(r2) - change
    * self:of(function(lambda, h) return sigma_at(lambda + r2 * h) * (r2 / r1) * phi(r2 * h) end)
  local last = self:predict(u, r2) - first
  return self:euler(1) - last * self:of(function(lambda, h) return sigma_at(lambda + h) / r2 * phi(h) end)
end

return kd
