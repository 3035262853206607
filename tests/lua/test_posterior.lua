-- What holds for every method that is listed: the bits of a sample depend on its seed and number alone; evaluations are
-- counted; it works for any affine process and both types; what it can't serve is refused by name; a new one is a file.
local check = require "check"
local sl = require "sdelua"

local STEPS, N, F64 = 8, 16, { dtype = "float64" }

local prior = sl.metrics.mixture {
  weights = { 0.3, 0.7 }, means = { { 1, 1, 0 }, { -1, 0, 0.5 } },
  covariances = {
    { { 1, 0.8, 0.2 }, { 0.8, 1, 0.3 }, { 0.2, 0.3, 0.6 } }, { { 0.5, -0.2, 0 }, { -0.2, 0.3, 0 }, { 0, 0, 0.4 } },
  },
}

local PROCESSES = {
  VP = sl.sde.VP {}, subVP = sl.sde.subVP {}, VE = sl.sde.VE { sigma_max = 20 }, EDM = sl.sde.EDM {},
  cosine = sl.sde.cosine {},
}
local vp = PROCESSES.VP

local linear = { { 1, 0, 0.5 }, { 0, 0.5, -0.5 } }

-- An operator that the row admits.
local function operator_for(row)
  local std = 0.2
  for _, need in ipairs(row.admits or {}) do std = need == "noiseless" and 0 or std end
  return sl.inverse.matrix { A = sl.tensor(linear, F64), std = std }
end

local function admits(row, need)
  for _, one in ipairs(row.admits or {}) do
    if one == need then return true end
  end
end

-- Options without which a method can't run, or runs for long.
local OWN = {
  exact = { mixture = prior }, repaint = { jump_length = 2, n_resample = 2 }, tds = { K = 3 }, snips = { n_steps = 2 },
}

local function made(name, more)
  local o = { steps = STEPS }
  for _, own in ipairs { OWN[name] or {}, more or {} } do
    for key, value in pairs(own) do o[key] = value end
  end
  return sl.posterior[name](o)
end

local function each(what, fn)
  for name, row in sl.posterior.methods:each() do
    check.test(name .. ": " .. what, function() fn(name, row, operator_for(row)) end)
  end
end

local function measured(operator, n, dtype)
  return operator:measure(prior:sample(n, { seed = 5, dtype = dtype }), { seed = 6 })
end

local function finite(x) return x:abs():amax():item() < 1e3 end

