-- What holds for every sampler that is listed: the bits of a sample depend on its seed and number alone; callbacks,
-- counts and types alike.
local check = require "check"
local every = require "every_sampler"
local sl = require "sdelua"

local STEPS, N, vp, score, each = every.STEPS, every.N, every.vp, every.score, every.each

-- Steps beyond those of the grid cost as well.
local MORE = { restart = "goes back and runs intervals again" }

-- steps times cost, but that the last step, or the end, may take one evaluation less or more.
local function counted(name, row, solve, info)
  if row.sample or MORE[name] then return end
  check.ok(math.abs(info.nfe - STEPS * solve.cost) <= 1,
    ("%s: %d steps of cost %d took %d evaluations"):format(name, STEPS, solve.cost, info.nfe))
end

check.test("a sampler refuses what has no samples in its own name", function()
  for _, name in ipairs { "heun", "euler_maruyama", "ode", "langevin" } do
    local solve = sl.solve[name] {}
    check.raises(function() solve(vp, score, { 100 }) end,
      name .. ": argument shape: expected a list of sizes { N, features … }, got { 100 }")
    check.raises(function() solve(vp, score) end, name .. ": argument shape")
    check.raises(function() solve(vp, score, nil, { x = sl.zeros { 3 } }) end, name .. ": option x: expected a float")
  end
end)

each("stands alone", function(name, row, make)
  local solve = make {}
  check.ok(#row.doc > 20 and #row.source > 5, name .. ": a doc line and a source")
  check.ok(not row.options or row.step or row.sample or row.steppers, name)
  local calls = 0
  local whole, info = solve(vp, score, { N, 2 }, { seed = 3, callback = function(state)
    calls = calls + 1
    check.eq(state.x:shape()[2], 2)
  end })
  check.eq(whole:shape(), { N, 2 })
  check.ok(whole:abs():amax():item() < 10, "not finite or far off")
  check.ok(calls > 0, "no callback")
  check.ok((sl.is_tensor(info.nfe) and info.nfe:amin():item() or info.nfe) > 0, "no evaluations counted")
  counted(name, row, solve, info)
  local function same(x, what) check.eq(x:totable(), whole:totable(), what) end
  for threads = 1, 2 do
    sl.set_threads(threads)
    local parts = {}
    for first = 0, N - 1, threads do
      parts[#parts + 1] = solve(vp, score, { math.min(threads, N - first), 2 }, { seed = 3, first = first })
    end
    same(sl.cat(parts, 1), threads .. " samples a batch")
  end
  sl.set_threads(2)
  local other = solve(vp, score, { N, 2 }, { seed = 4 })
  check.ok((other - whole):abs():amax():item() > 1e-3, "the seed makes no difference")
  check.eq(solve(vp, score, { N, 2 }, { seed = 3, dtype = "float64" }).dtype, "float64")
end)

check.test("pc costs what its parts do", function()
  for _, o in ipairs { { corrector = "none" }, { predictor = "none", n_steps = 2 }, { n_steps = 3 } } do
    o.steps = STEPS
    local solve = sl.solve.pc(o)
    local _, info = solve(vp, score, { N, 2 }, { seed = 3 })
    check.eq(info.nfe, STEPS * solve.cost)
  end
end)
