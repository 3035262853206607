-- sdelua scripts/bench/restore.lua CHECKPOINT CLASSIFIER [--help]: restorations of Fashion-MNIST's test images by every
-- method of sl.posterior under every operator that it admits: PSNR and SSIM of the mean of several samples, beside
-- those of the pseudo-inverse, and how often a classifier agrees with the label of a single sample. Results are added
-- to a file line by line, so a run that was stopped goes on where it was.
package.path = (arg[0]:match "^(.*)/[^/]*$" or ".") .. "/?.lua;" .. package.path
local sl = require "sdelua"
local cli = require "sdelua.train.cli"
local measure = require "measure"
local Results = require "results"

local a
do
  local p = cli.parser("restore.lua", "PSNR, SSIM and agreement of restored images, by method and problem.")
  p:argument("checkpoint", "The file checkpoint.safetensors of a run on images of Fashion-MNIST.")
  p:argument("classifier", "The file that scripts/train_classifier.lua wrote.")
  p:option("--methods", "Names between commas (default: all).")
  p:option("--problems", "Names between commas (default: all).")
  p:option("--evaluations", "Evaluations of the network for a sample.", "100"):convert(cli.integer(2))
  p:option("--n", "Test images, the first.", "200"):convert(cli.integer(2))
  p:option("--samples", "Samples of each.", "8"):convert(cli.integer(1))
  p:option("--batch", "Images restored at a time.", "20"):convert(cli.integer(1))
  p:option("--seed", "Seed of measurements and samples.", "0"):convert(cli.integer(0))
  p:option("--results", "File of results (default: restore.jsonl beside the checkpoint).")
  p:option("--pictures", "Folder for a picture of each: truth, pseudo-inverse, three samples, mean, deviation.")
  p:option("--threads", "Threads (default: as many as there are processors)."):convert(cli.integer(1))
  p:option("--write", "Put the tables into this file (default docs/inverse.md)."):args "?"
  a = p:parse()
end
if a.threads then sl.set_threads(a.threads) end

-- ---- problems and methods ---------------------------------------------------------------------------

local SHAPE = { 28, 28, 1 }

local function inpaint(mask) return sl.inverse.inpaint { shape = SHAPE, mask = mask, std = 0.05 } end

local PROBLEMS = {
  { name = "inpaint half", make = function() return inpaint "half" end },
  { name = "inpaint box", make = function() return inpaint "box" end },
  { name = "inpaint random", make = function() return inpaint "random" end }, -- one value in ten is known
  { name = "superres 2", make = function() return sl.inverse.superres { shape = SHAPE, factor = 2, std = 0.05 } end },
  { name = "superres 4", make = function() return sl.inverse.superres { shape = SHAPE, factor = 4, std = 0.05 } end },
  { name = "deblur", make = function() return sl.inverse.blur { shape = SHAPE, std = 0.05 } end },
  { name = "denoise", make = function() return sl.inverse.denoise { shape = SHAPE, std = 0.2 } end },
}

-- What is not measured, 1, may be painted; what is, 0, stays.
local function unmeasured(operator)
  return 1 - operator:pinv(operator:apply(sl.ones { 1, table.unpack(SHAPE) })):reshape(SHAPE)
end

-- Options that suit images in [-1, 1], and few evaluations, where a method's defaults do not; a function of the
-- problem where they depend on it. A corrector would leave the predictor half of the evaluations, which are too few.
local LEVELS = { "logsnr", sigma_max = 5, sigma_min = 0.03 }
local PREDICTOR = { predictor = "ancestral", corrector = "none" }
local OPTIONS = {
  ald = { grid = LEVELS }, snips = { grid = LEVELS }, ccdf = { t0 = 0.6 }, mcs = PREDICTOR, replacement = PREDICTOR,
  repaint = { jump_length = 2, n_resample = 3 },
  sdedit = function(problem)
    return problem.name:find "inpaint" and { t0 = 1, mask = unmeasured(problem.operator) } or { t0 = 0.03 }
  end,
}

-- Langevin dynamics go by small steps, and particles die out in long ones: they get so many times the evaluations.
local MORE = { ald = 4, snips = 4, tds = 2 }

-- Methods that need more than a measurement.
local LEFT_OUT = { exact = "needs a mixture for a prior" }

