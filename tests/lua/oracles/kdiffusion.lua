-- k-diffusion's samplers and grids, replayed with the noise that the reference implementation drew.
local check = require "check"
local grid = require "sdelua.solve.grid"
local oracle = require "oracle"
local sl = require "sdelua"

local solve, sde = sl.solve, sl.sde

-- Its names of options, and ours.
local RENAMED = { s_churn = "S_churn", s_tmin = "S_tmin", s_tmax = "S_tmax" }
local OPTIONS = {
  "eta", "r", "solver_type", "order", "rtol", "atol", "pcoeff", "icoeff", "dcoeff", "s_churn", "s_tmin", "s_tmax",
}

local function sampler_of(case)
  local p, o = case.params, {}
  local name = p["function"]:match "^sample_(.*)$"
  for _, key in ipairs(OPTIONS) do o[RENAMED[key] or key] = p[key] end
  o[p.s_churn and "S_noise" or "s_noise"] = p.s_noise
  if p.schedule.fn == "range" then
    o.steps = p.n
    if name == "dpm_adaptive" then o.norm = "batch" end
    return solve[name](o), sde.EDM { sigma_min = p.schedule.sigma_min, sigma_max = p.schedule.sigma_max }
  end
  local sigmas = case.arrays.sigmas
  o.grid = { p.schedule.fn, rho = p.schedule.rho, sigma_min = p.schedule.sigma_min, sigma_max = p.schedule.sigma_max }
  o.steps = p.schedule.n
  -- room above for churn
  local process = sde.EDM { sigma_max = 100 }
  local _, own = grid.times("test", process, o.grid, o.steps, process.T, 0, true)
  check.close(own, sigmas:totable(), 1e-12, 1e-12)
  return solve[name](o), process
end

-- The model as the reference calls it, noted.
local function noted(score)
  local seen = { model_x = {}, model_sigma = {}, model_out = {} }
  return function(x, t) -- EDM: t is sigma
    local y = score(x, t)
    local s = t:to(x.dtype):reshape { -1, 1, 1, 1 }
    table.insert(seen.model_x, x)
    table.insert(seen.model_sigma, t)
    table.insert(seen.model_out, x + y * s:square())
    return y
  end, seen
end

-- Normal draws in their order, and unit increments of the path in theirs.
local function replayed(noise)
  local drawn = { count = 0 }
  local function next_draw(dtype)
    drawn.count = drawn.count + 1
    return noise:select(1, drawn.count):to(dtype)
  end
  return {
    normal = function(_, _, dtype) return next_draw(dtype) end,
    brownian = function(_, _, _, dtype) return next_draw(dtype) end,
  }, drawn
end

-- sigma_hat is what each step's first evaluation is at, or, with step control, where each attempt left the batch.
local function run(case, dtype)
  local a, sampler, process = case.arrays, sampler_of(case)
  local score, seen = noted(oracle.mixture_score(process, a.gmm_weights, a.gmm_means, a.gmm_vars))
  local noise, drawn = replayed(a.noise)
  local hats, at = {}, 1
  local x, info = sampler(process, score, nil, {
    x = a.x:to(dtype), noise = noise,
    callback = function(state)
      hats[#hats + 1] = a.info and state.t or seen.model_sigma[at]:select(1, 1):item()
      at = #seen.model_x + 1
    end,
  })
  seen.sigma_hat = { sl.tensor(hats, { dtype = "float64" }) }
  return x, seen, info, drawn.count, sampler
end

-- How many draws the reference makes and multiplies by 0: all without churn or eta, and dpm_fast's last.
local function unused(case, sampler)
  local n = case.arrays.noise and case.arrays.noise:shape(1) or 0
  if not sampler.noise then return n end
  return case.params["function"] == "sample_dpm_fast" and 1 or 0
end

local function close_grid(case, sigmas)
  sigmas = sl.tensor(sigmas, { dtype = "float64" })
  oracle.close(case, "sigmas", sigmas)
  oracle.close(case, "sigmas_f64", sigmas)
end

local function schedule(case)
  local p = case.params
  local name = p["function"]:match "^get_sigmas_(.*)$"
  if name == "vp" then
    local process = sde.VP { beta_min = p.beta_min, beta_max = p.beta_min + p.beta_d }
    local times = grid.times("test", process, "uniform", p.n, process.T, p.eps_s, true)
    local sigmas = {}
    for i, t in ipairs(times) do sigmas[i] = process:point(t).sigma end
    close_grid(case, sigmas)
    local _, named = grid.times("test", process, { "vp", eps_s = p.eps_s }, p.n, process.T, p.eps_s, true)
    return check.close(named, sigmas, 1e-10)
  end
  local spec = { name, sigma_min = p.sigma_min, sigma_max = p.sigma_max, rho = p.rho }
  local edm = sde.EDM {}
  close_grid(case, (select(2, grid.times("test", edm, spec, p.n, edm.T, 0, true))))
end

oracle.replay("sampling", "^kd_", function(case)
  if case.case:find "^kd_sigmas" then return schedule(case) end
  local a = case.arrays
  local x, seen, info, drawn, sampler = run(case, "float64")
  oracle.close(case, "final", x)
  for name, list in pairs(seen) do
    if a[name] then oracle.close(case, name, sl.stack(list, 1)) end
  end
  if a.info then
    local got = { info.steps, info.nfe, info.n_accept, info.n_reject }
    for i, v in ipairs(got) do got[i] = v:select(1, 1):item() end
    check.eq(got, a.info:totable())
    oracle.close(case, "info", sl.tensor(got, { dtype = "float64" }))
  else
    check.eq(info.nfe, a.model_x:shape(1))
  end
  check.eq(drawn, (a.noise and a.noise:shape(1) or 0) - unused(case, sampler), "draws")
  local loose = case.tolerances.final
  local f32 = { case = case.case .. " in float32", rtol = loose.rtol32, atol = loose.atol32 }
  oracle.close(f32, "final", (run(case, "float32")), a.final)
end)
