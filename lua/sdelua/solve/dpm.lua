-- DPM-Solver and DPM-Solver++: one set of methods on what the network says of the noise, or of the data.
local errors = require "sdelua.errors"
local exponential = require "sdelua.solve.exponential"
local adaptive = require "sdelua.solve.dpm_adaptive"
local Line = require "sdelua.solve.dpm_line"
local options = require "sdelua.options"

local METHODS = { "multistep", "singlestep", "singlestep_fixed", "adaptive" }

local dpm = {}

local function fail(who, key, expected, got)
  errors.raise("%s: option %s: expected %s, got %s", who, key, expected, tostring(got))
end

-- Orders of the single steps that make up n evaluations: full ones, and lower ones at the end for the rest (Lu et al.
-- 2022a, section 3.3, appendix D.3).
local function orders_of(o, n)
  local list, rest = {}, n % o.order
  if o.method == "singlestep" and o.order == 3 and rest == 0 then rest = 3 end
  for _ = 1, (n - rest) // o.order do list[#list + 1] = o.order end
  if o.method == "singlestep_fixed" then return list end
  if rest == 3 then list[#list + 1], rest = 2, 1 end
  if rest > 0 then list[#list + 1] = rest end
  return list
end

-- A grid of as many points as there are single steps; the nodes in between are even in lambda. A list of times has its
-- own number of steps, all of full order.
local function even_nodes(o, run, grid)
  local orders = orders_of(o, o.steps)
  local times, sigmas = grid(#orders)
  if #times - 1 ~= #orders then
    for i = 1, #times - 1 do orders[i] = o.order end
  end
  run.memory.orders = orders
  return times, sigmas
end

-- A grid of a point for each evaluation: those between the single steps are their nodes.
local function grid_nodes(o, run, grid)
  local times, sigmas = grid(o.method == "singlestep" and o.steps or o.steps // o.order * o.order)
  local function sigma(i) return sigmas and sigmas[i] or run.process:point(times[i]).sigma end
  local outer, outer_sigmas, nodes, at = { times[1] }, { sigma(1) }, {}, 1
  run.memory.orders, run.memory.nodes = orders_of(o, #times - 1), nodes
  for i, order in ipairs(run.memory.orders) do
    nodes[i] = {}
    for j = 1, order do nodes[i][j] = sigma(at + j) end
    at = at + order
    outer[i + 1], outer_sigmas[i + 1] = times[at], nodes[i][order]
  end
  return outer, outer_sigmas
end

-- Where a step's nodes stand, in units of its h.
local function places(run, order)
  local nodes = run.memory.nodes and run.memory.nodes[run.step]
  if not nodes then return 1 / order, 2 / order end
  local h = math.log(run.sigma / run.sigma_next)
  return math.log(run.sigma / nodes[1]) / h, order > 2 and math.log(run.sigma / nodes[2]) / h or nil
end

local function single(o, run, form)
  if run.sigma_next == 0 then
    return exponential.to_zero(form, run, exponential.model(form, run, run.x, run.sigma))
  end
  local order = run.memory.orders[run.step]
  local r1, r2 = places(run, order)
  local line = Line.new(run, form, run.sigma, math.log(run.sigma / run.sigma_next), run.sigma_next)
  return line:step(run.x, order, o.solver_type, {}, r1, r2)
end

-- ---- adaptive steps (the control of Jolicoeur-Martineau et al. 2021) -------------------------------------

-- The largest error; one that is no number counts as such.
local function largest(sizes)
  local worst = 0
  for _, size in ipairs(sizes) do
    if size ~= size then return size end
    worst = math.max(worst, size)
  end
  return worst
end

local function judge(c, size)
  c.h = c.theta * (c.to - c.lambda) * size ^ (-1 / c.order)
  return size <= 1
end

-- Errors are those of the process's own states.
local function by_error(o, run, form)
  return adaptive(run, {
    form = form, order = o.order, solver_type = o.solver_type, atol = o.atol, rtol = o.rtol,
    whole = o.norm == "batch", eta = 0, measured = function(y, sigma) return (run:to_process(y, sigma)) end,
    control = function()
      return { h = o.h_init, judge = judge, together = largest, theta = o.theta, order = o.order }
    end,
  })
end

local function check_method(who, o)
  options.choice(who, "method", o.method, METHODS)
  options.choice(who, "solver_type", o.solver_type, { "dpmsolver", "taylor" })
  options.choice(who, "inner", o.inner, { "lambda", "grid" })
  options.choice(who, "norm", o.norm, { "sample", "batch" })
  if o.order ~= 1 and o.order ~= 2 and o.order ~= 3 then fail(who, "order", "1, 2 or 3", o.order) end
  options.amounts(who, o, { "noise" })
  options.positives(who, o, { "rtol", "atol", "h_init", "theta" })
  if o.noise > 0 and (o.method ~= "multistep" or o.order > 2) then
    fail(who, "noise", 'none or 0, but with method "multistep" and order 1 or 2', o.noise)
  end
end

local function check(who, o)
  check_method(who, o)
  if o.method == "adaptive" then
    if o.order == 1 then fail(who, "order", "2 or 3 for adaptive steps", o.order) end
    if o.steps then fail(who, "steps", "none for adaptive steps", o.steps) end
    return
  end
  o.steps = o.steps or 20
  if o.method == "singlestep_fixed" and o.steps < o.order then
    fail(who, "steps", ("at least %d, an evaluation for each stage"):format(o.order), o.steps)
  end
end

-- As steps shrink, at most 2 with the published third order of multistep, or with a last single step of order 1.
local function convergence(o)
  if o.noise > 0 then return 1 end
  local published = o.method == "multistep" and o.solver_type == "dpmsolver"
  local short = o.method == "singlestep" and o.steps % o.order ~= o.order - 1
  return (published or short) and math.min(o.order, 2) or o.order
end

--- The row of a sampler on `form`, "noise" or "data". inner: single steps' nodes are even in "lambda", as in the paper,
-- or the "grid"'s own, as the reference has them on grids of time. lower_order_final: with fewer than 10 steps, the
-- last of multistep are of lower order. noise = tau, between the flow (0) and the SDE (1). Adaptive steps: rtol, atol,
-- the first step h_init in lambda, the safety factor theta, and norm = "sample" or "batch".
function dpm.row(form, row)
  row.order, row.cost, row.space, row.denoise, row.grid = convergence, 1, "sigma", false, "logsnr"
  row.weak = function(o) return o.noise > 0 and o.order or nil end
  row.noise = function(o) return o.noise > 0 end
  row.options = {
    steps = options.NONE, order = 2, method = "multistep", solver_type = "dpmsolver", lower_order_final = true,
    inner = "lambda", noise = 0.0, atol = 0.0078, rtol = 0.05, h_init = 0.05, theta = 0.9, norm = "sample",
  }
  row.check = function(o) check(row.name, o) end
  row.schedule = function(o, run, grid)
    if o.method == "multistep" then return grid(o.steps) end
    return (o.inner == "lambda" and even_nodes or grid_nodes)(o, run, grid)
  end
  row.step = function(o, run)
    if o.method ~= "multistep" then return single(o, run, form) end
    local order = exponential.order_here(o, run, o.order)
    return exponential.multistep(run, form, order, o.order, o.solver_type, o.noise)
  end
  row.sample = function(o, run) return by_error(o, run, form) end
  return row
end

return dpm