local function listed(text, all)
  if not text then return all end
  local names = {}
  for name in text:gmatch "[^,]+" do names[#names + 1] = name end
  return names
end

local function problems()
  local list, by_name, all = {}, {}, {}
  for i, problem in ipairs(PROBLEMS) do by_name[problem.name], all[i] = problem, problem.name end
  for i, name in ipairs(listed(a.problems, all)) do
    list[i] = by_name[name] or error("restore.lua: unknown problem " .. name, 0)
    list[i].operator = list[i].make()
  end
  return list
end

local function methods()
  local names = {}
  for _, name in ipairs(listed(a.methods, sl.posterior.methods:names())) do
    if not LEFT_OUT[name] then names[#names + 1] = name end
  end
  return names
end

-- The method with as many steps as cost no more evaluations for a sample; as many particles as there are samples.
local function method(name, problem)
  local row, o = sl.posterior.methods:find(name) or error("restore.lua: unknown method " .. name, 0), { steps = 1 }
  local own = OPTIONS[name] or {}
  for key, value in pairs(type(own) == "function" and own(problem) or own) do o[key] = value end
  local particles = row.options and row.options.K
  if particles then o.K = a.samples end
  local cost = sl.posterior[name](o).cost
  o.steps = math.max(math.floor(a.evaluations * (MORE[name] or 1) / (particles and cost / o.K or cost)), 1)
  return sl.posterior[name](o)
end

-- ---- measuring ------------------------------------------------------------------------------------------

local function test_images()
  local images, labels = sl.data.fashion_mnist { split = "test" }
  return sl.image.to_float(images:narrow(1, 1, a.n)), labels:narrow(1, 1, a.n)
end

-- Of some measurements: samples [n, samples, shape], their mean and one of them [n, shape], and evaluations for a
-- sample. A method that moves particles has made them all at once, with weights.
local function drawn(model, solve, operator, y, first)
  local n, particles = y:shape(1), solve.options.K
  local x, info = sl.no_grad(solve, model.process, model.score, operator, y,
    { seed = a.seed, first = first, samples = not particles and a.samples or nil })
  local nfe = sl.is_tensor(info.nfe) and info.nfe:amax():item() or info.nfe
  if not particles then
    local all = x:reshape { n, a.samples, table.unpack(SHAPE) }
    return all, all:mean(2), all:select(2, 1), nfe
  end
  local weights = info.weights:to(x.dtype):reshape { n, particles, 1, 1, 1 }
  return info.particles, (info.particles * weights):sum(2), x, nfe / particles
end

-- Of all test images, some at a time: samples, their mean, one of them, the pseudo-inverse, and evaluations.
local function restored(model, solve, operator, truth)
  local found, evaluations = { {}, {}, {}, {} }, 0
  for first = 0, a.n - 1, a.batch do
    local scope <close> = sl.scope()
    local part = truth:narrow(1, first + 1, math.min(a.batch, a.n - first))
    local y = operator:measure(part, { seed = a.seed, first = first })
    local samples, mean, single, nfe = drawn(model, solve, operator, y, first)
    for i, x in ipairs { samples, mean, single, operator:pinv(y) } do table.insert(found[i], scope:keep(x)) end
    evaluations = nfe
  end
  for i, list in ipairs(found) do found[i] = sl.cat(list, 1) end
  return found[1], found[2], found[3], found[4], evaluations
end

-- Truth, pseudo-inverse, three samples, mean and standard deviation of the first eight images, a row each.
local function picture(path, truth, pinv, samples, mean)
  local n = math.min(8, a.n)
  local function some(x) return x:narrow(1, 1, n) end
  local columns = { some(truth), some(pinv):clamp(-1, 1) }
  for k = 1, math.min(3, a.samples) do columns[#columns + 1] = some(samples:select(2, k)):clamp(-1, 1) end
  columns[#columns + 1] = some(mean):clamp(-1, 1)
  if a.samples > 1 then columns[#columns + 1] = (some(samples:std(2)) * 2 - 1):clamp(-1, 1) end
  sl.image.save(path, sl.image.grid(sl.stack(columns, 2):reshape { -1, table.unpack(SHAPE) }, { columns = #columns }))
end

local function score_of(x, truth)
  local function plain(r) return { value = r.value, low = r.low, high = r.high } end
  return plain(sl.metrics.psnr(x, truth)), plain(sl.metrics.ssim(x, truth))
end

local function measured(name, problem, model, classifier, truth, labels)
  local solve = method(name, problem)
  local samples, mean, single, pinv, nfe = restored(model, solve, problem.operator, truth)
  if a.pictures then picture(("%s/%s %s.png"):format(a.pictures, problem.name, name), truth, pinv, samples, mean) end
  local r = { method = name, problem = problem.name, n = a.n, samples = a.samples, evaluations = a.evaluations,
    seed = a.seed, nfe = nfe, process = model.process.name }
  r.psnr, r.ssim = score_of(mean:clamp(-1, 1), truth)
  r.single_psnr = score_of(single:clamp(-1, 1), truth)
  r.pinv_psnr, r.pinv_ssim = score_of(pinv:clamp(-1, 1), truth)
  r.agreement, r.pinv_agreement = classifier:score(single, labels), classifier:score(pinv:clamp(-1, 1), labels)
  r.truth_agreement = classifier:score(truth, labels)
  return r
end

local path = a.results or (a.checkpoint:match "^(.*)/[^/]*$" or ".") .. "/restore.jsonl"
local results = Results.open(path, { "method", "problem", "n", "samples", "evaluations", "seed" })

local function found(name, problem)
  return results:get { method = name, problem = problem.name, n = a.n, samples = a.samples,
    evaluations = a.evaluations, seed = a.seed }
end

local function load()
  local model = sl.train.load(a.checkpoint)
  for _, p in ipairs(model.net:parameters()) do p:requires_grad_(false) end -- only x is differentiated
  return model
end

local function run(names, list)
  local model, classifier, truth, labels
  for _, problem in ipairs(list) do
    for _, name in ipairs(names) do
      if not found(name, problem) and not method(name, problem):refuses(problem.operator) then
        if not model then
          model, classifier = load(), sl.train.load_classifier(a.classifier)
          truth, labels = test_images()
        end
        local r = measured(name, problem, model, classifier, truth, labels)
        results:add(r)
        io.stderr:write(("%s, %s, %d evaluations: PSNR %.2f (pinv %.2f), SSIM %.3f (%.3f), agreement %.3f (%.3f)\n")
          :format(r.method, r.problem, r.nfe, r.psnr.value, r.pinv_psnr.value, r.ssim.value, r.pinv_ssim.value,
            r.agreement, r.pinv_agreement))
      end
    end
  end
end

-- ---- tables -----------------------------------------------------------------------------------------------

local function interval(v, digits)
  local format = ("%%.%df [%%.%df, %%.%df]"):format(digits, digits, digits)
  return format:format(v.value, v.low, v.high)
end

-- One table: the pseudo-inverse's row, then a row for each method; cell(r, of the pseudo-inverse).
local function rows(names, list, cell)
  local lines = { { "pseudo-inverse" } }
  for _, name in ipairs(names) do lines[#lines + 1] = { name } end
  for _, problem in ipairs(list) do
    local reference = ""
    for i, name in ipairs(names) do
      local r = found(name, problem)
      table.insert(lines[i + 1], r and cell(r) or method(name, problem):refuses(problem.operator) and "refused" or "")
      reference = r and cell(r, true) or reference
    end
    table.insert(lines[1], reference)
  end
  return lines
end

cli.run(function()
  local names, list = methods(), problems()
  run(names, list)
  local head = {}
  for i, problem in ipairs(list) do head[i] = problem.name end
  local more = {}
  for name, times in pairs(MORE) do more[#more + 1] = ("%s %d"):format(name, times * a.evaluations) end
  table.sort(more)
  local notes = {
    ("%d test images, %d samples of each, %d evaluations of the network for a sample (%s), seed %d")
      :format(a.n, a.samples, a.evaluations, table.concat(more, ", "), a.seed),
  }
  if a.write and not a.write[1] then a.write[1] = measure.folder .. "/../../docs/inverse.md" end
  local function publish(section, title, cell)
    measure.publish(a, section, measure.table({ title, table.unpack(head) }, rows(names, list, cell)), notes)
  end
  publish("restore psnr", "PSNR", function(r, pinv) return interval(pinv and r.pinv_psnr or r.psnr, 2) end)
  publish("restore ssim", "SSIM", function(r, pinv) return interval(pinv and r.pinv_ssim or r.ssim, 3) end)
  publish("restore agreement", "agreement", function(r, pinv)
    return ("%.3f"):format(pinv and r.pinv_agreement or r.agreement)
  end)
end)
