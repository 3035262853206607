-- How adaptive steps are chosen: the core's against the rule written out for one sample of one feature.
local check = require "check"
local sl = require "sdelua"

local D2, EPS, BETA_MIN, BETA_MAX = 0.25, 1e-3, 0.1, 20
local vp = sl.sde.VP { beta_min = BETA_MIN, beta_max = BETA_MAX }

local function score(x, t)
  local m, s = vp:coefficient("m", x, t), vp:coefficient("s", x, t)
  return -x / (m:square() * D2 + s:square())
end

-- The flow of N(0, D2): x follows the standard deviation, whose square is 1 + (D2 - 1) e^-B.
local function flow(x, t)
  local decay = (D2 - 1) * math.exp(-(BETA_MIN * t + 0.5 * (BETA_MAX - BETA_MIN) * t * t))
  return -0.5 * (BETA_MIN + t * (BETA_MAX - BETA_MIN)) * decay / (1 + decay) * x
end

-- A step of Bogacki & Shampine 1989 back in time: the state and the error.
local function bosh3(x, t, h)
  local a = flow(x, t)
  local b = flow(x - h * a / 2, t - h / 2)
  local c = flow(x - h * b * 3 / 4, t - h * 3 / 4)
  local y = x - h * (a * 2 / 9 + b / 3 + c * 4 / 9)
  return y, h * (-a * 5 / 72 + b / 12 + c / 9 - flow(y, t - h) / 8)
end

-- Hairer, Norsett & Wanner 1993, II.4, "Starting step size".
local function first(x, tol)
  local scale, a = tol + tol * math.abs(x), flow(x, 1)
  local d0, d1 = math.abs(x) / scale, math.abs(a) / scale
  local h0 = math.min(0.01 * d0 / d1, 1 - EPS)
  local d2 = math.abs(flow(x - h0 * a, 1 - h0) - a) / scale / h0
  return math.min(100 * h0, (0.01 / math.max(d1, d2)) ^ (1 / 3))
end

-- The time after each attempt, and how many were rejected.
local function written_out(x, tol, p, i)
  local t, h, times, rejections, past, after_rejection = 1, first(x, tol), { 1 }, 0, nil, false
  while t > EPS do
    local last = h >= t - EPS
    local used = last and t - EPS or h
    local y, err = bosh3(x, t, used)
    local e = math.abs(err) / (tol + tol * math.max(math.abs(x), math.abs(y)))
    if e < 1 then
      local change = past and 0.9 * e ^ (-(p + i) / 3) * past ^ (p / 3) or 0.9 * e ^ (-1 / 3)
      h = used * math.max(0.2, math.min(change, after_rejection and 1 or 10))
      x, t, past, after_rejection = y, last and EPS or t - used, math.max(e, 1e-4), false
    else
      h, rejections, after_rejection = used * math.max(0.2, 0.9 * e ^ (-1 / 3)), rejections + 1, true
    end
    times[#times + 1] = t
  end
  return times, rejections
end

check.test("PI control takes the steps that the rule says", function()
  local rejected = 0
  for _, o in ipairs { { p = 0, i = 1 }, { p = 0.2, i = 0.65 }, { p = 0.4, i = 0.3 }, {} } do
    for _, tol in ipairs { 1e-3, 1e-5 } do
      for _, x in ipairs { 0.3, 2.5 } do
        local solve = sl.solve.ode { method = "bosh3", rtol = tol, atol = tol, pcoeff = o.p, icoeff = o.i }
        local start = sl.tensor({ { x } }, { dtype = "float64" })
        local _, info = solve(vp, score, nil, { x = start, trajectory = true })
        local times = { 1 }
        for k = 2, #info.times do times[k] = info.times[k]:item() end
        local want, rejections = written_out(x, tol, o.p or 0.2, o.i or 0.65)
        check.close(times, want, 1e-7, 0, ("pcoeff %s, icoeff %s, tolerance %g: "):format(o.p, o.i, tol))
        rejected = rejected + rejections
      end
    end
  end
  check.ok(rejected > 0, "no step was rejected")
end)

check.test("0 and 1 are not the default", function()
  local function evaluations(p, i)
    local _, info = sl.solve.ode { pcoeff = p, icoeff = i } (vp, score, { 3, 2 }, { seed = 1, dtype = "float64" })
    return table.concat(info.nfe:totable(), " ")
  end
  check.eq(evaluations(), evaluations(0.2, 0.65))
  check.ok(evaluations() ~= evaluations(0, 1), "the controller makes no difference")
end)
