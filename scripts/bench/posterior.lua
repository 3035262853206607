-- sdelua scripts/bench/posterior.lua [--help]: how near every method of sl.posterior comes to the posterior where that
-- is known, on mixtures of Gaussians with their exact score: sliced Wasserstein distance of its samples from exact
-- ones, beside the distance of two exact sets. Results are added to a file line by line, so a run that was stopped goes
-- on where it was.
package.path = (arg[0]:match "^(.*)/[^/]*$" or ".") .. "/?.lua;" .. package.path
local sl = require "sdelua"
local cli = require "sdelua.train.cli"
local measure = require "measure"
local Results = require "results"

local a
do
  local p = cli.parser("posterior.lua", "Sliced Wasserstein distance of each method's samples from exact ones.")
  p:option("--methods", "Names between commas (default: all).")
  p:option("--priors", "plane (2-D, four modes) and images (8x8, six templates).", "plane,images")
  p:option("--evaluations", "Evaluations of the score for a sample.", "200"):convert(cli.integer(2))
  p:option("--measurements", "Measurements of each operator.", "4"):convert(cli.integer(1))
  p:option("--n", "Samples of each measurement.", "500"):convert(cli.integer(2))
  p:option("--seed", "Seed of measurements and samples.", "0"):convert(cli.integer(0))
  p:option("--process", "VP, subVP, VE or EDM.", "VP")
  p:option("--results", "File of results.", "posterior.jsonl")
  p:option("--threads", "Threads (default: as many as there are processors)."):convert(cli.integer(1))
  p:option("--write", "Put the tables into this file (default docs/inverse.md)."):args "?"
  a = p:parse()
end
if a.threads then sl.set_threads(a.threads) end

local F64 = { dtype = "float64" }
local process = (sl.sde[a.process] or error("posterior.lua: unknown process " .. a.process, 0)) {}

-- ---- priors ------------------------------------------------------------------------------------------

-- Four modes, correlated each in its own way.
local function plane()
  return sl.metrics.mixture {
    weights = { 0.4, 0.3, 0.2, 0.1 }, means = { { -1, -0.5 }, { 1, 0.8 }, { 0.6, -1.2 }, { -0.8, 1.2 } },
    covariances = {
      { { 0.2, 0.15 }, { 0.15, 0.2 } }, { { 0.3, -0.2 }, { -0.2, 0.2 } }, { { 0.1, 0 }, { 0, 0.4 } },
      { { 0.15, 0.05 }, { 0.05, 0.05 } },
    },
  }
end

local SIDE, TEMPLATES = 8, 6

