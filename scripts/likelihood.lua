-- sdelua scripts/likelihood.lua CHECKPOINT [--help]: bits/dim of test images under a trained model. docs/likelihood.md
-- says what the number means. An image's depends on the seed and its number alone, not on --batch, --threads or --n.
local sl = require "sdelua"
local cli = require "sdelua.train.cli"
local system = require "sdelua.core".system

local parser = cli.parser("likelihood.lua", "Bits/dim of test images under a checkpoint of scripts/train_*.lua.")
parser:argument("checkpoint", "The folder of a run, or its file checkpoint.safetensors."):convert(cli.checkpoint)
parser:option("--data", "Images to measure, as sl.data.from reads them: IDX files of MNIST, CIFAR-10, pictures, npy … "
  .. "(default: Debian's dataset-fashion-mnist).")
parser:option("--n", "How many images, from the first on.", 64):convert(cli.integer(1))
parser:option("--repeats", "Times each image is dequantized and measured anew.", 1):convert(cli.integer(1))
parser:option("--trace", "hutchinson: the mean of --probes estimates; exact: one pass for each value of an image.",
  "hutchinson"):choices { "hutchinson", "exact" }
parser:option("--hutchinson", "Law of the probes.", "rademacher"):choices { "rademacher", "gaussian" }
parser:option("--probes", "Probes for each image.", 1):convert(cli.integer(1))
parser:option("--tolerance", "rtol and atol of the solver: docs/likelihood.md says what they cost.", 1e-4)
  :convert(cli.number(0))
parser:option("--eps", "Time at which the flow begins (default: the process's own)."):convert(cli.number(0))
parser:option("--bound", "Measures the variational bound of the reverse SDE too, with so many draws for each image.")
  :convert(cli.integer(1))
parser:option("--out", "File for the numbers of each image (.npz).")
parser:option("--seed", "Seed of the dequantizing noise and the probes.", 0):convert(cli.integer(0))
parser:option("--batch", "Images measured at a time.", 64):convert(cli.integer(1))
parser:option("--threads", "Threads (default: as many as there are processors)."):convert(cli.integer(1))
local a = parser:parse()

local function load_images(model)
  local h, w, c = table.unpack(model.shape)
  if #model.shape ~= 3 then
    error(("likelihood: %s: expected a model of images, got one of samples [%s]"):format(a.checkpoint,
      table.concat(model.shape, ",")), 0)
  end
  local images
  if a.data and system.kind(a.data) then
    images = sl.data.from(a.data, { split = "test", size = h, channels = c }).samples
  else
    images = sl.data.fashion_mnist { path = a.data, split = "test" }
  end
  if images:shape(2) ~= h or images:shape(3) ~= w or images:shape(4) ~= c then
    error(("likelihood: --data: expected images [%d,%d,%d] as the model has them, got [%d,%d,%d]"):format(h, w, c,
      images:shape(2), images:shape(3), images:shape(4)), 0)
  end
  return images:narrow(1, 1, math.min(a.n, images:shape(1)))
end

-- How much of the way up to T is done at time t: the solver's steps are about even in log(s/m).
local function way_of(process, eps)
  local function log_sigma(t)
    local ok, at = pcall(process.point, process, t)
    return ok and math.log(math.min(math.max(at.sigma, 1e-6), 1e3)) or nil
  end
  local from, to = log_sigma(eps), log_sigma(process.T)
  if not (from and to and from < to) then return function(t) return (t - eps) / (process.T - eps) end end
  return function(t) return (log_sigma(t) - from) / (to - from) end
end

-- The numbers of one batch, [n] each: bpd, nfe, what the probes leave of error in bpd, and the bound.
local function measure(model, images, options)
  local scope <close> = sl.scope()
  local bpd, info = sl.likelihood.bits_per_dim(model.process, model.score, images, options)
  local dim = images:numel() // images:shape(1)
  local found = { bpd = bpd, nfe = info.nfe:to "float32", se = info.se and info.se / (dim * math.log(2)) }
  if a.bound then
    local x = sl.likelihood.dequantize(images, { seed = options.seed, first = options.first })
    local logp = sl.likelihood.bound(model.process, model.score, x, {
      samples = a.bound, eps = a.eps, seed = options.seed, first = options.first,
    })
    found.bound = sl.likelihood.bits(logp, dim)
  end
  for _, value in pairs(found) do scope:keep(value) end
  return found
end

-- name -> [n * repeats]
local function measure_all(model, images)
  local n, parts = images:shape(1), {}
  local batches, last = (n + a.batch - 1) // a.batch, nil
  local way = way_of(model.process, a.eps or model.process.eps.likelihood)
  for step, bar in sl.progress(batches * a.repeats) do
    local round, first = (step - 1) // batches, (step - 1) % batches * a.batch
    local found = measure(model, images:narrow(1, first + 1, math.min(a.batch, n - first)), {
      seed = a.seed + round, first = first, trace = a.trace, hutchinson = a.hutchinson, probes = a.probes, eps = a.eps,
      rtol = a.tolerance, atol = a.tolerance, callback = function(state) bar:inside(way(state.t)) end,
    })
    for name, value in pairs(found) do
      parts[name] = parts[name] or {}
      table.insert(parts[name], value)
    end
    bar:set { bpd = found.bpd:mean():item() }
    last = bar
  end
  if last.interrupted then os.exit(130, true) end
  for name, list in pairs(parts) do parts[name] = sl.cat(list, 1) end
  return parts
end

-- Mean over the images, and its standard error; the repeats of an image are one number.
local function summary(values)
  local by_image = values:to "float64":reshape({ a.repeats, -1 }):mean(1)
  local n = by_image:numel()
  local se = n > 1 and math.sqrt((by_image - by_image:mean()):square():sum():item() / (n * (n - 1)))
  return ("%.4f%s"):format(by_image:mean():item(), se and (" +- %.4f"):format(se) or "")
end

local function main()
  if a.threads then sl.set_threads(a.threads) end
  local model = sl.train.load(a.checkpoint)
  for _, p in ipairs(model.net:parameters()) do p:requires_grad_(false) end -- only x is differentiated
  local images = load_images(model)
  local found = measure_all(model, images)
  print(("%d test images, step %d: %s bits/dim (standard error over images)"):format(images:shape(1), model.step,
    summary(found.bpd)))
  if found.se then
    print(("of which the probes leave %.4f for one image"):format(found.se:square():mean():sqrt():item()))
  end
  if found.bound then print(("variational bound of the reverse SDE: %s bits/dim"):format(summary(found.bound))) end
  print(("offset %g, from dequantized images in [-1,1]; %.0f evaluations of the score for an image, tolerance %g")
    :format(sl.likelihood.offset(-1, 1), found.nfe:mean():item(), a.tolerance))
  if a.out then sl.npz.save(a.out, found) end
end

cli.run(main)
