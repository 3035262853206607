-- k-diffusion's samplers and grids on any process.
local check = require "check"
local law = require "gaussian"
local sl = require "sdelua"

local solve, sde = sl.solve, sl.sde

local f64 = { dtype = "float64" }
local MEAN, D = law.MEAN, law.D

local processes = {
  VP = sde.VP {}, subVP = sde.subVP {}, VE = sde.VE {}, offset = law.offset(),
}

local flows = {
  "euler", "heun", "dpm_2", "lms", "dpm_2_a", "dpmpp_2s_a", "dpmpp_sde", "dpmpp_2m", "dpmpp_2m_sde", "dpmpp_3m_sde",
  "euler_a", "dpm_fast",
}

check.test("every sampler in sigma follows the flow of every affine process, with its order", function()
  for kind, process in pairs(processes) do
    local x = sl.tensor({ { 0.3, -1.2 }, { 2.5, 0.9 }, { -0.8, 1.1 } }, f64)
    local want = law.flow(process, x, process.T, process.eps.sample)
    for _, name in ipairs(flows) do
      local errors, sampler = {}, nil
      for i, steps in ipairs { 48, 96 } do
        local o = { eps = process.eps.sample, steps = steps, grid = "logsnr", denoise = false }
        o.eta = (solve.samplers:find(name).options or {}).eta and 0.0
        if name == "dpm_fast" then o.grid, o.denoise = nil, nil end
        sampler = solve[name](o)
        errors[i] = (sampler(process, law.score(process), nil, { x = x }) - want):abs():amax():item()
      end
      local order = math.log(errors[1] / errors[2], 2) -- lms: above 2, but the grid's first steps are long
      check.ok(order > math.min(sampler.order, 2) - 0.3 and errors[2] < 0.08 / (sampler.order == 1 and 1 or 10),
        ("%s, %s: order %g, off by %g"):format(name, kind, order, errors[2]))
    end
  end
end)

local noisy = { "euler_a", "dpm_2_a", "dpmpp_2s_a", "dpmpp_sde", "dpmpp_2m_sde", "dpmpp_3m_sde", "dpm_fast" }

check.test("noise keeps the law", function()
  local process = processes.VP
  for _, name in ipairs(noisy) do
    local sampler = solve[name] { steps = name == "euler_a" and 300 or 40, eta = name == "dpm_fast" and 0.7 or 1.0 }
    local x = sampler(process, law.score(process), { 1500, 2 }, { seed = 4 })
    check.close(x:mean():item(), MEAN, 0, 0.04, name)
    check.close(x:std():item(), D, 0.06, 0, name)
  end
end)

