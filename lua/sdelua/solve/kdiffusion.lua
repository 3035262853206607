-- What k-diffusion's samplers share, in the space of sigma; D stands for the estimate of the data at (x, sigma).
local options = require "sdelua.options"

local kd = {}

--- Options of a sampler that churns (Karras et al. 2022, algorithm 2), and of one that adds noise at each step.
kd.CHURN = { S_churn = 0.0, S_tmin = 0.0, S_tmax = math.huge, S_noise = 1.0 }
kd.ANCESTRAL = { eta = 1.0, s_noise = 1.0 }

--- The checks of these.
function kd.check_churn(o, who) options.amounts(who, o, { "S_churn", "S_tmin", "S_tmax", "S_noise" }) end
function kd.check_ancestral(o, who) options.amounts(who, o, { "eta", "s_noise" }) end

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

--- Where sigma has moved a share r of the way to `to`, evenly in log sigma.
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

return kd
