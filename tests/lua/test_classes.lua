-- Classes from end to end on little pictures: classifiers, and the scripts that train and draw with labels.
local check = require "check"
local idx = require "idx"
local process = require "process"
local sl = require "sdelua"
local classifier = require "sdelua.train.classifier"

local program, quote = process.program, process.quote
local folder = process.folder()

-- ---- the data: a bright bar at one of three places, 8x8 -----------------------------------------------------

local function pictures(n, seed)
  local labels = {}
  for i = 1, n do labels[i] = (i * 7 + seed) % 3 end
  local y = sl.tensor(labels, { dtype = "int64" })
  local row = sl.arange(0, 8, 1, { dtype = "float32" }):reshape { 1, 8, 1, 1 }
  local at = (y:to "float32" * 3):reshape { n, 1, 1, 1 }
  local bar = row:ge(at) * row:lt(at + 2)
  local noise = sl.noise { seed = seed }:normal({ n, 8, 8, 1 }, 1) * 20
  return (bar:to "float32" * 180 + 40 + noise):clamp(0, 255):to "uint8", y:to "uint8"
end

local x, y = pictures(96, 1)
local test_x, test_y = pictures(60, 2)
idx.write(folder, "train", x, y)
idx.write(folder, "t10k", test_x, test_y)

local SMALL = { steps = 60, batch = 32, width = 4, features = 8, lr = 1e-2 }
local VP = { kind = "VP", options = { beta_max = 10 } }

local function small(more)
  local o = {}
  for _, list in ipairs { SMALL, more or {} } do
    for key, value in pairs(list) do o[key] = value end
  end
  return o
end

-- ---- classifiers -----------------------------------------------------------------------------------------------

check.test("a classifier learns, depends on its arguments alone, and comes back from its file", function()
  local before, path = sl.rng_state(), folder .. "/c.safetensors"
  local known = classifier.train(x, y, small { dropout = 0.2, seed = 4 })
  check.eq(sl.rng_state(), before)
  check.ok(known:score(test_x, test_y) > 0.95, known:score(test_x, test_y))
  check.eq(known:features(test_x):shape(), { 60, 8 })
  sl.manual_seed(99)
  local again = classifier.train(x, y, small { dropout = 0.2, seed = 4 })
  local f = sl.image.to_float(test_x)
  check.eq(sl.no_grad(again, f):totable(), sl.no_grad(known, f):totable())
  known:save(path)
  local loaded = sl.train.load_classifier(path)
  check.eq(sl.no_grad(loaded, f):totable(), sl.no_grad(known, f):totable())
  check.eq(loaded.num_classes, 3)
  check.eq(sl.metrics.features.of(loaded)(test_x):totable(), known:features(test_x):totable())
  check.raises(function() known(f, 0.5) end, "classifier: argument t: expected none")
end)

check.test("a noisy classifier knows noised images, of any process, and guides", function()
  local path = folder .. "/n.safetensors"
  local known = classifier.train(x, y, small { process = VP, steps = 150 })
  check.ok(known:score(test_x, test_y) > 0.9, known:score(test_x, test_y))
  check.ok(known:noisy_score(test_x, test_y, 0.3) > 0.8, known:noisy_score(test_x, test_y, 0.3))
  check.ok(known:noisy_score(test_x, test_y, 1) < 0.7)
  known:save(path)
  local loaded = sl.train.load_classifier(path)
  check.eq(loaded.process:point(0.5), known.process:point(0.5))
  local f = sl.image.to_float(test_x):narrow(1, 1, 6)
  check.eq(sl.no_grad(loaded, f, 0.3):totable(), sl.no_grad(known, f, 0.3):totable())
  check.eq(sl.no_grad(loaded, f:narrow(1, 2, 1), 0.3)[1]:totable(), sl.no_grad(loaded, f, 0.3)[2]:totable())
  local function flat(z, t) -- the score of N(0, 1/4) in each pixel
    local p = known.process
    return -z / (p:coefficient("m", z, t):square() * 0.25 + p:coefficient("s", z, t):square())
  end
  local asked = sl.tensor({ 0, 1, 2, 0, 1, 2 }, { dtype = "int64" })
  local guided = sl.guidance.classifier(known.process, flat, loaded, asked, { scale = 5 })
  local drawn = sl.solve.heun { steps = 10 }(known.process, guided, { 6, 8, 8, 1 }, { seed = 1 })
  check.eq(known:classify(drawn):totable(), asked:totable())
  check.raises(function() sl.guidance.classifier(known.process, flat, loaded, 3) end,
    "guidance.classifier: argument labels: expected classes from 0 to 2, got 3")
end)

