-- Exponential integrators, on which DPM-Solver, UniPC, DEIS and SA-Solver stand. In the space of sigma the signal is 1
-- and lambda = -log sigma; the reverse process with noise tau (0 the flow, 1 the SDE) over h = lambda_t - lambda_s is
--
--   y_t = y_s - (1 + tau^2) sigma_t int_0^h e^(h - u) eps du + tau sqrt(sigma_s^2 - sigma_t^2) z        (noise)
--   y_t = e^-H y_s + int_0^H e^-(H - u) D du + sigma_t sqrt(1 - e^(-2 tau^2 h)) z,  H = (1 + tau^2) h   (data)
--
-- for z unit normal (Lu et al. 2022a, eq. 3.4; 2022b; Xue et al. 2023). A method replaces what the model says, f = eps
-- or D, by a polynomial through its values at nodes r = u/h, and integrates that: with the moments mu_k of r^k, the
-- weights w of the values satisfy sum_j w_j r_j^k = mu_k, and y_t = a y_s + c sum_j w_j f_j.
--
-- The first steps of a method of many values have fewer, and are of lower order. From T, where the model hardly changes
-- along the way, that does not show; started further down, it limits the order to 2 (with one value in the first step).
local exp, log, sqrt = math.exp, math.log, math.sqrt

local exponential = {}

-- phi_1 .. phi_n at z: phi_k(z) = int_0^1 e^((1-u)z) u^(k-1)/(k-1)! du, phi_{k+1} = (phi_k - 1/k!)/z.
local function phis(n, z)
  local list, inverse = {}, { 1 } -- 1/k!
  for k = 2, n do inverse[k] = inverse[k - 1] / k end
  if math.abs(z) > 1 then
    list[1] = (exp(z) - 1) / z
    for k = 1, n - 1 do list[k + 1] = (list[k] - inverse[k]) / z end
    return list
  end
  local term, sum = inverse[n], inverse[n] -- near 0: the last by its series, the others from it
  for j = 1, 18 do
    term = term * z / (n + j)
    sum = sum + term
  end
  list[n] = sum
  for k = n - 1, 1, -1 do list[k] = z * list[k + 1] + inverse[k] end
  return list
end

-- What the methods change of the exact moments mu_k = k! phi_{k+1}(z), k from 0.
local kinds = {
  taylor = function() end,
  -- Lu et al. 2022a, algorithm 1, 2022b, algorithm 2: half the first moment for the second; and the reference's third
  -- order, whose second divided difference stands for a derivative, twice that.
  dpmsolver = function(mu)
    if #mu == 2 then mu[2] = mu[1] / 2 elseif #mu == 3 then mu[3] = mu[3] / 2 end
  end,
  -- Zhao et al. 2023: B(h) = h or e^h - 1, with a_1 = 1/2.
  bh1 = function(mu) if #mu == 2 then mu[2] = 0.5 end end,
  bh2 = function(mu) if #mu == 2 then mu[2] = mu[1] / 2 end end,
}

local function moments(n, z, kind)
  local mu, factorial = phis(n, z), 1
  for k = 2, n do
    factorial = factorial * (k - 1)
    mu[k] = mu[k] * factorial
  end
  kinds[kind or "taylor"](mu)
  return mu
end

--- w with sum_j w_j nodes[j]^k = mu[k + 1]: the integral of each Lagrange polynomial.
function exponential.weights(nodes, mu)
  local w = {}
  for j, at in ipairs(nodes) do
    local coef, scale = { 1 }, 1 -- of prod_{i ~= j} (r - r_i), lowest power first
    for i, r in ipairs(nodes) do
      if i ~= j then
        scale = scale * (at - r)
        for k = #coef + 1, 1, -1 do coef[k] = (coef[k - 1] or 0) - r * (coef[k] or 0) end
      end
    end
    w[j] = 0
    for k, v in ipairs(coef) do w[j] = w[j] + v * mu[k] / scale end
  end
  return w
end

--- The interval from sigma down to sigma_next > 0: h, a, c, the argument z of phi, and std of the noise.
function exponential.interval(form, sigma, sigma_next, tau)
  local h, k = log(sigma / sigma_next), 1 + tau * tau
  if form == "noise" then
    return { h = h, a = 1, c = -k * sigma_next * h, z = h, std = tau * sqrt(sigma * sigma - sigma_next * sigma_next) }
  end
  local noise = sigma_next * sqrt(1 - exp(-2 * tau * tau * h))
  return { h = h, a = exp(-k * h), c = k * h, z = -k * h, std = noise }
