-- sdelua scripts/bench/guidance.lua CHECKPOINT CLASSIFIER [--help]: how well a class-conditional model obeys at each
-- scale of guidance, and how much of a class's variety is left. CLASSIFIER, of scripts/train_classifier.lua, is trained
-- apart from the model: agreement is the share of samples that it takes for the class that was asked; variety the mean
-- distance of two samples of a class in its features, over that of two test images of the class. Results are added to a
-- file line by line, so a run that was stopped goes on where it was. --write puts the table into docs/guidance.md and
-- the plot beside it.
package.path = (arg[0]:match "^(.*)/[^/]*$" or ".") .. "/?.lua;" .. package.path
local sl = require "sdelua"
local cli = require "sdelua.train.cli"
local measure = require "measure"
local squared_distances = require "sdelua.metrics.common".squared_distances
local Results = require "results"

local ENOUGH = { agreement = 0.9, variety = 0.7 }

local a
do
  local p = cli.parser("guidance.lua", "Agreement and variety of guided samples, by the scale of guidance.")
  p:argument("checkpoint", "The file checkpoint.safetensors of a run with --classes.")
  p:argument("classifier", "A file of scripts/train_classifier.lua: the judge.")
  p:option("--scales", "Scales of guidance, of which 1 is none.", "1,1.5,2,3,4,6,8"):convert(cli.numbers())
  p:option("--interval", "Guidance at noise levels s/m between these two alone."):convert(cli.numbers(2))
  p:option("--noisy", "A file of scripts/train_classifier.lua --noisy, to be guided by in place of the model's "
    .. "classes.")
  p:option("--sampler", "Any name that scripts/sample.lua --list prints (default: what the process names).")
  p:option("--steps", "Its steps (default: 40 evaluations)."):convert(cli.integer(1))
  p:option("--n", "Samples at each scale, classes in turn.", 1000):convert(cli.integer(20))
  p:option("--batch", "Samples drawn at a time.", 100):convert(cli.integer(1))
  p:option("--seed", "Seed of the samples, the same at every scale.", 0):convert(cli.integer(0))
  p:option("--data", "Folder with the IDX files of Fashion-MNIST.")
  p:option("--results", "File of results (default: guidance.jsonl beside the checkpoint).")
  p:option("--pictures", "Folder for a grid of samples at each scale (default: beside the checkpoint).")
  p:option("--threads", "Threads (default: as many as there are processors)."):convert(cli.integer(1))
  p:option("--write", "Put table and plot into this file (default docs/guidance.md)."):args "?"
  a = p:parse()
end
if a.threads then sl.set_threads(a.threads) end

local beside = a.checkpoint:match "^(.*)/[^/]*$" or "."
local model, judge, noisy, classes, solve, how -- load() fills them

-- The sampler, and words that say all that the samples depend on.
local function sampler()
  local name, o = a.sampler, { steps = a.steps }
  if not name then name, o = sl.train.sampler(model.kind, 40) end
  o.steps = a.steps or o.steps
  local words = ("%s, %d steps"):format(name, o.steps or 0)
  if a.interval then words = ("%s, interval %g to %g"):format(words, table.unpack(a.interval)) end
  return sl.solve[name](o), noisy and words .. ", by a noisy classifier" or words
end

local function load()
  model, judge = sl.train.load(a.checkpoint), sl.train.load_classifier(a.classifier)
  noisy, classes = a.noisy and sl.train.load_classifier(a.noisy), judge.num_classes
  if not (model.classes or noisy) then
    error("guidance.lua: expected a checkpoint trained with --classes, or --noisy", 0)
  end
  solve, how = sampler()
end

-- ---- drawing -----------------------------------------------------------------------------------------------

local function guided(labels, scale)
  local o = { scale = scale, interval = a.interval }
  if noisy then return sl.guidance.classifier(model.process, model.score, noisy, labels, o) end
  return sl.guidance.classifier_free(model.score, labels, o)
end

local function labels_of(first, n)
  local list = {}
  for i = 1, n do list[i] = (first + i - 1) % classes end
  return sl.tensor(list, { dtype = "int64" })
end

