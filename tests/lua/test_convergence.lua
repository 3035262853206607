-- Orders of convergence of every sampler that states one, as a table, within 0.15 of what it states.
local check = require "check"
local convergence = require "convergence"
local program = require "process"
local sl = require "sdelua"

local solve, sde = sl.solve, sl.sde
local score_of, from_path = convergence.score_of, convergence.from_path
local rows = convergence.rows()

local function complain(failures) check.ok(#failures == 0, table.concat(failures, "\n")) end

check.test("each sampler has the weak order, or that of the flow, that it states", function()
  complain(convergence.samplers(rows))
end)

check.test("a few samplers have theirs on each process", function() complain(convergence.processes(rows)) end)

-- Euler's method, which says that it is of second order; and a step whose noise goes with the state.
local WRONG = {
  states_too_much = [[
return {
  doc = "Euler.", source = "this test", order = 2, cost = 1, space = "sigma",
  step = function(_, run)
    local share = run.sigma_next / run.sigma
    return run.x * share + run:denoised(run.x, run.sigma) * (1 - share)
  end,
}
]],
  states_too_much_of_noise = [[
return {
  doc = "Bent.", source = "this test", order = 1, weak = 1, cost = 1, space = "sigma",
  noise = function() return true end,
  step = function(_, run) return run.x + (run.x * run:normal()):sin() end,
}
]],
}

check.test("rows from a folder of the reader's own are measured; what states too much fails", function()
  local folder, path = program.folder(), package.path
  assert(os.execute(("mkdir -p '%s/sdelua/solve/samplers'"):format(folder)))
  for name, text in pairs(WRONG) do
    local file <close> = assert(io.open(("%s/sdelua/solve/samplers/%s.lua"):format(folder, name), "w"))
    file:write(text)
  end
  package.path = folder .. "/?.lua;" .. path
  local found = convergence.samplers(convergence.rows(), "^states_too_much")
  package.path = path
  os.execute(("rm -r '%s'"):format(folder))
  check.eq(#found, 2)
  check.ok(found[1]:find "flow order 2, measured [01]%.[09]", found[1])
  check.ok(found[2]:find("weak order 1, which can't be measured: not affine in state and noise", 1, true), found[2])
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
    failures[#failures + 1] = convergence.verdict(rows, row)
  end
  complain(failures)
end)

-- |x_n - x_2n| on one path, whose noise is additive: Euler-Maruyama's order, and that of its like, is then 1, not 1/2.
check.test("samplers that draw noise converge on one path, at least at their strong order", function()
  local failures = {}
  for name, row in solve.samplers:each() do
    local sampler = not convergence.unmeasured[name] and name ~= "pc" and solve[name] { steps = 8 }
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
      rows[#rows + 1] = shown
      if shown.measured ~= shown.measured or shown.measured < shown.stated - 0.15 then
        failures[#failures + 1] = ("%s: strong order %g, measured %.3f"):format(name, shown.stated, shown.measured)
      end
    end
  end
  complain(failures)
end)

print(rows)
