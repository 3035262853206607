-- Orders of convergence that need more steps or samples than tests/lua/test_convergence.lua takes: late regimes, and
-- weak orders on a mixture, where laws are no longer normal, by differences of runs on the same path.
local check = require "check"
local convergence = require "convergence"
local sl = require "sdelua"

local solve = sl.solve
local rows = convergence.rows()

local function verdict(row, failures) failures[#failures + 1] = convergence.verdict(rows, row) end

check.test("weak orders that show late", function()
  local failures = {}
  for _, case in ipairs { { "sa_solver", {}, 1024, "" }, { "dpmpp_2m_sde", { eta = 0.5 }, 1024, "eta = 0.5" } } do
    local coarse = convergence.error_of(case[1], case[2], case[3])
    local fine = convergence.error_of(case[1], case[2], 2 * case[3])
    verdict({ sampler = case[1], options = case[4], kind = "weak", stated = 2, measured = math.log(coarse / fine, 2) },
      failures)
  end
  check.ok(#failures == 0, table.concat(failures, "\n"))
end)

-- ---- a mixture in two dimensions -----------------------------------------------------------------------------------

local MEANS, WEIGHTS, VAR = { { 1, 0.5 }, { -0.8, -0.6 }, { 0.2, -1.2 } }, { 0.3, 0.5, 0.2 }, 0.3

-- Posterior weights of the components from their log-densities, whose largest is taken out first.
local function score_of(process)
  local means = sl.tensor(MEANS, { dtype = "float64" })
  local logs = sl.tensor(WEIGHTS, { dtype = "float64" }):log()
  return function(x, t)
    local m, s = process:coefficient("m", x, t), process:coefficient("s", x, t)
    local var = m:square() * VAR + s:square()
    local centres = means:unsqueeze(1) * m:unsqueeze(2)
    local off = centres - x:unsqueeze(2)
    local share = (off:square():sum(3) / var * -0.5 + logs):softmax(2)
    return (share:unsqueeze(3) * off):sum(2) / var
  end
end

-- Means of functions of x.
local function functionals(x)
  local a, b = x:narrow(2, 1, 1), x:narrow(2, 2, 1)
  local list = {}
  for i, f in ipairs { a, b, a:square(), b:square(), a * b, a:cos(), (a * 2 + b):cos() } do
    list[i] = f:mean():item()
  end
  return list
end

local N = 20000

-- The differences of n and of 2 n steps on the same paths: for each batch, those of all functionals.
local function differences(name, place, row, n, batches)
  local score, list = score_of(place.process), {}
  for batch = 1, batches do
    local scope <close> = sl.scope()
    local x = place.process:prior_sampling({ N, 2 }, { seed = batch, dtype = "float64" })
    local values = {}
    for i = 1, 2 do
      local sampler = solve[name] { steps = n * i, denoise = false, grid = place.grid, eps = place.eps }
      local noise = convergence.from_path(place, row, n * i, batch)
      values[i] = functionals((sampler(place.process, score, nil, { x = x, noise = noise })))
    end
    list[batch] = {}
    for k in ipairs(values[1]) do list[batch][k] = values[1][k] - values[2][k] end
  end
  return list
end

-- |E f of n steps - E f of 2 n|, and its standard error.
local function bias(list)
  local square, variance, n = 0, 0, #list
  for k in ipairs(list[1]) do
    local sum, squares = 0, 0
    for _, row in ipairs(list) do sum, squares = sum + row[k], squares + row[k] ^ 2 end
    square, variance = square + (sum / n) ^ 2, variance + (squares - sum ^ 2 / n) / (n - 1) / n
  end
  return math.sqrt(square), math.sqrt(variance)
end

-- Steps of the coarsest run, and batches: differences of second order are small beside their spread, which has to stay
-- below a tenth of them.
local CASES = {
  { "euler_maruyama", 32, 4 }, { "reverse_diffusion", 32, 4 }, { "ancestral", 32, 4 }, { "gaussian_bridge", 32, 4 },
  { "milstein", 32, 4 }, { "euler_a", 32, 4 }, { "srk", 8, 8 }, { "dpmpp_2m_sde", 16, 8 }, { "dpmpp_3m_sde", 32, 24 },
}

check.test("weak orders on a mixture, by coupled differences", function()
  local failures = {}
  for _, case in ipairs(CASES) do
    local name, n, batches = table.unpack(case)
    local row = solve.samplers:find(name)
    local place = convergence.places[row.space or "time"]
    local coarse, coarse_error = bias(differences(name, place, row, n, batches))
    local fine, fine_error = bias(differences(name, place, row, 2 * n, batches))
    local spread = math.max(coarse_error / coarse, fine_error / fine)
    verdict({
      sampler = name, options = "mixture", kind = "weak", stated = row.weak, measured = math.log(coarse / fine, 2),
      remark = ("standard error %.2f of the difference"):format(spread),
    }, failures)
    if spread ~= spread or spread >= 0.1 then failures[#failures + 1] = name .. ": the spread hides the difference" end
  end
  check.ok(#failures == 0, table.concat(failures, "\n"))
end)

print(rows)