check.test("what the network of a noisy classifier is given", function()
  local seen
  local known = classifier.train(x, y, small { process = VP, steps = 1 })
  known.net = function(z, t)
    seen = { z, t }
    return z
  end
  local z, t = sl.randn { 2, 8, 8, 1 }, sl.tensor { 0.2, 0.7 }
  known(z, t)
  for i = 1, 2 do
    local p = known.process:point(t[i]:item())
    local scale = math.sqrt(p.m ^ 2 + p.s ^ 2)
    check.close(seen[1][i]:totable(), (z[i] / scale):totable(), 1e-5)
    check.close(seen[2][i]:item(), 1000 * p.s / scale, 1e-5)
  end
end)

check.test("files that are no classifiers", function()
  local path, known = folder .. "/wrong", classifier.train(x, y, small { steps = 1 })
  local function altered(key, value, part)
    known:save(path)
    local tensors, texts = sl.load(path)
    texts[key] = value
    sl.save(path, tensors, texts)
    check.raises(function() sl.train.load_classifier(path) end, part)
  end
  altered("format", "sdelua checkpoint 1", "expected the text format to be sdelua classifier 1")
  altered("network", '{"kind":"Sequential","options":{}}', "expected a known network with options")
  altered("network", '{"kind":"Classifier","options":{"size":8,"channels":1,"width":3}}', "does not fit")
  altered("about", '{"process":{"kind":"define","options":{}}}', "expected a known process with options")
  check.raises(function() sl.nn.Classifier { size = 6, channels = 1 } end,
    "Classifier: option size: expected a multiple of 4, got 6")
end)

-- ---- scripts ---------------------------------------------------------------------------------------------------

local function run(...)
  local code, text = process.run("", program, ...)
  check.eq(code, 0, text)
  return text
end

local function fails(part, ...)
  local code, text = process.run("", program, ...)
  check.ok(code ~= 0 and text:find(part, 1, true), text)
end