check.test("a sample depends on seed and index only", function()
  local process, score = processes.VP, law.score(processes.VP)
  local samplers = {
    solve.heun { steps = 5, S_churn = 3 }, solve.dpm_adaptive {}, solve.dpm_adaptive { eta = 0.5, order = 2 },
  }
  for _, name in ipairs(noisy) do samplers[#samplers + 1] = solve[name] { steps = 5, eta = 0.8 } end
  for _, sampler in ipairs(samplers) do
    local whole, info = sampler(process, score, { 7, 2 }, { seed = 7 })
    for threads = 1, 2 do
      sl.set_threads(threads)
      local first = sampler(process, score, { 3, 2 }, { seed = 7 })
      local rest, own = sampler(process, score, { 4, 2 }, { seed = 7, first = 3 })
      check.eq(sl.cat({ first, rest }, 1):totable(), whole:totable(), sampler.name)
      if sampler.name == "dpm_adaptive" then
        check.eq(own.nfe:totable(), info.nfe:narrow(1, 4, 4):totable())
      end
    end
  end
  sl.set_threads(2)
end)

check.test("the noise of those that are left in a batch", function()
  for _, source in ipairs {
    sl.noise { seed = 3, first = 4 }, sl.noise { seed = 3, index = sl.tensor({ 9, 2, 5 }, { dtype = "int64" }) },
  } do
    local whole = source:normal({ 3, 2 }, 1):totable()
    check.eq(source:only({ 3, 1 }):normal({ 2, 2 }, 1):totable(), { whole[3], whole[1] })
  end
end)

check.test("step control by sample: tolerance, counts, arrivals", function()
  local process, score = processes.VP, law.score(processes.VP)
  local x = sl.tensor({ { 0.3, -1.2 }, { 6, -4 }, { -0.8, 1.1 } }, f64)
  local want, last = law.flow(process, x, 1, 1e-3), math.huge
  for _, tolerance in ipairs { 1e-2, 1e-4, 1e-6 } do
    local y, info = solve.dpm_adaptive { rtol = tolerance, atol = tolerance } (process, score, nil, { x = x })
    local off = (y - want):abs():amax():item()
    -- the sum of what each step may be off by
    check.ok(off < tolerance * info.steps:amax():item() * want:abs():amax():item() and off < last,
      ("off by %g at %g"):format(off, tolerance))
    last = off
    check.eq(info.nfe:totable(), (info.steps * 3):totable())
    check.eq((info.n_accept + info.n_reject):totable(), info.steps:totable())
    check.ok(info.steps:totable()[2] ~= info.steps:totable()[1])
  end
  -- one step size for all: alone, a sample goes the same way either way
  local alone = x:narrow(1, 2, 1)
  local a = solve.dpm_adaptive {} (process, score, nil, { x = alone })
  local b = solve.dpm_adaptive { norm = "batch" } (process, score, nil, { x = alone })
  check.close(a:totable(), b:totable(), 1e-12)
end)

check.test("callbacks, trajectories, estimates corrected", function()
  local process, score = processes.VP, law.score(processes.VP)
  for _, name in ipairs { "dpm_fast", "heun", "dpm_2" } do
    local times = {}
    local x, info = solve[name] { steps = 6, eps = 1e-3 } (process, score, { 2, 2 }, {
      seed = 1, trajectory = true, callback = function(s) times[#times + 1] = s.r or s.t end,
    })
    check.eq(info.trajectory[#info.trajectory]:totable(), x:totable(), name)
    check.eq(#info.trajectory, #times + 1)
    check.close(times[#times], name == "dpm_fast" and 1e-3 or 0, 1e-9)
  end
  local seen = 0
  solve.dpm_adaptive {} (process, score, { 2, 2 }, { seed = 1, callback = function(s)
    seen = seen + 1
    check.eq({ s.stage, s.step, s.x:shape(2) }, { "dpm_adaptive", seen, 2 })
  end })
  check.ok(seen > 3)
  local halved = solve.heun { steps = 6, correct = function(x0) return x0 * 0 end }
  check.eq(halved(process, score, { 2, 2 }, { seed = 1 }):abs():amax():item(), 0)
end)

check.test("other names", function()
  for alias, name in pairs {
    edm = "heun", euler_ancestral = "euler_a", dpm_2_ancestral = "dpm_2_a", dpmpp_2s_ancestral = "dpmpp_2s_a",
  } do
    check.eq(solve[alias] {}.name, name)
  end
end)

check.test("bad arguments are named", function()
  local vp, score = processes.VP, law.score(processes.VP)
  check.raises(function() solve.heun { s_churn = 1 } end, "heun: unknown option s_churn")
  check.raises(function() solve.lms { order = 0 } end, "lms: option order")
  check.raises(function() solve.dpmpp_2m_sde { solver_type = "rk" } end, "dpmpp_2m_sde: option solver_type")
  check.raises(function() solve.dpm_adaptive { order = 4 } end, "dpm_adaptive: option order: expected 2, 3, got 4")
  check.raises(function() solve.dpm_adaptive { rtol = 0 } end, "dpm_adaptive: option rtol")
  check.raises(function() solve.dpm_adaptive { steps = 3 } end, "dpm_adaptive: option steps")
  check.raises(function() solve.dpm_adaptive { norm = "max" } end, "dpm_adaptive: option norm")
  check.raises(function() solve.dpm_adaptive { max_steps = 3 } (vp, score, { 2, 2 }) end, "max_steps reached")
  check.raises(function() solve.dpm_adaptive { eps = 0 } (vp, score, { 2, 2 }) end, "dpm_adaptive: option eps")
  check.raises(function() solve.dpm_fast { eps = 1 } (vp, score, { 2, 2 }) end, "dpm_fast: option eps")
  check.raises(function()
    solve.dpm_adaptive {} (vp, function(x) return x * (0 / 0) end, { 2, 2 })
  end, "dpm_adaptive: the step size vanishes")
  check.raises(function()
    solve.dpmpp_sde {} (vp, score, { 2, 2 }, { noise = function(shape) return sl.zeros(shape) end })
  end, "noise: expected a function brownian")
  check.raises(function()
    local path = function(shape, _, _, dtype) return sl.zeros(shape, { dtype = dtype }) end
    solve.dpm_adaptive { eta = 0.5 } (vp, score, nil, { x = sl.zeros { 2, 2 }, noise = { brownian = path } })
  end, "each sample goes its own way")
  check.raises(function() solve.heun { grid = { "iddpm", M = 5 } } (vp, score, { 2, 2 }) end,
    "heun: option grid: expected at most 4 steps of iddpm, got 17")
  check.raises(function() solve.heun {} (sde.define { mean = function(t) return math.cos(t * math.pi / 2) end,
    std = function(t) return math.sin(t * math.pi / 2) end }, score, { 2, 2 }) end, "heun: argument process")
end)
