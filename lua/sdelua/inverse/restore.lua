-- What scripts/restore.lua, inpaint.lua, colorize.lua and superres.lua share: pictures that were measured, samples of
-- what they may have been, and a page that shows both.
local sl = require "sdelua"
local errors = require "sdelua.errors"
local finite = require "sdelua.finite"
local cli = require "sdelua.train.cli"
local conditions = require "sdelua.train.conditions"
local shapes = require "sdelua.inverse.shapes"

local restore = {}

local STEPS = 100 -- without --steps
local SHOWN, SIDE = 4, 112 -- on the page: samples of an image, and about so many pixels to the side of one

-- ---- the command line ------------------------------------------------------------------------------------

local function stop_with(text)
  return function()
    print(text())
    os.exit(0, true)
  end
end

-- Methods that need what no command line can say: a mixture.
local ELSEWHERE = { exact = true }

local function lists()
  local methods = sl.posterior.list()
  for i = #methods, 1, -1 do
    if ELSEWHERE[methods[i].name] then table.remove(methods, i) end
  end
  return ("%s\n\n%s"):format(sl.inverse.list(), methods)
end

--- What options that are tensors come from, for --help.
restore.FILES = "One that is a tensor comes from a file: .npy, or a mask as .png, white 1, black 0"

--- What the command line says. spec: name, about, operator and method (the defaults), and add(parser) for more options;
-- read(a, row, shape, parser) makes the options of the operator, whose row that is, for images of that shape from them.
local function arguments(spec)
  local p = cli.parser(spec.name .. ".lua", spec.about)
  p:argument("checkpoint", "The folder of a run on images, or its file checkpoint.safetensors.")
    :convert(cli.checkpoint)
  p:argument("images", "PNG, JPEG, BMP or WebP files: what was measured, or with --measure-truth clean pictures; or "
    .. ".npy files of measurements."):args "*"
  p:flag("--measure-truth", "The images are clean: measure them first."):target "measure_truth"
  p:option("--test", "In place of images, so many test images of Fashion-MNIST, measured."):convert(cli.integer(1))
  spec.add(p)
  p:option("--std", "Standard deviation of the noise in the measurement, in units of images in [-1,1].", "0")
    :convert(cli.number(0, true))
  p:option("--method", "How to sample: a name that --list prints.", spec.method)
  cli.add_assignments(p, "--set", "An option of the method, such as --set eta=1. " .. restore.FILES .. ".")
  p:option("--steps", ("Steps of the method (default: its own, or %d)."):format(STEPS)):convert(cli.integer(1))
  p:flag("--list", "Print operators and methods, and stop."):action(stop_with(lists))
  conditions.add(p, "What the images are, of a model of classes: a class (from 0), or of each image its own, in turn: "
    .. "3,7.")
  p:option("--n", "Samples of each image.", "4"):convert(cli.integer(1))
  p:option("--out", "Folder to write to.", "restored")
  p:option("--seed", "Seed of the samples, and of the noise of --measure-truth.", "0"):convert(cli.integer(0))
  p:option("--batch", "Samples drawn at a time.", "32"):convert(cli.integer(1))
  p:option("--threads", "Threads (default: as many as there are processors)."):convert(cli.integer(1))
  local a = p:parse()
  if (#a.images == 0) == (a.test == nil) then p:error "expected images or --test" end
  return a, p
end

local function found(p, flag, rows, name)
  local row, why = cli.row(rows, name)
  return row or p:error(("option '%s': %s"):format(flag, why))
end

--- A mask of a picture, [H,W]: 1 where it is white, 0 where it is black.
function restore.mask(path)
  local grey = sl.image.load(path, { channels = 1 })
  return grey:to("float32"):gt(127):to("float32"):reshape { grey:shape(1), grey:shape(2) }
end

-- Options whose values name files, as what is in those.
local function read_files(o)
  for key, value in pairs(o) do
    local ending = type(value) == "string" and value:match "%.(%w+)$"
    if ending == "npy" then o[key] = sl.npy.load(value) elseif ending == "png" then o[key] = restore.mask(value) end
  end
  return o
end

local function operator_of(a, p, spec, shape)
  local name = a.operator or spec.operator
  local row = found(p, "--operator", sl.inverse.operators, name)
  local o = read_files(spec.read(a, row, shape, p))
  if row.options and row.options.shape and o.shape == nil then o.shape = shape end
  o.std = a.std + 0.0
  local operator = sl.inverse[name](o)
  if shapes.text(operator.shape) == shapes.text(shape) then return operator end
  return p:error(("option '--operator': expected one of images %s, which the model of %s knows, got %s"):format(
    shapes.text(shape), a.checkpoint, tostring(operator)))
end

local function method_of(a, p)
  local row = found(p, "--method", sl.posterior.methods, a.method)
  if ELSEWHERE[a.method] then
    p:error(("option '--method': expected a name that --list prints, got '%s'"):format(a.method))
  end
  local o = read_files(cli.collect(a.set, row.options))
  if type(o.grid) ~= "table" then o.steps = o.steps or row.steps or STEPS end
  o.steps = a.steps or o.steps
  return sl.posterior[a.method](o)
end

-- ---- images ----------------------------------------------------------------------------------------------

local function wrong(path, expected, x)
  errors.raise("restore: %s: expected %s, got %s", path, expected, shapes.text(x:shape()))
end

--- A picture of exactly that shape as [1,H,W,C] in [-1,1].
local function picture(path, shape, what)
  local x = sl.image.load(path, { channels = shape[3] })
  if shapes.text(x:shape()) ~= shapes.text(shape) then wrong(path, ("%s of %s"):format(what, shapes.text(shape)), x) end
  return sl.image.to_float(x):unsqueeze(1)
end

-- Raises where a picture that measured one value a pixel has colours: which grey is theirs is the operator's to say.
local function check_grey(path)
  local x = sl.image.load(path, { channels = 3 }):to "int64"
  if (x - x:narrow(3, 1, 1)):abs():amax():item() > 2 then -- JPEG's greys are not even
    errors.raise("restore: %s: expected a grey picture, got one of colours: or --measure-truth", path)
  end
end

-- A clean picture, cut and resized to what the model knows.
local function truth(path, shape)
  local square = shape[1] == shape[2] and shape[1] or nil
  local x = sl.image.load(path, { channels = shape[3], size = square })
  if shapes.text(x:shape()) ~= shapes.text(shape) then wrong(path, "a picture of " .. shapes.text(shape), x) end
  return sl.image.to_float(x):unsqueeze(1)
end

-- y [1, measured] of a file: its values, a picture of it, or one of x whose unknown part is anything.
local function measured(path, operator)
  local want = operator.measured
  if path:find "%.npy$" then
    local y = sl.npy.load(path):to "float32"
    if y:dim() == #want then y = y:unsqueeze(1) end
    operator:check_measured("restore: " .. path, y)
    return y
  elseif operator.made.damaged then
    return operator.made.damaged(picture(path, operator.shape, "a picture"))
  elseif #want == 3 and (want[3] == 1 or want[3] == 3) then
    if want[3] == 1 then check_grey(path) end
    return picture(path, want, "what " .. operator.name .. " measures, a picture")
  end
  errors.raise("restore: %s: expected a file .npy of %s, which %s measures: or --measure-truth", path,
    shapes.text(want), operator.name)
end

local function stem(path, seen)
  local name = path:match "([^/]+)$":gsub("%.%w+$", "")
  seen[name] = (seen[name] or 0) + 1
  return seen[name] > 1 and ("%s-%d"):format(name, seen[name]) or name
end

-- Names, clean images [N, shape] where they are known, and measurements.
local function inputs(a, parser, operator)
  local names, seen, list = {}, {}, {}
  local known = a.measure_truth or a.test
  if a.test and shapes.text(operator.shape) ~= "[28,28,1]" then
    parser:error(("option '--test': expected a model of images [28,28,1], as Fashion-MNIST's are, got one of %s")
      :format(shapes.text(operator.shape)))
  end
  for i = 1, a.test or #a.images do
    names[i] = a.test and ("test%d"):format(i) or stem(a.images[i], seen)
    list[i] = not a.test and (known and truth(a.images[i], operator.shape) or measured(a.images[i], operator)) or nil
  end
  if a.test then
    local x = sl.image.to_float(sl.data.fashion_mnist { split = "test" }:narrow(1, 1, a.test))
    list = { x }
  end
  local x = sl.cat(list, 1)
  if not known then return names, nil, x end
  return names, x, sl.no_grad(operator.measure, operator, x, { seed = a.seed })
end

-- ---- samples ---------------------------------------------------------------------------------------------

-- n samples of each, [N, n, shape]: row by row, whatever the batch.
local function draw(a, model, method, score_of, operator, y)
  local total, parts, last = y:shape(1) * a.n, {}, nil
  local rows = y:unsqueeze(2):expand({ y:shape(1), a.n, table.unpack(operator.measured) })
    :reshape { total, table.unpack(operator.measured) }
  for step, bar in sl.progress((total + a.batch - 1) // a.batch) do
    local first = (step - 1) * a.batch
    local n = math.min(a.batch, total - first)
    parts[step] = sl.no_grad(function()
      return (method(model.process, score_of(first, n), operator, rows:narrow(1, first + 1, n),
        { seed = a.seed, first = first }))
    end)
    last = bar
  end
  if last.interrupted then os.exit(130, true) end
  local x = sl.cat(parts, 1)
  if not finite(x) then
    errors.raise("restore: %s: samples that are not finite: try more steps (--steps) or other options (--set)",
      a.method)
  end
  return x:reshape { y:shape(1), a.n, table.unpack(operator.shape) }
end

-- ---- what is written -------------------------------------------------------------------------------------

-- The standard deviation of each pixel over the samples, the mean over its colours, [N,H,W,C]; the largest.
local function spread(x)
  local deviation = x:std({ 2 }):mean({ 4 }, true)
  local largest = deviation:amax():item()
  return (deviation / math.max(largest, 1e-12) * 2 - 1):expand { x:shape(1), table.unpack(x:shape(), 3) }, largest
end

-- Images as large as x, [N,H,W,C].
local function fitted(images, shape)
  if images:shape(2) ~= shape[1] or images:shape(3) ~= shape[2] then
    images = images:resize_bilinear(shape[1], shape[2])
  end
  return images:shape(4) == shape[3] and images or images:expand { images:shape(1), table.unpack(shape) }
end

-- Columns of the page, each [N,H,W,C], and their names.
local function columns(operator, x, y, samples)
  local list, names = {}, {}
  local function add(name, images) list[#list + 1], names[#names + 1] = fitted(images, operator.shape), name end
  local n = samples:shape(2)
  if x then add("truth", x) end
  add("measurement", operator:picture(y))
  for k = 1, math.min(n, SHOWN) do add("sample " .. k, samples:select(2, k)) end
  if n > 1 then
    add("mean", samples:mean { 2 })
    local map, largest = spread(samples)
    add(("standard deviation (white: %.3g)"):format(largest), map)
  end
  return list, names
end

-- A row for each image. Small ones are enlarged: every pixel a square.
local function page(list)
  local images = sl.stack(list, 2):reshape { -1, table.unpack(list[1]:shape(), 2) }
  local factor = math.max(1, SIDE // math.max(images:shape(2), images:shape(3)))
  return sl.image.grid(images:upsample(factor), { columns = #list, padding = 2 * factor })
end

-- Every sample, and their mean; of what was measured here the truth and y.
local function write(out, names, x, y, samples)
  for i, name in ipairs(names) do
    local base = ("%s/%s"):format(out, name)
    for k = 1, samples:shape(2) do
      sl.image.save(("%s_%02d.png"):format(base, k), samples:select(1, i):select(1, k))
    end
    sl.image.save(base .. "_mean.png", samples:select(1, i):mean { 1 })
    if x then
      sl.image.save(base .. "_truth.png", x:select(1, i))
      sl.npy.save(base .. "_measured.npy", y:select(1, i):contiguous())
    end
  end
end

local function psnr(a, b) return sl.metrics.psnr(a, b, { bootstrap = 0 }).value end

local function report(operator, x, y, samples)
  local n, singles = samples:shape(2), 0
  for k = 1, n do singles = singles + psnr(samples:select(2, k), x) / n end
  local text = ("PSNR of single samples %.2f dB, of their mean %.2f dB"):format(singles, psnr(samples:mean { 2 }, x))
  if operator.linear or operator.made.pinv then
    text = text .. (", of the pseudo-inverse %.2f dB"):format(psnr(operator:pinv(y), x))
  end
  print(text)
end

-- ---- all of it -------------------------------------------------------------------------------------------

local function load(a)
  local model = sl.train.load(a.checkpoint)
  if #model.shape ~= 3 then
    errors.raise("restore: %s: expected a model of images, got one of samples %s", a.checkpoint,
      shapes.text(model.shape))
  end
  for _, p in ipairs(model.net:parameters()) do p:requires_grad_(false) end -- only x is differentiated
  return model
end

local function main(spec, a, parser)
  if a.threads then sl.set_threads(a.threads) end
  local model = load(a)
  local operator, method = operator_of(a, parser, spec, model.shape), method_of(a, parser)
  local count = a.test or #a.images
  if a.class and #a.class > count then
    parser:error(("option '--class': expected at most %d, one an image, got %d"):format(count, #a.class))
  end
  local score_of = conditions.scores(a, model, parser, a.n)
  local names, x, y = inputs(a, parser, operator)
  cli.make_out(a.out)
  local samples = draw(a, model, method, score_of, operator, y)
  write(a.out, names, x, y, samples)
  local list, titles = sl.no_grad(columns, operator, x, y, samples)
  sl.image.save(a.out .. "/comparison.png", page(list))
  if x then sl.no_grad(report, operator, x, y, samples) end
  print(("%s with %s: wrote %d samples of %d images to %s; comparison.png shows %s"):format(tostring(operator),
    a.method, a.n * #names, #names, a.out, table.concat(titles, ", ")))
end

--- A whole script; spec as above.
function restore.main(spec) cli.run(main, spec, arguments(spec)) end

return restore
