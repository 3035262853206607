-- What every sampler lets be seen on its way: its callback and its trajectory.
local check = require "check"
local every = require "every_sampler"
local sl = require "sdelua"

local vp, score, N = every.vp, every.score, every.N

-- A list of each sample's time.
local function times_of(t)
  if sl.is_tensor(t) then return t:totable() end
  local list = {}
  for i = 1, N do list[i] = t end
  return list
end

-- Times fall, and samples that have arrived stay where they are.
local function check_way(info, x)
  local before, final, ended = times_of(info.times[1]), x:totable(), times_of(info.times[#info.times])
  for k, t in ipairs(info.times) do
    local here, state = times_of(t), info.trajectory[k]:totable()
    for i = 1, N do
      check.ok(here[i] <= before[i], "a time rises")
      if here[i] == ended[i] then check.eq(state[i], final[i], "moves after its arrival") end
    end
    before = here
  end
end

local function check_state(state, k)
  check.eq({ state.x:shape(), state.x_mean:shape() }, { { N, 2 }, { N, 2 } })
  check.eq({ math.type(state.t), math.type(state.nfe), type(state.stage) }, { "float", "integer", "string" })
  check.ok(state.step >= 1 and state.step <= k, "steps count from 1")
  if state.times then check.eq(state.times:amax():item(), state.t, "t is the latest") end
end

every.each("shows its way", function(_, _, make)
  for _, more in ipairs { {}, { denoise = "tweedie" } } do
    local met, solve = {}, make(more)
    local x, info = solve(vp, score, { N, 2 }, {
      seed = 3, trajectory = true, callback = function(state) met[#met + 1] = state end,
    })
    check.eq(x:totable(), solve(vp, score, { N, 2 }, { seed = 3 }):totable(), "looking on changes it")
    check.eq({ #info.times, #info.trajectory > 2, #info.trajectory <= #met + 2 }, { #info.trajectory, true, true })
    check.eq(info.trajectory[1]:totable(), vp:prior_sampling({ N, 2 }, { seed = 3 }):totable(), "the first state")
    check.eq(info.trajectory[#info.trajectory]:totable(), x:totable(), "the last state")
    check_way(info, x)
    for k, state in ipairs(met) do check_state(state, k) end
  end
end)

-- Each sample's way is the one it goes alone, until it arrives.
check.test("a batch goes each sample's way", function()
  local x0 = sl.noise { seed = 2 }:normal({ 6, 2 }, 1, "float64") * sl.tensor({ 0.01, 30, 1, 3, 100, 0.3 },
    { dtype = "float64" }):reshape { 6, 1 }
  for name, sampler in pairs {
    ode = sl.solve.ode { rtol = 1e-3, atol = 1e-3 }, sde = sl.solve.adaptive_sde { rtol = 0.1, atol = 0.1 },
    dpm_adaptive = sl.solve.dpm_adaptive { rtol = 1e-3 }, dpm_solver = sl.solve.dpm_solver { method = "adaptive" },
  } do
    local _, whole = sampler(vp, score, nil, { x = x0, seed = 1, trajectory = true })
    local various = false
    for i = 1, 6 do
      local _, alone = sampler(vp, score, nil, { x = x0:narrow(1, i, 1), seed = 1, first = i - 1, trajectory = true })
      various = various or #alone.times < #whole.times
      for k, state in ipairs(whole.trajectory) do
        local j = math.min(k, #alone.times)
        check.eq(state:narrow(1, i, 1):totable(), alone.trajectory[j]:totable(), name)
        if k > 1 then check.eq(whole.times[k]:totable()[i], alone.times[j]:totable()[1], name) end
      end
    end
    check.ok(various, name .. ": all arrive together")
  end
end)

check.test("one time where all share a step", function()
  for _, name in ipairs { "ode", "dpm_adaptive" } do
    local met = {}
    local x, info = sl.solve[name] { norm = "batch" } (vp, score, { N, 2 }, {
      seed = 1, trajectory = true, callback = function(state) met[#met + 1] = state end,
    })
    check.eq(info.trajectory[#info.trajectory]:totable(), x:totable(), name)
    check.eq({ #info.times, #info.trajectory }, { #met + 1, #met + 1 }, name)
    for k, state in ipairs(met) do check.eq({ state.times == nil, info.times[k + 1] }, { true, state.t }, name) end
  end
end)

check.test("the last noise goes from the result, not from what the callback sees", function()
  local last
  local x, info = sl.solve.ancestral { steps = 4 } (vp, score, { N, 2 }, {
    seed = 1, trajectory = true, callback = function(state) last = state end,
  })
  check.eq(last.x_mean:totable(), x:totable())
  check.ok((last.x - x):abs():amax():item() > 0)
  check.close(info.times, { 1, 0.75025, 0.5005, 0.25075, 0.001 }, 1e-12)
end)
