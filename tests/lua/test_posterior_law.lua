-- What each method of sl.posterior returns for normal data, whose posterior is known: its exact mean and covariance, by
-- pushing unit vectors through its noise (see gaussian_law.lua), or where it is not affine in that those of SAMPLES
-- seeded samples. The table is that of docs/inverse.md.
local check = require "check"
local law = require "gaussian_law"
local sl = require "sdelua"

local F64 = { dtype = "float64" }
local STEPS = 100
local process = sl.sde.VP {}

local function matrix(rows) return sl.tensor(rows, F64) end

-- Data N(mean, cov), of which the first coordinate is measured.
local RHO = 0.8
local PROBLEMS = {
  { name = "exact y", mean = { { 0, 0 } }, cov = { { 1, RHO }, { RHO, 1 } }, std = 0.0 },
  { name = "noisy y", mean = { { 0, 0 } }, cov = { { 1, RHO }, { RHO, 1 } }, std = 0.5 },
  { name = "independent", mean = { { 0.5, -0.5 } }, cov = { { 0.6, 0 }, { 0, 0.6 } }, std = 0.5 },
}
local Y = 1.5

-- Options without which a method can't run here, isn't affine, or is not what the data asks for.
local OPTIONS = {
  exact = function(p)
    return { mixture = sl.metrics.mixture { means = p.prior.mean, covariances = p.prior.cov }, sampler = "heun" }
  end,
  pigdm = function(p) return { prior_std = math.sqrt(p.prior.cov:totable()[1][1]), bound = math.huge } end,
  pigdm_score = function(p) return { prior_std = math.sqrt(p.prior.cov:totable()[1][1]), bound = math.huge } end,
}

-- How many samples tell of a method that is not affine. What picks among particles is not, though it may look so where
-- all weigh the same.
local SAMPLES, NOT_AFFINE = 4000, { tds = 1000 }

local function problem_of(p)
  local mean, cov = matrix(p.mean), matrix(p.cov)
  local operator = sl.inverse.inpaint { mask = sl.tensor { 1, 0 }, std = p.std }
  local truth_mean, truth_cov = law.posterior(mean, cov, operator:matrix(), p.std, matrix { { Y } })
  return {
    name = p.name, operator = operator, score = law.score(process, mean, cov), mean = truth_mean, cov = truth_cov,
    prior = { mean = mean, cov = cov },
  }
end

-- Mean and covariance of the samples of this seed.
local function sampled(method, p, n)
  local x = method(process, p.score, p.operator, matrix { { Y } }, { seed = 1, samples = n })
  local mean = x:mean(1, true)
  return mean, (x - mean):transpose(1, 2):matmul(x - mean) / (n - 1), true
end

-- Mean and covariance, and whether they are sampled; or nil and why there are none.
local function law_of(name, p)
  local o = { steps = STEPS, denoise = false, eps = 1e-3 }
  for key, value in pairs(OPTIONS[name] and OPTIONS[name](p) or {}) do o[key] = value end
  local method = sl.posterior[name](o)
  if method:refuses(p.operator) then return nil, "refused" end
  if NOT_AFFINE[name] then return sampled(method, p, NOT_AFFINE[name]) end
  local y = matrix { { Y } }
  local function run(x, noise)
    local call = { x = not method.row.start and x or nil, noise = noise, dtype = "float64" } -- or it begins itself
    return (method(process, p.score, p.operator, y:expand { x:shape(1), 1 }, call))
  end
  local ok, mean, cov = pcall(law.of, run, sl.zeros({ 1, 2 }, F64), sl.eye(2, F64))
  if ok then return mean, cov end
  if tostring(mean):find "not affine" then return sampled(method, p, SAMPLES) end
  return error(mean, 0)
end

-- Of samples two digits, which is what so many of them know, and the mark ~.
local EXACT, SAMPLED = "%6.3f %6.3f  %6.3f %6.3f %6.3f ", "%5.2f~ %5.2f~  %5.2f~ %5.2f~ %5.2f~ "

local function cells(mean, cov, of_samples)
  if not mean then return ("%-36s"):format(cov) end
  local m, c = mean:totable()[1], cov:totable()
  local text = (of_samples and SAMPLED or EXACT):format(m[1], m[2], c[1][1], c[1][2], c[2][2])
  return (text:gsub("%-(0%.00+)%f[^%d]", " %1"))
end

local problems, lines = {}, {}
for i, p in ipairs(PROBLEMS) do problems[i] = problem_of(p) end

local function line(name, law_under)
  local text = ("%-14s"):format(name)
  for _, p in ipairs(problems) do text = text .. cells(law_under(p)) end
  lines[#lines + 1] = text:gsub("%s+$", "")
end

local head = ("%-14s"):format "method"
for _, p in ipairs(problems) do head = head .. ("%-36s"):format(p.name .. ": mean, covariance") end
lines[1] = head:gsub("%s+$", "")
line("the posterior", function(p) return p.mean, p.cov end)
for name in sl.posterior.methods:each() do
  check.test("the law of " .. name, function() line(name, function(p) return law_of(name, p) end) end)
end

check.test("the exact score gives the posterior", function()
  for _, p in ipairs(problems) do
    local mean, cov = law_of("exact", p)
    check.ok((mean - p.mean):abs():amax():item() < 0.01, tostring(mean))
    check.ok((cov - p.cov):abs():amax():item() < 0.01, tostring(cov))
  end
end)

check.test("docs/inverse.md has the table", function()
  local file <close> = assert(io.open "docs/inverse.md")
  local text, table_of = file:read "a", table.concat(lines, "\n")
  check.ok(text:find(("of %d samples (TDS: %d)"):format(SAMPLES, NOT_AFFINE.tds), 1, true), "how many samples")
  check.ok(text:find(table_of, 1, true), "docs/inverse.md is stale: it should have\n" .. table_of)
end)