-- cos(pi u (i + 1/2)/8) cos(pi v (j + 1/2)/8), which is of norm 1 but for a factor.
local function wave(u, v)
  local list = {}
  for i = 0, SIDE - 1 do
    for j = 0, SIDE - 1 do
      list[#list + 1] = math.cos(math.pi * u * (i + 0.5) / SIDE) * math.cos(math.pi * v * (j + 0.5) / SIDE)
    end
  end
  return sl.tensor(list, F64)
end

-- Smooth templates, from which images differ smoothly as well: low waves have most of the variance.
local function images()
  local means, covariance = {}, sl.eye(SIDE * SIDE, F64) * 1e-3
  for k = 1, TEMPLATES do
    local mean = wave(0, 0) * (0.3 * math.cos(2.1 * k))
    for u = 0, 2 do
      for v = 0, 2 do
        if u + v > 0 then mean = mean + wave(u, v) * (0.7 * math.cos(k * (1 + 1.7 * u + 2.9 * v)) / (u + v)) end
      end
    end
    means[k] = mean
  end
  for u = 0, 4 do
    for v = 0, 4 do
      local w = wave(u, v):reshape { -1, 1 }
      covariance = covariance + w:matmul(w:transpose(1, 2)) * (0.04 * math.exp(-(u * u + v * v) / 4))
    end
  end
  return sl.metrics.mixture {
    means = sl.stack(means, 1), covariances = covariance:unsqueeze(1), shape = { SIDE, SIDE, 1 },
  }
end

local square = { SIDE, SIDE, 1 }

-- Operators by the name of sl.inverse, with their options beside std.
local PRIORS = {
  plane = {
    make = plane, stds = { 0.1, 0.5 },
    operators = {
      { "one coordinate", "inpaint", { mask = sl.tensor { 1, 0 } } },
      { "one direction", "matrix", { A = sl.tensor({ { 0.8, 0.6 } }, F64) } },
      { "denoise", "denoise", { shape = { 2 } } },
    },
  },
  images = {
    make = images, stds = { 0.05, 0.2 },
    operators = {
      { "inpaint half", "inpaint", { shape = square, mask = "half" } },
      { "superres 2", "superres", { shape = square, factor = 2 } },
      { "deblur", "blur", { shape = square } }, { "denoise", "denoise", { shape = square } },
    },
  },
}

local function prior_of(name)
  local prior = PRIORS[name] or error("posterior.lua: unknown prior " .. name, 0)
  prior.mixture = prior.mixture or prior.make()
  return prior
end

-- Each operator at each noise level: a column of the table.
local function problems(name)
  local prior, list = prior_of(name), {}
  for _, row in ipairs(prior.operators) do
    for _, std in ipairs(prior.stds) do
      local title, kind, o = table.unpack(row)
      o.std = std
      local operator = sl.inverse[kind](o)
      list[#list + 1] = { prior = name, mixture = prior.mixture, operator = operator, name = title, std = std }
    end
  end
  return list
end

-- ---- methods ----------------------------------------------------------------------------------------------

-- Options beside the defaults; more than one set where it matters. Normalised steps are for images: few values take
-- shorter ones. Annealed methods begin where noise has covered the data, not at sigma of 150.
local LOW = { "logsnr", sigma_max = 5 }
local SETTINGS = {
  dps = { { zeta = 0.02 }, { zeta = 0.1 }, {} }, mcg = { { zeta = 0.02 }, {} }, snips = { { grid = LOW } },
  tds = { { K = 2 }, { K = 4 } }, repaint = { { jump_length = 2, n_resample = 5 } },
  replacement = { { corrector = "none" }, { n_steps = 4 } },
  ccdf = { { t0 = 0.5 } }, ald = { { grid = LOW } }, sdedit = { { t0 = 0.2 }, {} },
}

local function label_of(name, o)
  local words = {}
  for key, value in pairs(o) do
    words[#words + 1] = ("%s %s"):format(key, value == LOW and "from sigma 5" or tostring(value))
  end
  table.sort(words)
  return #words == 0 and name or ("%s (%s)"):format(name, table.concat(words, ", "))
end

local function entries()
  local names, list = sl.posterior.methods:names(), {}
  if a.methods then
    names = {}
    for name in a.methods:gmatch "[^,]+" do names[#names + 1] = name end
  end
  for _, name in ipairs(names) do
    if not sl.posterior[name] then error("posterior.lua: unknown method " .. name, 0) end
    for _, o in ipairs(SETTINGS[name] or { {} }) do
      list[#list + 1] = { name = name, options = o, label = label_of(name, o) }
    end
  end
  return list
end

-- With as many steps as cost no more evaluations.
local function method(entry, mixture)
  local o = { mixture = entry.name == "exact" and mixture or nil, steps = 1 }
  for key, value in pairs(entry.options) do o[key] = value end
  local make = sl.posterior[entry.name]
  o.steps = math.max(math.floor(a.evaluations / make(o).cost), 1)
  return make(o)
end

-- ---- measuring -----------------------------------------------------------------------------------------------

local TWO_SETS = { label = "two exact sets" }
local results = Results.open(a.results,
  { "label", "prior", "problem", "std", "process", "evaluations", "measurements", "n", "seed" })

local function key(entry, problem)
  return {
    label = entry.label, prior = problem.prior, problem = problem.name, std = problem.std, process = a.process,
    evaluations = a.evaluations, measurements = a.measurements, n = a.n, seed = a.seed,
  }
end

-- n samples of a method given measurement y [1, measured], the i-th.
local function drawn(entry, problem, y, i)
  local many = y:expand { a.n, table.unpack(problem.operator.measured) }
  return method(entry, problem.mixture)(process, problem.mixture:score(process), problem.operator, many,
    { seed = a.seed, first = (i - 1) * a.n })
end

-- Exact samples, of which no set has one of another's.
local function exact_set(posterior, i, set)
  return posterior:sample(a.n, { seed = a.seed + 1000 * set, first = i * a.n, dtype = "float64" })
end

-- The mean distance over the measurements, and evaluations.
local function distance(entry, problem)
  local sum, nfe = 0, 0
  local truth = problem.mixture:sample(a.measurements, { seed = a.seed, dtype = "float64" })
  local ys = problem.operator:measure(truth, { seed = a.seed })
  for i = 1, a.measurements do
    local scope <close> = sl.scope()
    local y = ys:narrow(1, i, 1)
    local posterior = problem.mixture:posterior(problem.operator, y)
    local x, info
    if entry == TWO_SETS then x = exact_set(posterior, i, 2) else x, info = drawn(entry, problem, y, i) end
    if info then nfe = sl.is_tensor(info.nfe) and info.nfe:amax():item() or info.nfe end
    local exact = exact_set(posterior, i, 1)
    sum = sum + sl.metrics.sliced_wasserstein(x, exact, { bootstrap = 0, seed = a.seed }).value
  end
  return sum / a.measurements, nfe
end

local function refused(entry, problem)
  return entry ~= TWO_SETS and method(entry, problem.mixture):refuses(problem.operator)
end

-- A method that raises, or whose samples are not finite, has failed: that is a result, too.
local function measured(entry, problem)
  local r = key(entry, problem)
  local ok, value, nfe = pcall(distance, entry, problem)
  if ok and value - value == 0 then r.distance, r.nfe = value, nfe else r.failed = ok and "not finite" or value end
  results:add(r)
  io.stderr:write(("%s, %s, %s, std %g: %s\n"):format(r.prior, r.problem, r.label, r.std,
    r.distance and ("%.4f"):format(r.distance) or r.failed))
end

local function run(list, columns)
  for _, problem in ipairs(columns) do
    for _, entry in ipairs(list) do
      if not results:get(key(entry, problem)) and not refused(entry, problem) then measured(entry, problem) end
    end
  end
end

-- ---- tables -----------------------------------------------------------------------------------------------------

local function cell(entry, problem)
  local r = results:get(key(entry, problem))
  if r then return r.distance and ("%.3f"):format(r.distance) or "fails" end
  return refused(entry, problem) and "refused" or ""
end

local function publish(name, list, columns)
  local head, rows = { name }, {}
  for _, problem in ipairs(columns) do head[#head + 1] = ("%s, %g"):format(problem.name, problem.std) end
  for i, entry in ipairs(list) do
    rows[i] = { entry.label }
    for _, problem in ipairs(columns) do table.insert(rows[i], cell(entry, problem)) end
  end
  measure.publish(a, "posterior " .. name, measure.table(head, rows), {
    ("%s process, %d evaluations, %d samples of each of %d measurements, seed %d"):format(a.process, a.evaluations, a.n,
      a.measurements, a.seed),
  })
end

cli.run(function()
  if a.write and not a.write[1] then a.write[1] = measure.folder .. "/../../docs/inverse.md" end
  local list = { TWO_SETS, table.unpack(entries()) }
  for name in a.priors:gmatch "[^,]+" do
    local columns = problems(name)
    run(list, columns)
    publish(name, list, columns)
  end
end)
