-- Orders of convergence of every sampler that states one, as a table, within 0.15 of what it states.
local check = require "check"
local convergence = require "convergence"
local program = require "process"
local sl = require "sdelua"

local solve, sde = sl.solve, sl.sde
local error_of, score_of, from_path = convergence.error_of, convergence.score_of, convergence.from_path

-- What each row is measured with besides its defaults, how many steps the coarse run has (64 unless said: some leave a
-- higher order's regime later), and what can't be measured, with the reason.
local VARIANTS = {
  ode = {
    { method = "euler" }, { method = "midpoint" }, { method = "heun" }, { method = "bosh3" },
    { method = "rk4" }, { method = "dopri5" },
  },
  reverse_diffusion = { {}, { noise = 0.5 } }, ancestral = { {}, { variance = "small" }, { variance = "large" } },
  deis = { { degree = 1 }, { degree = 2 }, {} }, unipc = { {}, { order = 1 }, { predicts = "noise" } },
  lms = { { order = 2 }, { order = 3 }, {} }, srk = { {}, { noise = 0.5 } },
  ddim = { {}, { eta = 1.0 } }, euler_a = { {}, { eta = 0.0 } },
  sa_solver = { { tau = 2.0 }, { predictor = 1 }, { predictor = 1, corrector = 0 } },
  pc = { { corrector = "none" }, { corrector = "none", predictor = "ancestral" } },
}
local STEPS = {
  dpmpp_2m = 128, dpm_solver_pp = 128, dpmpp_3m_sde = 256, sa_solver = 256, dpm_fast = 71, ode = 32,
}
local AFTER = { dpm_fast = 143 } -- m intervals for 3 m - 1 evaluations, the last of second order
local UNMEASURED = {
  adaptive_sde = "steps are chosen, not given", dpm_adaptive = "steps are chosen, not given",
  mala = "a chain at one time has no step in time", langevin = "no step in time: its bias goes with snr",
  annealed_langevin = "no step in time: its bias goes with epsilon",
}

local REMARKS = { pc = "without its corrector, whose bias goes with snr", sa_solver = "its defaults: in the long test" }

local function described(options)
  local parts = {}
  for key, value in pairs(options) do parts[#parts + 1] = ("%s = %s"):format(key, value) end
  table.sort(parts)
  return table.concat(parts, ", ")
end

local function fact(row, key, sampler)
  local v = row[key]
  if type(v) == "function" then return v(sampler.options) end
  return v
end

local rows = setmetatable({}, require "sdelua.listing" {
  "sampler", "options", "kind", "stated", "measured", "remark",
})
local function note(row) rows[#rows + 1] = row end

-- Within 0.15 of what is stated.
local function verdict(row)
  local off = math.abs(row.measured - row.stated)
  if off ~= off or off > 0.15 then
    return ("%s { %s }: %s order %g, measured %.3f")
      :format(row.sampler, row.options, row.kind, row.stated, row.measured)
  end
end

local function measured(name, row, options)
  local shown = { sampler = name, options = described(options), remark = UNMEASURED[name] }
  note(shown)
  if shown.remark then return nil end
  local o = { steps = 8 }
  for key, value in pairs(options) do o[key] = value end
  local sampler = solve[name](o)
  shown.kind = sampler.noise and "weak" or "flow"
  shown.stated = sampler.noise and fact(row, "weak", sampler) or not sampler.noise and sampler.order or nil
  if not shown.stated then
    shown.remark = "states none"
    return nil
  end
  local n = STEPS[name] or 64
  local coarse, reason = error_of(name, options, n)
  if not coarse then
    shown.remark = reason
    return nil
  end
  shown.remark = REMARKS[name]
  shown.measured = math.log(coarse / error_of(name, options, AFTER[name] or 2 * n), 2)
  return verdict(shown)
end

local function complain(failures) check.ok(#failures == 0, table.concat(failures, "\n")) end

check.test("each sampler has the weak order, or that of the flow, that it states", function()
  local failures = {}
  for name, row in solve.samplers:each() do
    for _, options in ipairs(VARIANTS[name] or { {} }) do
      failures[#failures + 1] = measured(name, row, options)
    end
  end
  complain(failures)
end)

-- Euler's method, which says that it is of second order.
local TOO_MUCH = [[
return {
  doc = "Euler.", source = "this test", order = 2, cost = 1, space = "sigma",
  step = function(_, run)
    local share = run.sigma_next / run.sigma
    return run.x * share + run:denoised(run.x, run.sigma) * (1 - share)
  end,
}
]]

check.test("a row from a folder of the reader's own is measured; one that states too much fails", function()
  local folder, path = program.folder(), package.path
  assert(os.execute(("mkdir -p '%s/sdelua/solve/samplers'"):format(folder)))
  local file = assert(io.open(folder .. "/sdelua/solve/samplers/states_too_much.lua", "w"))
  file:write(TOO_MUCH)
  file:close()
  package.path = folder .. "/?.lua;" .. path
  local found
  for name, row in solve.samplers:each() do
    if name == "states_too_much" then found = measured(name, row, {}) end
  end
  package.path, rows[#rows] = path, nil
  os.execute(("rm -r '%s'"):format(folder))
  check.ok(found and found:find "flow order 2, measured 0.99" or found:find "measured 1.0", found)
end)

-- ---- strong orders --------------------------------------------------------------------------------------------------

local N = 600

-- Slope of the errors of 16, 32, 64 and 128 steps, by least squares in logarithms.
local function fitted(errors)
  local mean, sum, squares = 0, 0, 0
  for i, e in ipairs(errors) do mean = mean + i / #errors; sum = sum + math.log(e, 2) / #errors end
  local cross = 0
  for i, e in ipairs(errors) do
    cross = cross + (i - mean) * (math.log(e, 2) - sum)
    squares = squares + (i - mean) ^ 2
  end
  return -cross / squares
end

local function rms(x) return x:square():mean():sqrt():item() end

local function strong(process, x0, method, exact)
  local errors = {}
  for i = 1, 4 do
    errors[i] = rms((process:simulate(x0, { steps = 8 << i, method = method, seed = 5 })) - exact)
  end
  return fitted(errors)
end

local function one(value) return sl.full({ N, 1 }, value, { dtype = "float64" }) end

check.test("strong orders on one Brownian path, refined", function()
  local mu, sigma = 0.5, 0.8
  local gbm = sde.define {
    drift = function(x) return x * mu end, diffusion = function(x, _) return x * sigma end, noise_type = "diagonal",
    tier = "general",
  }
  local W = sl.noise { seed = 5 }:increment({ N, 1 }, 0, 1, "float64")
  local exact = ((W * sigma) + (mu - sigma ^ 2 / 2)):exp()
  local well = sde.define {
    drift = function(x) return x - x * x * x end, diffusion = function(t) return (t * 3):sin() * 0.4 + 0.6 end,
    noise_type = "scalar", tier = "general",
  }
  local fine = well:simulate(one(0.5), { steps = 1024, method = "srk", seed = 5 })
  local failures = {}
  for _, case in ipairs {
    { "geometric", gbm, 1, exact, "euler_maruyama", 0.5 }, { "geometric", gbm, 1, exact, "milstein", 1 },
    { "additive", well, 0.5, fine, "euler_maruyama", 1 }, { "additive", well, 0.5, fine, "milstein", 1 },
    { "additive", well, 0.5, fine, "srk", 1.5 },
  } do
    local row = { sampler = "simulate", options = case[5] .. ", " .. case[1], kind = "strong", stated = case[6] }
    row.measured = strong(case[2], one(case[3]), case[5], case[4])
    note(row)
    failures[#failures + 1] = verdict(row)
  end
  complain(failures)
end)

-- |x_n - x_2n| on one path, whose noise is additive: Euler-Maruyama's order, and that of its like, is then 1, not 1/2.
check.test("samplers that draw noise converge on one path, at least at their strong order", function()
  local failures = {}
  for name, row in solve.samplers:each() do
    local sampler = not UNMEASURED[name] and name ~= "pc" and solve[name] { steps = 8 }
    if sampler and sampler.noise and sampler.order then
      local place, states = convergence.places[row.space or "time"], {}
      local score = score_of(place.process)
      local x = place.process:prior_sampling({ 100, 2 }, { seed = 2, dtype = "float64" })
      for i = 1, 3 do
        local n = 16 << i
        states[i] = solve[name] { steps = n, denoise = false, grid = place.grid, eps = place.eps } (
          place.process, score, nil, { x = x, noise = from_path(place, row, n, 9) })
      end
      local shown = { sampler = name, options = "", kind = "strong", stated = sampler.order }
      shown.measured = math.log(rms(states[1] - states[2]) / rms(states[2] - states[3]), 2)
      if shown.stated == 0.5 then shown.remark = "1 for additive noise" end
      note(shown)
      if shown.measured ~= shown.measured or shown.measured < shown.stated - 0.15 then
        failures[#failures + 1] = ("%s: strong order %g, measured %.3f"):format(name, shown.stated, shown.measured)
      end
    end
  end
  complain(failures)
end)

print(rows)
