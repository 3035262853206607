-- With the exact score, every sampler draws the right distribution from every process: eight Gaussians, radius 2
-- sqrt 2, std sqrt(2)/4. 20,000 samples, 1000 steps: chi^2 of the mode counts (7 degrees of freedom, 0.1 %) and
-- the variance within modes. The same test has to reject a score scaled by 1.2 and noise scaled by 1.1.
local check = require "check"
local sl = require "sdelua"

local N, N_REJECTED, STEPS, RADIUS, SIGMA = 20000, 4000, 1000, 2 * math.sqrt(2), math.sqrt(2) / 4

local centres = {}
for k = 1, 8 do centres[k] = { RADIUS * math.cos(k * math.pi / 4), RADIUS * math.sin(k * math.pi / 4) } end
local means = sl.tensor(centres)

-- The modes are equally far from 0 and equally wide, so their weights at x are softmax(m x . mu / v).
local function exact(process, one_time)
  return function(x, t)
    if one_time then t = t:narrow(1, 1, 1) end
    local m, s = process:coefficient("m", x, t), process:coefficient("s", x, t)
    local v = m:square() * SIGMA ^ 2 + s:square()
    local weights = (x:matmul(means:transpose(1, 2)) * (m / v)):softmax(2)
    return (weights:matmul(means) * m - x) / v
  end
end

local function statistics(x)
  local n, nearest = x:shape(1), x:matmul(means:transpose(1, 2)):argmax(2)
  local counts = {}
  for _, k in ipairs(nearest:totable()) do counts[k] = (counts[k] or 0) + 1 end
  local chi2 = 0
  for k = 1, 8 do chi2 = chi2 + ((counts[k] or 0) - n / 8) ^ 2 / (n / 8) end
  local ratio = (x - means:index_select(nearest, 1)):square():mean():item() / SIGMA ^ 2
  return chi2, ratio
end

local function right(x)
  local chi2, ratio = statistics(x)
  return chi2 < 24.3 and ratio > 0.95 and ratio < 1.06, ("chi^2 %.1f, variance ratio %.3f"):format(chi2, ratio)
end

local solvers = {
  euler_maruyama = sl.solve.euler_maruyama { steps = STEPS },
  reverse_diffusion = sl.solve.reverse_diffusion { steps = STEPS },
  ancestral = sl.solve.ancestral { steps = STEPS },
  ancestral_small = sl.solve.ancestral { steps = STEPS, variance = "small" },
  ancestral_large = sl.solve.ancestral { steps = STEPS, variance = "large" },
  pc = sl.solve.pc { steps = STEPS, snr = 0.16 },
  ode = sl.solve.ode { rtol = 1e-5, atol = 1e-5 },
}
local processes = { VP = sl.sde.VP {}, VE = sl.sde.VE {}, subVP = sl.sde.subVP {} }

local function sorted(t)
  local names = {}
  for name in pairs(t) do names[#names + 1] = name end
  table.sort(names)
  return ipairs(names)
end

for _, name in sorted(solvers) do
  for _, kind in sorted(processes) do
    check.test(name .. " on " .. kind, function()
      local process = processes[kind]
      local ok, what = right((solvers[name](process, exact(process, name ~= "ode"), { N, 2 }, { seed = 11 })))
      if os.getenv "SDELUA_TEST_VERBOSE" then print(name, kind, what) end
      check.ok(ok, what)
    end)
  end
end

local rejected = { "euler_maruyama", "reverse_diffusion", "ancestral", "pc", "ode" }

for _, kind in sorted(processes) do
  local process = processes[kind]
  for _, name in ipairs(rejected) do
    check.test(("a wrong score or noise is rejected: %s on %s"):format(name, kind), function()
      local score, source = exact(process, name ~= "ode"), sl.noise { seed = 11 }
      local function strong(x, t) return score(x, t) * 1.2 end
      local function loud(shape, number) return source:normal(shape, number) * 1.1 end
      local passes, what = right((solvers[name](process, strong, { N_REJECTED, 2 }, { seed = 11 })))
      local passes_loud, what_loud = right((solvers[name](process, score, { N_REJECTED, 2 }, { noise = loud })))
      if os.getenv "SDELUA_TEST_VERBOSE" then print("control", name, kind, what, what_loud) end
      check.ok(not passes, "score scaled by 1.2 passes: " .. what)
      check.ok(not passes_loud, "noise scaled by 1.1 passes: " .. what_loud)
    end)
  end
end
