-- Likelihoods of trained models against the density that the data was drawn from, and how often Hutchinson's error bars
-- hold. Eight models of 40000 steps each, some six minutes on a core; SDELUA_TEST_STEPS sets another number,
-- SDELUA_TEST_MODELS which of them ("VP on checkerboard,own on eight_gaussians").
local check = require "check"
local oracle = require "oracle"
local sl = require "sdelua"

local STEPS, MODELS = tonumber(os.getenv "SDELUA_TEST_STEPS") or 40000, os.getenv "SDELUA_TEST_MODELS"
local BATCH, HIDDEN, DEPTH, FOURIER, FOURIER_SCALE = 512, 128, 3, 32, 0.25
local RATE, WARMUP, DECAY = 2e-3, 200, 0.999
local LIKELY = { weighting = "likelihood", t_sampling = "importance" } -- Song et al. 2021b, section 5
local POINTS, CHUNK, RTOL = 10000, 2500, 1e-5
local CELLS, REACH = 240, 6 -- the grid on [-REACH,REACH]^2, whose squares no edge of the board cuts

-- ---- data sets whose density is known ------------------------------------------------------------------

local STD, RADIUS, centres = math.sqrt(2) / 4, 2 * math.sqrt(2), {}
for k = 1, 8 do centres[k] = { RADIUS * math.cos(k * math.pi / 4), RADIUS * math.sin(k * math.pi / 4) } end
local centre_tensor, eighths = sl.tensor(centres, { dtype = "float64" }), sl.full({ 8 }, 1 / 8)
local squares = sl.full({ 8, 2 }, STD ^ 2, { dtype = "float64" })

local data = {
  eight_gaussians = {
    allowed = 0.05, entropy = 2.832,
    logp = function(x)
      return oracle.mixture_logp(eighths, centre_tensor, squares, x, { m = 1, s = 0, c = 0 })
    end,
  },
  checkerboard = {
    allowed = 0.1, entropy = math.log(32),
    logp = function(x) return sl.full({ x:shape(1) }, -math.log(32), { dtype = "float64" }) end,
  },
}

local processes = {
  VP = sl.sde.VP {}, subVP = sl.sde.subVP {}, VE = sl.sde.VE {},
  own = sl.sde.define {
    T = 3, prior = { mean = 0, std = 14.35 }, -- the data is still there at T: s_T is 14.2
    drift = function(x) return x * 0 end, diffusion = function(t) return t:exp() end,
  },
}

-- ---- training ------------------------------------------------------------------------------------------

local function train(process, name)
  sl.manual_seed(1)
  local net = sl.nn.MLP { dim = 2, hidden = HIDDEN, depth = DEPTH, fourier = FOURIER, fourier_scale = FOURIER_SCALE }
  local optimizer = sl.optim.Adam(net:parameters(), { lr = RATE, warmup = WARMUP, grad_clip = 1 })
  local ema = sl.optim.EMA(net:parameters(), { decay = DECAY })
  local score = process:score(net, { parameterization = "F" }) -- without it VE needs ten times the steps
  local batches = sl.data.loader(sl.data[name](1000000, { seed = 1 }), { batch = BATCH, seed = 1 })
  for step = 1, STEPS do
    local scope <close> = sl.scope()
    optimizer.lr = RATE * math.min(1, 2 * (1 - (step - 1) / STEPS))
    local loss = sl.loss.dsm(process, score, batches(), LIKELY)
    optimizer:zero_grad()
    loss:backward()
    optimizer:step()
    ema:update()
  end
  ema:copy_to()
  net:eval()
  return score
end

-- ---- judging -------------------------------------------------------------------------------------------

-- The network computes in float32, the solver in float64.
local function in_double(score)
  return function(x, t) return score(x:to "float32", t:to "float32"):to "float64" end
end

local function logp_of(process, score, x)
  local parts, n = {}, x:shape(1)
  for first = 1, n, CHUNK do
    local scope <close> = sl.scope()
    local part = x:narrow(1, first, math.min(CHUNK, n - first + 1)):to "float64"
    parts[#parts + 1] = scope:keep((sl.likelihood.ode(process, in_double(score), part, {
      trace = "exact", rtol = RTOL, atol = RTOL,
    })))
  end
  return sl.cat(parts, 1)
end

-- Midpoints of CELLS^2 squares.
local function grid()
  local side = (sl.arange(0, CELLS, 1, { dtype = "float64" }) + 0.5) * (2 * REACH / CELLS) - REACH
  local x = side:reshape({ CELLS, 1 }):expand { CELLS, CELLS }:reshape { -1 }
  local y = side:reshape({ 1, CELLS }):expand { CELLS, CELLS }:reshape { -1 }
  return sl.stack({ x, y }, 2)
