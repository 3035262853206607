-- EDM's samplers, replayed with the noise that the reference implementation drew.
local check = require "check"
local grid = require "sdelua.solve.grid"
local oracle = require "oracle"
local sl = require "sdelua"

local solve, sde = sl.solve, sl.sde

-- EDM chooses VP's betas from the ends. Between 0.002 and 80 beta_min comes out below 0, and sigma imaginary for t <
-- 4e-4, where no step of its own is: there the process goes down to 0 like a power of t.
local function vp_below_zero(beta_min, beta_d)
  local function B(t) return (0.5 * beta_d * t + beta_min) * t end
  local from = 8e-4
  local power = from * (beta_d * from + beta_min) / B(from)
  local function variance(t)
    if t >= from then return math.exp(B(t)) - 1 end
    return (math.exp(B(from)) - 1) * (t / from) ^ power
  end
  return sde.define {
    T = 1.5, mean = function(t) return (1 + variance(t)) ^ -0.5 end,
    std = function(t) return (variance(t) / (1 + variance(t))) ^ 0.5 end,
  }
end

-- The processes of EDM's schedules, with room above the first sigma for churn.
local PROCESSES = {
  vp = function(lo, hi)
    local b, B = math.log(lo ^ 2 + 1), math.log(hi ^ 2 + 1)
    local beta_d = 2 * (b / 1e-3 - B) / (1e-3 - 1)
    local beta_min = B - beta_d / 2
    if beta_min < 0 then return vp_below_zero(beta_min, beta_d) end
    return sde.VP { beta_min = beta_min, beta_max = beta_min + 1.5 * beta_d, T = 1.5 }
  end,
  ve = function() return sde.VE { sigma = math.sqrt, T = 2e4 } end,
  linear = function() return sde.EDM { sigma_max = 200 } end,
}

-- The ends of its discretizations.
local function vp_sigma(t) return math.sqrt(math.exp((0.5 * 19.9 * t + 0.1) * t) - 1) end
local ENDS = { vp = { vp_sigma(1e-3), vp_sigma(1) }, ve = { 0.02, 100 }, iddpm = { 0.002, 81 }, edm = { 0.002, 80 } }

local function nearest(round_table)
  local levels = round_table:totable()
  return function(sigma)
    local best = levels[1]
    for _, level in ipairs(levels) do
      if math.abs(level - sigma) < math.abs(best - sigma) then best = level end
    end
    return best
  end
end

-- The reference computes alpha-bar in float32, and from it 1 + sigma^2: its own levels are replayed, and ours are near.
local function iddpm_levels(case, spec)
  local process, list = PROCESSES.linear(), {}
  local _, own = grid.times("test", process, spec, case.params.num_steps, process.T, 0, true)
  for i = 1, case.params.num_steps do
    list[i] = case.arrays.net_sigma:select(1, i == 1 and 1 or 2 * i - 2):item()
    check.close(1 + own[i] ^ 2, 1 + list[i] ^ 2, 1e-6)
  end
  check.eq({ #own, own[#own] }, { #list + 1, 0 })
  list[#list + 1] = 0.0
  return list
end

local function bound(v) return v == "inf" and math.huge or v end

-- The process, the sampler and the highest sigma.
local function plan(case)
  local p = case.params
  local o = { steps = p.num_steps, S_churn = p.S_churn, S_tmin = p.S_min, S_tmax = p.S_max, S_noise = p.S_noise }
  if p["function"] == "edm_sampler" then
    local lo, hi = math.max(p.sigma_min, p.net_sigma_min), math.min(p.sigma_max, bound(p.net_sigma_max))
    o.round = p.rounded and nearest(case.arrays.round_table) or nil
    o.grid = { "karras", rho = p.rho, sigma_min = lo, sigma_max = hi }
    return PROCESSES.linear(), solve.edm(o), o.round and o.round(hi) or hi
  end
  local lo, hi = table.unpack(ENDS[p.discretization])
  o.grid, o.solver, o.alpha = { p.discretization, sigma_min = lo, sigma_max = hi }, p.solver, p.alpha
  if p.discretization == "iddpm" then
    o.grid = { sigma = iddpm_levels(case, o.grid) }
    hi = o.grid.sigma[1]
  end
  return PROCESSES[p.schedule](lo, hi), solve.edm_ablation(o), hi
end

-- The score, which notes what EDM's network would be asked and answer.
local function noted(process, score)
  local seen = { net_x = {}, net_sigma = {}, net_out = {} }
  return function(x, t)
    local y, at = score(x, t), process:point(t:select(1, 1):item())
    local u = (x - at.c) / at.m
    table.insert(seen.net_x, u)
    table.insert(seen.net_sigma, sl.tensor({ at.sigma }, { dtype = "float64" }))
    table.insert(seen.net_out, u + y * (at.m * at.sigma ^ 2))
    return y
  end, seen
end

local function run(case, dtype)
  local a, process, sampler, sigma = case.arrays, plan(case)
  local score, seen = noted(process, oracle.mixture_score(process, a.gmm_weights, a.gmm_means, a.gmm_vars))
  local drawn, at = 0, process:point(process:time(sigma))
  local x, info = sampler(process, score, nil, {
    x = a.latents:to "float64":to(dtype) * at.s,
    noise = function(_, _, d)
      drawn = drawn + 1
      return a.noise:select(1, drawn):to(d)
    end,
  })
  check.eq(info.nfe, a.net_sigma:shape(1), case.case)
  check.eq(drawn, case.params.S_churn and a.noise:shape(1) or 0, case.case)
  return x, seen
end

oracle.replay("sampling", "^edm_", function(case)
  local x, seen = run(case, "float64")
  oracle.close(case, "final", x)
  for name, list in pairs(seen) do
    if case.arrays[name] then oracle.close(case, name, sl.stack(list, 1)) end
  end
  local loose = case.tolerances.final
  local f32 = { case = case.case .. " in float32", rtol = loose.rtol32, atol = loose.atol32 }
  oracle.close(f32, "final", (run(case, "float32")), case.arrays.final)
end)