local function draw(scale)
  local parts = {}
  for first = 0, a.n - 1, a.batch do
    local scope <close> = sl.scope()
    local n = math.min(a.batch, a.n - first)
    local x = sl.no_grad(solve, model.process, guided(labels_of(first, n), scale), { n, table.unpack(model.shape) },
      { seed = a.seed, first = first })
    parts[#parts + 1] = scope:keep(sl.image.to_uint8(x))
  end
  return sl.cat(parts, 1)
end

-- ---- judging -----------------------------------------------------------------------------------------------

local function rows_of(labels, class)
  local list = {}
  for i, y in ipairs(labels:totable()) do
    if y == class then list[#list + 1] = i end
  end
  return sl.tensor(list, { dtype = "int64" })
end

-- The mean distance of two different rows of f [n,D].
local function spread(f)
  local n = f:shape(1)
  return squared_distances(f, f):sqrt():sum():item() / (n * (n - 1))
end

-- That of each class, from 0.
local function spreads(features, labels)
  local list = {}
  for class = 0, classes - 1 do list[class] = spread(features:index_select(rows_of(labels, class), 1)) end
  return list
end

local function mean_ratio(mine, real)
  local sum = 0
  for class = 0, classes - 1 do sum = sum + mine[class] / real[class] end
  return sum / classes
end

local real

local function reference()
  if real then return real end
  local x, labels = sl.data.fashion_mnist { path = a.data, split = "test" }
  local f = judge:features(x):to "float64"
  real = { features = f, accuracy = judge:score(x, labels), spreads = spreads(f, labels) }
  return real
end

local function measured(scale)
  local x, labels, r = draw(scale), labels_of(0, a.n), reference()
  local f = judge:features(x):to "float64"
  local folder = a.pictures or beside
  sl.image.save(("%s/guidance_%g.png"):format(folder, scale),
    sl.image.grid(x:narrow(1, 1, math.min(a.n, 10 * classes)), { columns = classes }))
  local some = r.features:narrow(1, 1, math.min(a.n, r.features:shape(1)))
  local within = sl.metrics.precision_recall(f, some, { bootstrap = 0 })
  return {
    scale = scale, how = how, n = a.n, seed = a.seed, judge = r.accuracy, agreement = judge:score(x, labels),
    variety = mean_ratio(spreads(f, labels), r.spreads), precision = within.precision.value,
    recall = within.recall.value, frechet = sl.metrics.frechet(f, r.features, { bootstrap = 0 }).value,
  }
end

-- ---- all of it -----------------------------------------------------------------------------------------------

local function all()
  local results = Results.open(a.results or beside .. "/guidance.jsonl", { "scale", "how", "n", "seed" })
  local list = {}
  for i, scale in ipairs(a.scales) do
    list[i] = results:get { scale = scale, how = how, n = a.n, seed = a.seed }
    if not list[i] then
      list[i] = measured(scale)
      results:add(list[i])
    end
    io.stderr:write(("scale %g: agreement %.3f, variety %.3f\n"):format(scale, list[i].agreement, list[i].variety))
  end
  return list
end

local function table_of(list)
  local rows = {}
  for i, r in ipairs(list) do
    rows[i] = { ("%g"):format(r.scale), ("%.3f"):format(r.agreement), ("%.3f"):format(r.variety),
      ("%.3f"):format(r.precision), ("%.3f"):format(r.recall), ("%.4g"):format(r.frechet) }
  end
  return measure.table({ "scale", "agreement", "variety", "precision", "recall", "Fréchet distance" }, rows)
end

local function verdict(list)
  local good = {}
  for _, r in ipairs(list) do
    if r.agreement >= ENOUGH.agreement and r.variety >= ENOUGH.variety then good[#good + 1] = ("%g"):format(r.scale) end
  end
  local where = #good > 0 and "scale " .. table.concat(good, ", ") or "at no scale"
  return ("The judge takes %.1f %% of the test images for what they are.\nAgreement of %g or more, variety of %g or "
    .. "more: %s."):format(list[1].judge * 100, ENOUGH.agreement, ENOUGH.variety, where)
end

-- Agreement, variety and recall over the scale, as a picture in the folder.
local function draw_curves(list, path)
  local names, scales, highest = { "agreement", "variety", "recall" }, {}, 1
  for i, r in ipairs(list) do
    scales[i] = r.scale
    for _, name in ipairs(names) do highest = math.max(highest, r[name]) end
  end
  local plot = sl.plot { xlabel = "scale of guidance", ylim = { 0, highest * 1.05 } }
  for _, name in ipairs(names) do
    local values = {}
    for i, r in ipairs(list) do values[i] = r[name] end
    plot:line(scales, values, { label = name, marks = true })
  end
  plot:save(path)
end

cli.run(function()
  load()
  if a.write and not a.write[1] then a.write[1] = measure.folder .. "/../../docs/guidance.md" end
  local list, section = all(), "guidance" .. (noisy and " by a classifier" or "")
  local picture = section:gsub(" ", "_") .. ".svg"
  draw_curves(list, ("%s/%s"):format(a.write and (a.write[1]:match "^(.*)/[^/]*$" or ".") or beside, picture))
  local text = ("%s\n\n%s\n\n![Agreement, variety and recall over the scale](%s)")
    :format(table_of(list), verdict(list), picture)
  measure.publish(a, section, text, { ("%d samples at each scale, seed %d, %s"):format(a.n, a.seed, how) })
end)