end

local function judge(kind, name)
  local process, set = processes[kind], data[name]
  local start = os.time()
  local score = train(process, name)
  local minutes = os.difftime(os.time(), start) / 60
  local x = sl.data[name](POINTS, { seed = 2 }):to "float64"
  local ratio = set.logp(x) - logp_of(process, score, x)
  local k, se = ratio:mean():item(), (ratio:var() / POINTS):sqrt():item()
  local entropy = -set.logp(x):mean():item()
  local mass = logp_of(process, score, grid()):exp():sum():item() * (2 * REACH / CELLS) ^ 2
  local text = ("%s on %s: %.1f minutes, K = %.4f +- %.4f nats, mass %.4f, entropy %.3f"):format(kind, name,
    minutes, k, se, mass, entropy)
  print(text)
  check.close(entropy, set.entropy, 0, 0.03, text)
  check.ok(k + 2 * se < set.allowed and k > -2 * se, text)
  check.close(mass, 1, 0, 0.01, text)
end

for _, name in ipairs { "eight_gaussians", "checkerboard" } do
  for _, kind in ipairs { "VP", "subVP", "VE", "own" } do
    local title = kind .. " on " .. name
    if not MODELS or ("," .. MODELS .. ","):find("," .. title .. ",", 1, true) then
      check.test(title, function() judge(kind, name) end)
    end
  end
end

-- ---- Hutchinson's error bars ---------------------------------------------------------------------------

local T_15, PROBES, DIMENSIONS, MODES, COVERED = 2.13145, 16, 16, 3, 1000

local function normal(shape, number) return sl.noise { seed = 8 }:normal(shape, number, "float64") end

-- Three Gaussians of any orientation: means, and covariances turn diag(vars) turn^T.
local function oriented_mixture()
  local means, vars = normal({ MODES, DIMENSIONS }, 1), (normal({ MODES, DIMENSIONS }, 2) * 0.7):exp() * 0.3
  local mixture = {}
  for k = 1, MODES do
    mixture[k] = {
      mean = means:narrow(1, k, 1), vars = vars:narrow(1, k, 1),
      turn = sl.linalg.qr(normal({ DIMENSIONS, DIMENSIONS }, 2 + k)),
    }
  end
  return mixture
end

local function score_of(mixture, process)
  return function(x, t)
    local m, s = process:coefficient("m", x, t), process:coefficient("s", x, t)
    local logs, pulls = {}, {}
    for k, mode in ipairs(mixture) do
      local v = m:square() * mode.vars + s:square()
      local d = (x - m * mode.mean):matmul(mode.turn)
      logs[k] = (d:square() / v + v:log()):sum(2) * -0.5
      pulls[k] = (d / v):matmul(mode.turn:transpose(1, 2))
    end
    local share = sl.stack(logs, 2):softmax(2)
    return -(sl.stack(pulls, 2) * share:unsqueeze(3)):sum(2)
  end
end

local function points_of(mixture, n)
  local parts, each = {}, n // #mixture
  for k, mode in ipairs(mixture) do
    local count = k < #mixture and each or n - each * (k - 1)
    local z = normal({ count, DIMENSIONS }, 10 + k) * mode.vars:sqrt()
    parts[k] = z:matmul(mode.turn:transpose(1, 2)) + mode.mean
  end
  return sl.cat(parts, 1)
end

check.test("sixteen probes cover the exact trace in 93 to 97 % of 1000 points", function()
  local mixture, process = oriented_mixture(), processes.VP
  local score, x = score_of(mixture, process), points_of(mixture, COVERED)
  local exact = sl.likelihood.ode(process, score, x, { trace = "exact", rtol = 1e-6, atol = 1e-6 })
  local got, info = sl.likelihood.ode(process, score, x, { probes = PROBES, seed = 1, rtol = 1e-6, atol = 1e-6 })
  local covered = ((got - exact) / info.se):abs():lt(T_15):to "float64":mean():item()
  local text = ("Hutchinson, %d probes: %.1f %% of %d intervals cover the exact trace; mean error %.3f, mean se %.3f")
    :format(PROBES, 100 * covered, COVERED, (got - exact):abs():mean():item(), info.se:mean():item())
  print(text)
  check.ok(covered >= 0.93 and covered <= 0.97, text)
  check.eq(select(2, sl.likelihood.ode(process, score, x:narrow(1, 1, 3), { seed = 3 })).se, nil)
end)