each("bits, counts, callbacks", function(name, row, operator)
  check.ok(#row.doc > 20 and #row.source > 5, "a doc line and a source")
  local method, y, evaluated, calls = made(name), measured(operator, N, "float32"), 0, 0
  local exact = prior:score(vp)
  local function score(x, t, rows)
    evaluated = evaluated + x:shape(1)
    return exact(x, t, rows)
  end
  local whole, info = method(vp, score, operator, y, { seed = 3, trajectory = true, callback = function(state)
    calls = calls + 1
    check.eq(state.x:shape(), { N, 3 })
  end })
  check.eq(whole:shape(), { N, 3 })
  check.ok(finite(whole), "not finite or far off")
  check.ok(calls >= STEPS, "a callback at each step")
  check.ok(#info.trajectory >= STEPS, "a trajectory")
  if name ~= "exact" then check.eq(info.nfe, evaluated / N, "evaluations of the score a sample") end
  local evaluations = row.admits and name == "exact" and STEPS or info.nfe
  check.ok(math.abs(evaluations - STEPS * method.cost) <= math.max(method.cost, STEPS),
    ("%d steps of cost %g took %g evaluations"):format(STEPS, method.cost, evaluations))
  for threads = 1, 2 do
    sl.set_threads(threads)
    local parts, size = {}, threads == 1 and 1 or 5
    for first = 0, N - 1, size do
      local n = math.min(size, N - first)
      parts[#parts + 1] = method(vp, exact, operator, y:narrow(1, first + 1, n), { seed = 3, first = first })
    end
    check.eq(sl.cat(parts, 1):totable(), whole:totable(), size .. " measurements a batch")
  end
  sl.set_threads(2)
  local other = method(vp, exact, operator, y, { seed = 4 })
  check.ok((other - whole):abs():amax():item() > 1e-3, "the seed makes no difference")
  local twice = method(vp, exact, operator, y:narrow(1, 1, 3), { seed = 3, samples = 2 })
  check.eq(twice:shape(), { 6, 3 })
  local of_one = method(vp, exact, operator, sl.cat({ y:narrow(1, 1, 1), y:narrow(1, 1, 1) }, 1), { seed = 3 })
  check.eq(twice:narrow(1, 1, 2):totable(), of_one:totable(), "samples of one measurement")
end)

-- The house's own: a reader sees all of a method at once.
each("less than a hundred lines", function(name)
  local file <close> = io.open(("lua/sdelua/posterior/methods/%s.lua"):format(name))
  local lines = 0
  for _ in (assert(file, name)):lines() do lines = lines + 1 end
  check.ok(lines < 100, ("%d lines"):format(lines))
end)

each("an operator that measures nothing leaves what is finite", function(name, row)
  for _, std in ipairs { 0.0, 0.2 } do
    local operator = sl.inverse.matrix { A = sl.zeros({ 2, 3 }, F64), std = std }
    local method = made(name)
    if not method:refuses(operator) then
      local x = method(vp, prior:score(vp), operator, sl.zeros({ 2, 2 }, F64), { seed = 1 })
      check.ok(finite(x), "not finite or far off")
    else
      check.ok(admits(row, std == 0 and "noisy" or "noiseless"), method:refuses(operator))
    end
  end
end)

each("any affine process, both types", function(name, _, operator)
  for of, process in pairs(PROCESSES) do
    for _, dtype in ipairs { "float32", "float64" } do
      local x = made(name)(process, prior:score(process), operator, measured(operator, 3, dtype), { seed = 1 })
      check.eq(x.dtype, dtype, of)
      check.ok(finite(x), of .. ", " .. dtype .. ": not finite or far off")
    end
  end
end)

-- x_t and its mean move by c(t), and nothing else does.
each("an offset of the process moves the states alone", function(name, _, operator)
  local y, function_of = measured(operator, 3, "float64"), function(v) return function() return v end end
  local function run(offset, steps)
    local process = sl.sde.define {
      drift_coefficient = function_of(-2), diffusion_coefficient = function_of(2), drift_offset = offset,
    }
    return made(name, { steps = steps })(process, prior:score(process), operator, y, { seed = 1 }), process
  end
  -- The error of their predictor is one of c as well.
  local first_order = name == "exact" or name == "replacement" or name == "mcs"
  local steps = first_order and 400 or STEPS
  local plain, moved = run(nil, steps), run(function_of(1.5), steps)
  check.ok((plain - moved):abs():amax():item() < (first_order and 0.02 or 0.01), "more than c(eps)")
end)

-- ---- bad input --------------------------------------------------------------------------------------

local function own(apply, more)
  local operator = { name = "mine", shape = { 3 }, measured = { 2 }, apply = apply }
  for key, value in pairs(more or {}) do operator[key] = value end
  return sl.inverse.define(operator)
end

local function square(x) return (x * x):narrow(2, 1, 2) end

each("refusals name the method", function(name, row, operator)
  local method, score, y = made(name), prior:score(vp), measured(operator, 2, "float32")
  local function fails(part, ...)
    local given = { ... }
    check.raises(function() method(table.unpack(given, 1, 4)) end, name .. ": " .. part)
  end
  fails("argument process: expected", 3, score, operator, y)
  fails("argument operator: expected an operator of sl.inverse", vp, score, "mask", y)
  fails("argument y: expected a tensor [N,2], got float32 [2,3]", vp, score, operator, sl.zeros { 2, 3 })
  fails("argument y: expected a tensor [N,2], got 1", vp, score, operator, 1)
  fails("argument score: expected", vp, 3, operator, y)
  fails("argument y: expected floats (see sl.image.to_float) [N,2], got uint8 [2,2]", vp, score, operator, y:to "uint8")
  fails("argument y: expected a measurement at least, got float32 [0,2]", vp, score, operator, sl.zeros { 0, 2 })
  fails("argument y: expected finite values", vp, score, operator, y * (0 / 0))
  local net = vp:score(sl.nn.MLP { dim = 3, hidden = 4, depth = 1 })
  fails("argument y: expected float32, as the network is", vp, net, operator, y:to "float64")
  check.raises(function() method(vp, score, operator, y, 3) end, name .. ": argument options: expected a table, got 3")
  check.raises(function() method(vp, score, operator, y, { dtype = "int64" }) end, name .. ": option dtype: expected")
  check.raises(function() method(vp, score, operator, y, { samples = 2, index = 1 }) end, name .. ": option index")
  if name ~= "exact" then
    check.raises(function() method(vp, function(x) return x:sum(2) end, operator, y) end,
      "score: expected a result like x")
  end
  check.raises(function() sl.posterior[name] { colour = 1 } end, name .. ": unknown option colour")
  if admits(row, "linear") then
    fails("argument operator: expected a linear operator", vp, score, own(square, { std = 0.1 }), y)
  end
  if admits(row, "exact") then
    fails("argument operator: expected an operator whose noise in the coordinates of its singular vectors, std/s, is "
      .. "at most 0.5, got", vp, score, sl.inverse.matrix { A = operator:matrix(), std = 1.0 }, y)
  end
  if admits(row, "partial") then
    fails("argument operator: expected an operator that leaves something unmeasured", vp, score,
      sl.inverse.denoise { shape = { 3 }, std = 0.1 }, sl.zeros({ 2, 3 }, F64))
  end
  if admits(row, "noisy") then
    local silent = sl.inverse.matrix { A = operator:matrix() }
    fails("argument operator: expected an operator with std > 0", vp, score, silent, y)
  end
  if admits(row, "noiseless") then
    fails("argument operator: expected an operator with std = 0", vp, score,
      sl.inverse.matrix { A = operator:matrix(), std = 1.0 }, y)
  end
end)

check.test("an unknown option is an error of the line that gives it", function()
  local ok, text = pcall(function() return (sl.posterior.ddrm { colour = 1 }) end)
  check.ok(not ok and text:find "^[^\n]*test_posterior%.lua:%d+: ddrm: unknown option colour", text)
end)

check.test("numbers out of range", function()
  local function fails(name, o, part)
    o.mixture = name == "exact" and prior or nil
    check.raises(function() sl.posterior[name](o) end, name .. ": option " .. part)
  end
  fails("ald", { n_steps = 0 }, "n_steps: expected a positive integer, got 0")
  fails("dps", { zeta = -1 }, "zeta: expected a number >= 0, got -1")
  fails("dps", { zeta = math.huge }, "zeta: expected a finite number, got inf")
  fails("mcg", { zeta = 0 / 0 }, "zeta: expected a number, got NaN")
  fails("ilvr", { range_t = -1 }, "range_t: expected a number >= 0, got -1")
  fails("tds", { tau = math.huge }, "tau: expected a finite number, got inf")
  fails("pigdm", { prior_std = math.huge }, "prior_std: expected a finite number, got inf")
  check.raises(function() sl.posterior.ald { epsilon = 1.0 } end,
    "ald: options epsilon, gamma: expected epsilon (1 + 1/gamma^2) < 2, else it diverges, got 2")
  fails("ald", { epsilon = -1 }, "epsilon: expected a positive number, got -1")
  fails("snips", { c = "x" }, "c: expected a positive number, got x")
  fails("diffpir", { zeta = 2 }, "zeta: expected a number in [0, 1], got 2")
  fails("pigdm", { prior_std = 0 }, "prior_std: expected a positive number, got 0")
  fails("tds", { ess = 2 }, "ess: expected a number in [0, 1], got 2")
  fails("mcs", { n_steps = 1.5 }, "n_steps: expected an integer >= 0, got 1.5")
  fails("ilvr", { up = 3 }, "up: expected a function, got 3")
  fails("dps", { correct = 3 }, "correct: expected a function, got 3")
  local y, operator = sl.zeros { 1, 3 }, sl.inverse.denoise { shape = { 3 } }
  check.raises(function() sl.posterior.sdedit { t0 = 1e-4 } (vp, prior:score(vp), operator, y) end,
    "sdedit: option t0: expected a time t0 T after eps, 0.001, got 0.0001")
  for _, name in ipairs { "sdedit", "ccdf" } do
    local method = sl.posterior[name] {}
    check.raises(function() method(vp, prior:score(vp), operator, y, { x = y }) end,
      name .. ": option x: expected none, for the method says where it begins, got ")
    check.raises(function() method(vp, prior:score(vp), operator, y, { from = 0.5 }) end,
      name .. ": option from: expected none, for the method says where it begins, got 0.5")
  end
  local up = sl.posterior.ilvr { up = function(v) return v:narrow(2, 1, 2) end }
  check.raises(function() up(vp, prior:score(vp), operator, y) end, "ilvr: option up: expected a tensor [N,3], got")
  check.raises(function() sl.posterior.dps { eps = 2 } (vp, prior:score(vp), operator, y) end,
    "dps: option eps: expected a time in [0, 1), got 2")
end)

-- Operators of a script's own that go wrong, for the methods that take any; and which of those ask for gradients.
local asking = {}

each("an operator that goes wrong is named", function(name, row)
  if admits(row, "linear") then return end
  local score, y, asked = prior:score(vp), sl.zeros { 2, 2 }, false
  local function run(apply)
    local operator = own(apply, { std = 0.1, pinv = function(v) return v:pad({ 0, 0 }, { 0, 1 }) end })
    return made(name)(vp, score, operator, y, { seed = 1 })
  end
  local function fails(apply, part) check.raises(function() run(apply) end, part) end
  fails(function(x) return (x * math.huge - x * math.huge):narrow(2, 1, 2) end,
    name .. ": argument operator: expected finite values of mine, got NaN")
  fails(function(x) return x end, "mine: apply: expected a tensor [N,2], got float32 [")
  run(function(x)
    asked = asked or x.requires_grad
    return x:tanh():narrow(2, 1, 2)
  end)
  if not asked then return end
  asking[#asking + 1] = name
  -- the root of 0 is 0, and its gradient infinite
  fails(function(x) return (square(x) * 0):sqrt() end, name .. ": argument operator: expected finite gradients of "
    .. "mine, got NaN")
  fails(function(x) return square(x:detach():round()) end, name .. ": argument operator: expected values of mine "
    .. "computed from x by recorded ops, got some without a gradient")
end)

check.test("the methods that go along the gradient of any operator", function()
  check.eq(asking, { "diffpir", "dps", "tds" })
end)

check.test("a score whose gradient is missing, or not finite though its values are, is named", function()
  local operator, exact = own(square, { std = 0.1 }), prior:score(vp)
  local function fails(score, part)
    for _, name in ipairs { "dps", "tds" } do
      check.raises(function() made(name)(vp, score, operator, sl.zeros { 2, 2 }, { seed = 1 }) end, name .. part)
    end
  end
  fails(function(x, t) return exact(x, t) + (x * 0):sqrt() end,
    ": argument score: expected finite gradients of x0 in x, got NaN")
  local given = vp:score(function(x) return x:detach() * 0 end, { parameterization = "x0" })
  fails(given, ": argument score: expected values computed from x by recorded ops, got some without a gradient")
end)

check.test("a score that is not finite is named", function()
  local function score(x) return x * math.huge end
  local operator = sl.inverse.matrix { A = sl.tensor(linear, F64), std = 0.2 }
  check.raises(function() sl.posterior.pigdm_score { steps = 3 } (vp, score, operator, sl.zeros { 1, 2 }) end,
    "pigdm_score: a gradient that is not finite at t = ")
end)

-- Of the general tier, with nothing of x_0 left at T, and with schedules that differ: served, or refused by name.
each("processes that not every method can serve", function(name, _, operator)
  local function each_own(factor) return function() return sl.tensor({ 1, 2, 3 }, F64) * factor end end
  local cubic = sl.sde.define { drift = function(x) return -x * x * x end, diffusion = function() return 1 end,
    noise_type = "scalar", tier = "general", prior = { mean = 0, std = 1 } }
  local processes = {
    { cubic, "expected one with a transition kernel" },
    { sl.sde.CLD { features = 1 }, "expected one with a transition kernel" }, { sl.sde.interpolant {}, "m_T" },
    { sl.sde.define { drift_coefficient = each_own(-1), diffusion_coefficient = each_own(1) },
      "expected an affine one with the same coefficients for all features" },
  }
  for i, case in ipairs(processes) do
    local process, part = case[1], case[2]
    local ok, x = pcall(function()
      return made(name)(process, function(x) return -x end, operator, sl.zeros { 1, 2 }, { seed = 1 })
    end)
    local by_name = i == 3 and "argument process" or name .. ": argument process" -- the core names a score there
    local refused = not ok and x:find(by_name, 1, true) and x:find(part, 1, true)
    check.ok(ok and finite(x) or refused, ("%s: %s"):format(process, x))
    check.ok(i > 2 or not ok, "a process without a kernel is served")
    check.ok(i < 4 or ok == (name == "dps" or name == "sdedit"), ("%s: served: %s"):format(process, ok))
  end
end)

-- ---- a new one ------------------------------------------------------------------------------------------

local METHOD = [[
return {
  doc = "The mean of an ancestral step and of what y says, of my own.", source = "this test",
  admits = { "linear" }, noise = true, cost = 1, needs = { "kernel", "signal" }, denoise = "mean",
  options = { share = 0.5 },
  step = function(self, run)
    local x0 = run:exchange(run.x, run.t)
    x0 = x0 + run.operator:pinv(run.y - run.operator:apply(x0)) * self.share
    local mean = run.process:posterior_mean(run.x, run.t, run.r, x0)
    return mean + run:posterior_std() * run:normal(), mean
  end,
}
]]

check.test("a method in a file of one's own is listed, explained and runs", function()
  local folder, path = os.tmpname(), package.path
  os.remove(folder)
  assert(os.execute(("mkdir -p '%s/sdelua/posterior/methods'"):format(folder)))
  do
    local file <close> = assert(io.open(folder .. "/sdelua/posterior/methods/my_own.lua", "w"))
    file:write(METHOD)
  end
  package.path = folder .. "/?.lua;" .. path
  local ok, err = xpcall(function()
    check.ok(tostring(sl.posterior.list()):find "\nmy_own +linear +The mean of")
    check.eq(sl.help "my_own":match "^[^\n]*", "posterior.my_own { share = 0.5 }: The mean of an ancestral step and of "
      .. "what y says, of my own. (this test)")
    local operator = sl.inverse.inpaint { mask = sl.tensor { 1, 0, 0 } }
    local x, info = sl.posterior.my_own { steps = 20, share = 1.0 } (vp, prior:score(vp), operator, sl.ones { 4, 1 },
      { seed = 1 })
    check.close(operator:apply(x):totable(), sl.ones({ 4, 1 }):totable(), 1e-3)
    check.eq(info.nfe, 20)
  end, debug.traceback)
  package.path = path
  os.execute(("rm -r '%s'"):format(folder))
  if not ok then error(err, 0) end
end)

check.test("a method in a table of one's own", function()
  local own_method = { noise = true, needs = { "kernel" }, step = load(METHOD)().step, options = { share = 0.5 } }
  local operator = sl.inverse.inpaint { mask = sl.tensor { 1, 0, 0 } }
  local x = sl.posterior.new(own_method, { steps = 5 })(vp, prior:score(vp), operator, sl.ones { 4, 1 }, { seed = 1 })
  check.eq(x:shape(), { 4, 3 })
  check.raises(function() sl.posterior.new {} end, "posterior.new: argument method: expected")
  local function fails(part, method)
    check.raises(function()
      sl.posterior.new(method, { steps = 2 })(vp, prior:score(vp), operator, sl.ones { 4, 1 }, { seed = 1 })
    end, part)
  end
  fails('own: option admits: expected "exact", "linear"', { admits = { "liner" }, step = own_method.step })
  fails("own: gradient: expected a tensor [N,3], got nil", { gradient = function() end })
  fails("own: step: expected a state [4,3], got float32 [4]", { step = function(_, run) return run.x:select(2, 1) end })
  fails("own: step: expected a state [4,3], got nil", { step = function() end })
end)