local function bytes(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

-- The words of a small run.
local function train(...)
  local list = { "scripts/train_vp.lua", "--data", folder, "--nf", "4", "--ch-mult", "1,1", "--batch", "4" }
  return table.unpack(table.move({ ... }, 1, select("#", ...), #list + 1, list))
end

local conditional, plain = folder .. "/run", folder .. "/plain"
local checkpoint = conditional .. "/checkpoint.safetensors"

check.test("train --classes: the labels of the data, gone on with as begun", function()
  run(train("--classes", "--label-dropout", "0.2", "--steps", "6", "--out", conditional))
  local _, texts = sl.load(checkpoint)
  check.eq(texts.classes, "3")
  check.ok(texts.network:find('"classes":3', 1, true) and texts.network:find('"label_dropout":0.2', 1, true))
  local constant = { "--classes", "--cooldown", "0" } -- the rate does not know where the run ends
  run(train("--steps", "3", "--out", folder .. "/part", table.unpack(constant)))
  run(train("--resume", "--steps", "6", "--out", folder .. "/part"))
  run(train("--steps", "6", "--out", folder .. "/whole", table.unpack(constant)))
  check.ok(bytes(folder .. "/part/checkpoint.safetensors") == bytes(folder .. "/whole/checkpoint.safetensors"))
  run(train("--steps", "2", "--out", plain))
  check.eq(select(2, sl.load(plain .. "/checkpoint.safetensors")).classes, nil)
  fails("--classes: the run in " .. plain .. " began with false, got true",
    train("--resume", "--classes", "--steps", "3", "--out", plain))
  fails("--label-dropout: goes with --classes", train("--label-dropout", "0.2", "--out", plain))
  fails("--classes: the network NCSNpp takes none", train("--classes", "--net", "NCSNpp", "--out", plain))
  sl.image.save(folder .. "/run/1.png", x:select(1, 1))
  fails("--classes: expected data with labels", "scripts/train_vp.lua", "--data", folder .. "/run", "--size", "8",
    "--classes")
end)

check.test("train_classifier.lua, sample.lua --class, bench/guidance.lua", function()
  local judge, noisy = folder .. "/judge.safetensors", folder .. "/noisy.safetensors"
  local how = { "--data", folder, "--steps", "30", "--batch", "16", "--width", "4", "--features", "8", "--lr", "0.01" }
  local text = run("scripts/train_classifier.lua", "--out", judge, table.unpack(how))
  check.ok(text:find "accuracy on 60 test images: [01]%.%d+\n", text)
  text = run("scripts/train_classifier.lua", "--noisy", "--process", "VE", "--set", "sigma_max=10", "--out", noisy,
    table.unpack(how))
  check.ok(text:find "accuracy on 60 test images at t = 0.5: ", text)
  check.close(sl.train.load_classifier(noisy).process:point(1).s, 10, 1e-9)
  local first
  for i, batch in ipairs { "8", "3" } do
    run("scripts/sample.lua", checkpoint, "--n", "5", "--steps", "2", "--class", "0,2", "--guidance", "2", "--interval",
      "0.1,5", "--format", "npy", "--batch", batch, "--out", folder .. "/drawn" .. i)
    local now = bytes(folder .. "/drawn" .. i .. "/samples.npy")
    first = first or now
    check.ok(now == first, "--batch " .. batch)
  end
  local function sample(...)
    return "scripts/sample.lua", checkpoint, "--n", "2", "--steps", "2", "--out", folder .. "/d", ...
  end
  run(sample("--class", "1"))
  run(sample("--class", "1", "--classifier", noisy, "--guidance", "3"))
  fails("expected classes from 0 to 2", sample("--class", "3"))
  fails("'--guidance': expected --class with it", sample("--guidance", "2"))
  fails("'--class': expected a checkpoint trained with --classes", "scripts/sample.lua",
    plain .. "/checkpoint.safetensors", "--class", "1", "--out", folder .. "/d")
  fails("expected classes such as 3 or 3,7, got '0,x'", sample("--class", "0,x"))
  text = run("scripts/bench/guidance.lua", checkpoint, judge, "--data", folder, "--scales", "1,3", "--steps", "2",
    "--n", "24")
  check.ok(text:find "\n| 3 | [01]%.%d+ | " and text:find("variety of 0.7 or more", 1, true), text)
  check.ok(bytes(conditional .. "/guidance.svg"):find(">scale of guidance</text>", 1, true))
  check.ok(bytes(conditional .. "/guidance.jsonl"):find('"scale":3', 1, true))
end)

check.test("restore.lua --class: what is known of each image", function()
  sl.image.save(folder .. "/a.png", x:select(1, 1))
  sl.image.save(folder .. "/b.png", x:select(1, 2))
  local function restored(model, ...)
    return "scripts/restore.lua", model, folder .. "/a.png", folder .. "/b.png", "--measure-truth", "--operator",
      "inpaint", "--operator-set", "mask=half", "--steps", "2", "--n", "3", ...
  end
  local function drawn(name, ...)
    local out = folder .. "/" .. name
    run(restored(checkpoint, "--out", out, ...))
    local all = {}
    for i, image in ipairs { "a", "b" } do
      for k = 1, 3 do all[3 * i + k - 3] = bytes(("%s/%s_%02d.png"):format(out, image, k)) end
    end
    return all
  end
  local by = { "--guidance", "30", "--classifier", folder .. "/noisy.safetensors" }
  local each = drawn("each", "--class", "0,2", "--batch", "4", table.unpack(by))
  check.eq(drawn("split", "--class", "0,2", "--batch", "2", table.unpack(by)), each)
  local first = drawn("first", "--class", "0", table.unpack(by))
  for k = 1, 3 do check.ok(each[k] == first[k] and each[3 + k] ~= first[3 + k], "sample " .. k) end
  drawn("free", "--class", "0,2", "--guidance", "2")
  fails("'--class': expected a checkpoint trained with --classes",
    restored(plain .. "/checkpoint.safetensors", "--class", "1", "--out", folder .. "/d"))
end)

os.execute("rm -rf " .. quote(folder))