end

--- Weights c w_j of the values at the nodes.
function exponential.coefficients(q, nodes, kind)
  local w = exponential.weights(nodes, moments(#nodes, q.z, kind))
  for j, v in ipairs(w) do w[j] = q.c * v end
  return w
end

--- a y + sum_j w_j f_j
function exponential.combine(a, y, w, f)
  y = y * a
  for j, v in ipairs(w) do y = y + f[j] * v end
  return y
end

--- What the network says of x in the space of sigma; sigma a number, or a list of each sample's own.
function exponential.model(form, run, x, sigma)
  if form == "noise" then return run:predicted_noise(x, sigma) end
  return run:denoised(x, sigma)
end

--- The step to sigma = 0, where the state is the estimate of the data.
function exponential.to_zero(form, run, f)
  if form == "noise" then return run.x - f * run.sigma end
  return f
end

-- ---- multistep --------------------------------------------------------------------------------------

--- Puts a value first in the history; n are kept. `at` is its node, in any scale.
function exponential.remember(memory, f, at, n)
  memory.f, memory.at = memory.f or {}, memory.at or {}
  table.insert(memory.f, 1, f)
  table.insert(memory.at, 1, at)
  memory.f[n + 1], memory.at[n + 1] = nil, nil
end

--- The last n nodes from the newest in units of h, and how many there were.
function exponential.nodes(memory, n, h)
  local nodes = {}
  for j = 1, math.min(n, #memory.at) do nodes[j] = (memory.at[j] - memory.at[1]) / h end
  return nodes
end

--- The order of this step: the declared one, or with lower_order_final and fewer than 10 steps what is left to go.
function exponential.order_here(o, run, order)
  if o.lower_order_final and run.steps < 10 then return math.min(order, run.steps + 1 - run.step) end
  return order
end

local function noisy(run, y, q)
  if q.std == 0 then return y, y, nil end
  local z = run:normal() * q.std
  return y + z, y, z
end

--- One step through the last values: f at run.x, and those before it.
function exponential.multistep(run, form, order, n, kind, tau)
  local f = exponential.model(form, run, run.x, run.sigma)
  if run.sigma_next == 0 then return exponential.to_zero(form, run, f) end
  exponential.remember(run.memory, f, -log(run.sigma), n)
  local q = exponential.interval(form, run.sigma, run.sigma_next, tau)
  local nodes = exponential.nodes(run.memory, order, q.h)
  return noisy(run, exponential.combine(q.a, run.x, exponential.coefficients(q, nodes, kind), run.memory.f), q)
end

-- The state that a step led to, again, with the value f found there.
local function corrected(memory, f, o)
  local q, values = memory.q, { f }
  local nodes = exponential.nodes(memory, math.min(o.corrector, memory.most), q.h)
  for j = 1, #nodes do values[j + 1] = memory.f[j] end
  table.insert(nodes, 1, 1)
  local y = exponential.combine(q.a, memory.y, exponential.coefficients(q, nodes, o.kind), values)
  return memory.noise and y + memory.noise or y
end

--- Predict, evaluate, correct, with one evaluation a step: run.x is what the step before predicted; its noise stays,
-- and so does the last prediction. o: predictor and corrector, the numbers of past values that each uses (none for
-- corrector = 0), kind, tau, lower_order_final.
function exponential.predict_correct(run, form, o)
  local memory, y = run.memory, run.x
  local f = exponential.model(form, run, y, run.sigma)
  if run.sigma_next == 0 then return exponential.to_zero(form, run, f) end
  if memory.q and o.corrector > 0 then y = corrected(memory, f, o) end
  exponential.remember(memory, f, -log(run.sigma), math.max(o.predictor, o.corrector))
  memory.most = exponential.order_here(o, run, math.huge) -- past values to use: none of them near the end
  memory.y, memory.q = y, exponential.interval(form, run.sigma, run.sigma_next, o.tau)
  local nodes = exponential.nodes(memory, math.min(o.predictor, memory.most), memory.q.h)
  local weights = exponential.coefficients(memory.q, nodes, o.kind)
  local next, mean
  next, mean, memory.noise = noisy(run, exponential.combine(memory.q.a, y, weights, memory.f), memory.q)
  return next, mean
end

return exponential
