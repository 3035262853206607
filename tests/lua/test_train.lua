local check = require "check"
local files = require "files"
local sl = require "sdelua"
local json = require "sdelua.json"
local system = require "sdelua.core".system

local with_folder, bytes = files.with_folder, files.read

local function interrupt_self() io.popen("kill -INT $PPID"):close() end

-- ---- progress -----------------------------------------------------------------------------------------

check.test("progress: the steps, a first step, no steps", function()
  local function steps(...)
    local list = {}
    for step in sl.progress(...) do list[#list + 1] = step end
    return list
  end
  check.eq(steps(3, { quiet = true }), { 1, 2, 3 })
  check.eq(steps(4, { first = 3, quiet = true }), { 3, 4 })
  check.eq(steps(0, { quiet = true }), {})
  check.eq(steps(2, { first = 3, quiet = true }), {})
  check.ok(#steps(math.huge, { minutes = 0.0005, quiet = true }) > 0)
  check.raises(function() sl.progress(-1) end, "progress: argument n: expected a count, got -1")
  check.raises(function() sl.progress(1, { silent = true }) end, "progress: unknown option silent")
end)

check.test("progress: the line", function()
  for step, bar in sl.progress(4, { first = 3, quiet = true }) do
    bar:set { loss = step / 4, images = 64 }
    local want = ("^step %d/4  images 64  loss %.4f  [%%d.]+ steps/s  %%d+:%%d%%d left$"):format(step, step / 4)
    check.ok(tostring(bar):match(want), tostring(bar))
  end
end)

check.test("progress: the line inside a step", function()
  for step, bar in sl.progress(2, { quiet = true }) do
    local before = tostring(bar)
    bar:inside(0.25)
    local want = ("^step %d/2 %%(25 %%%%%%)  [%%d.]+ steps/s  "):format(step)
    check.ok(tostring(bar):match(want) and before:find("^step " .. step .. "/2  "), tostring(bar))
  end
end)

check.test("progress: Ctrl-C ends the loop after the step under way, a second one at once", function()
  local last, kept
  for step, bar in sl.progress(100, { quiet = true }) do
    if step == 3 then interrupt_self() end
    last, kept = step, bar
  end
  check.eq({ last, kept.interrupted }, { 3, true })
  last = nil
  check.raises(function()
    for step in sl.progress(100, { quiet = true }) do
      last = step
      interrupt_self()
      interrupt_self()
      for _ = 1, 1e5 do last = step end
      last = "went on"
    end
  end, "interrupted")
  check.eq(last, 1)
  for step in sl.progress(2, { quiet = true }) do last = step end
  check.eq(last, 2, "the next loop is whole")
end)

-- ---- a run's folder ---------------------------------------------------------------------------------------

check.test("metrics are cut back to the checkpoint's step", function()
  with_folder(function(folder)
    local run = sl.train.Run.open(folder, 0)
    for step = 1, 5 do run:log { step = step, loss = step / 4 } end
    run:close()
    local file = assert(io.open(run.metrics, "a"))
    file:write '{"step":2,"lo'
    file:close()
    run = sl.train.Run.open(folder, 3)
    run:log { step = 4, loss = 9 }
    run:close()
    local steps = {}
    for line in io.lines(run.metrics) do steps[#steps + 1] = json.decode(line).step end
    check.eq(steps, { 1, 2, 3, 4 })
    sl.train.Run.open(folder, 0):close()
    check.eq(bytes(run.metrics), "")
  end)
end)

-- ---- training -----------------------------------------------------------------------------------------------

local images = sl.randint(0, 256, { 20, 8, 8, 1 }, { dtype = "uint8" })

local function trainer(own, process, objective, labels)
  local settings = { batch = 8, warmup = 2, flip = true, dequantize = true, seed = 11 }
  for key, value in pairs(own or {}) do settings[key] = value end
  return sl.train.Trainer.new {
    samples = images, objective = objective, labels = labels,
    process = process or { kind = "VP", options = { beta_min = 0.1, beta_max = 20 } },
    net = { kind = "UNet", options = { size = 8, channels = 1, nf = 8, ch_mult = { 1, 1 }, attn_resolutions = { 4 },
      num_res_blocks = 1, dropout = 0.1, classes = labels and 3, label_dropout = labels and 0.3 } },
    settings = settings,
  }
end

local function train_to(t, steps) while t.steps < steps do t:step() end end

check.test("stopped and resumed is the same as never stopped, byte by byte, previews or not", function()
  with_folder(function(folder)
    local whole, part = trainer(), folder .. "/part"
    train_to(whole, 7)
    whole:save(folder .. "/whole")
    local before = trainer()
    train_to(before, 3)
    before:with_average(function(score)
      sl.solve.ancestral { steps = 3 }(before.process, score, { 2, 8, 8, 1 }, { seed = 1 })
    end)
    before:save(part)
    sl.manual_seed(999)
    local after = sl.train.Trainer.resume(part, images)
    check.eq(after.steps, 3)
    train_to(after, 7)
    after:save(part)
    check.ok(bytes(part) == bytes(folder .. "/whole"), "the checkpoints differ")
  end)
end)

check.test("the rate falls to zero over the last part of the steps", function()
  local t, rates = trainer { goal = 5, cooldown = 0.4, lr = 1e-3, warmup = 0 }, {}
  for step = 1, 6 do
    t:step()
    rates[step] = t.optimizer.lr * 1e3
  end
  check.close(rates, { 1, 1, 1, 1, 0.5, 0 }, 1e-12)
end)

check.test("a checkpoint holds no time and no path, and loads ready to sample", function()
  with_folder(function(folder)
    local path, t = folder .. "/checkpoint.safetensors", trainer()
    train_to(t, 3)
    t:save(path)
    check.ok(not bytes(path):find(folder, 1, true))
    local model = sl.train.load(path)
    check.eq({ model.step, model.shape, model.process.T, model.net.training }, { 3, { 8, 8, 1 }, 1.0, false })
    local x, times = sl.image.to_float(images:narrow(1, 1, 2)), sl.tensor { 0.3, 0.7 }
    local want = t:with_average(function(score) return score(x, times):totable() end)
    check.eq(sl.no_grad(function() return model.score(x, times):totable() end), want)
    local own = sl.sde.VP { beta_min = 0.2, beta_max = 10 }
    check.ok(sl.train.load(path, { process = own }).process == own)
  end)
end)

check.test("files that are not checkpoints, or name what they must not", function()
  with_folder(function(folder)
    local path, t = folder .. "/c", trainer()
    local function altered(key, value, part)
      t:save(path)
      local tensors, texts = sl.load(path)
      texts[key] = value
      sl.save(path, tensors, texts)
      check.raises(function() sl.train.load(path) end, part)
    end
    altered("network", '{"kind":"Module","options":{}}', "expected a known network with options")
    altered("process", '{"kind":"define","options":{}}', "expected a known process with options")
    altered("process", '{"kind":"..init","options":{}}', "expected a known process with options")
    altered("network", "{", "text network: expected a table in JSON")
    altered("step", '"3"', "text step: expected a number in JSON")
    altered("format", "other", "expected the text format to be sdelua checkpoint 1, got other")
    altered("network", '{"kind":"UNet","options":{"size":8,"channels":1,"nf":4,"ch_mult":[1]}}', "does not fit")
    sl.save(path, { stranger = sl.zeros { 1 } }, {})
    check.raises(function() sl.train.load(path) end, path)
    check.raises(function() sl.train.load(folder .. "/none") end, "none")
    t:save(path)
    check.raises(function() sl.train.Trainer.resume(path, images:narrow(1, 1, 19)) end,
      "was trained on samples [20,8,8,1], got [19,8,8,1]")
  end)
end)

check.test("any process that comes one a file trains, and its checkpoint loads", function()
  with_folder(function(folder)
    local t = trainer({}, { kind = "cosine", options = {} })
    t:step()
    t:save(folder .. "/c")
    check.eq(sl.train.load(folder .. "/c").process.name, t.process.name)
  end)
end)

-- A checkpoint as it was before a file named its objective.
local function old_checkpoint(path, weighting)
  local t = trainer({}, nil, weighting and { kind = "dsm", options = { weighting = weighting } })
  t:step()
  t:save(path)
  local tensors, texts = sl.load(path)
  local settings = json.decode(texts.settings)
  settings.weighting, texts.objective = weighting or "std", nil
  texts.settings = json.encode(settings)
  sl.save(path, tensors, texts)
  return t
end

check.test("a checkpoint that names no objective is of dsm, with the weighting of its settings", function()
  with_folder(function(folder)
    for _, weighting in ipairs { false, "likelihood" } do
      local t = old_checkpoint(folder .. "/old", weighting)
      check.eq(sl.train.load(folder .. "/old").step, 1)
      local after = sl.train.Trainer.resume(folder .. "/old", images)
      check.eq(after.about.objective, { kind = "dsm", options = { weighting = weighting or nil } })
      t:step()
      after:step()
      t:save(folder .. "/whole")
      after:save(folder .. "/old")
      check.ok(bytes(folder .. "/old") == bytes(folder .. "/whole"), "the checkpoints differ")
    end
  end)
end)

-- Trains 2 steps at once, and 1 and 1 with a file between; returns the model of the file.
local function there_and_back(folder, ...)
  local whole, part = trainer(...), trainer(...)
  train_to(whole, 2)
  whole:save(folder .. "/whole")
  part:step()
  part:save(folder .. "/part")
  part = sl.train.Trainer.resume(folder .. "/part", images, (select(4, ...)))
  part:step()
  part:save(folder .. "/part")
  check.ok(bytes(folder .. "/part") == bytes(folder .. "/whole"), "the checkpoints differ")
  return sl.train.load(folder .. "/part"), whole
end

local EDM, FLOW = { kind = "EDM", options = {} }, { kind = "interpolant", options = {} }
local PREDICTS = { edm = "F", flow = "velocity", v = "v", smld = "score" }

check.test("every objective trains, stopped and resumed or not, and its checkpoint samples", function()
  with_folder(function(folder)
    for name, row in sl.loss.objectives:each() do
      local options = row.options.trace and { trace = "hutchinson" } or {}
      local process = name == "edm" and EDM or name == "flow" and FLOW or nil
      local model, t = there_and_back(folder, { batch = 2 }, process, { kind = name, options = options })
      check.eq(t.settings.parameterization, PREDICTS[name] or "noise")
      local sampler, given = sl.train.sampler(model.kind, 4)
      local x, info = sl.no_grad(sl.solve[sampler](given), model.process, model.score, { 1, 8, 8, 1 }, { seed = 1 })
      check.ok(x:square():mean():item() < math.huge, name)
      check.ok(info.nfe <= 4, name)
    end
  end)
end)

local labels = sl.arange(0, 20, 1, { dtype = "int64" }):gt(6):to "int64" * 2 -- 0 and 2

check.test("with labels: stopped and resumed is the same as never stopped, for every objective", function()
  with_folder(function(folder)
    for name, row in sl.loss.objectives:each() do
      local process = name == "edm" and EDM or name == "flow" and FLOW or nil
      local options = row.options.trace and { trace = "hutchinson" } or {}
      local model, t = there_and_back(folder, { batch = 2 }, process, { kind = name, options = options }, labels)
      check.eq({ model.classes, t.about.classes }, { 3, 3 })
      train_to(t, 4) -- what starts at zero keeps the labels from the answer at first
      local gradient = t.net.label:parameters()[1].grad
      check.ok(gradient and gradient:square():sum():item() > 0, name .. ": the labels are not used")
    end
  end)
end)

check.test("with labels: a class is learnt; data without them is refused", function()
  with_folder(function(folder)
    local t = trainer({ batch = 4, lr = 3e-3 }, nil, nil, labels)
    train_to(t, 4)
    t:save(folder .. "/c")
    local model, x = sl.train.load(folder .. "/c"), sl.zeros { 2, 8, 8, 1 }
    local y = sl.no_grad(model.score:given { 0, 2 }, x, 0.5)
    check.ok((y[1] - y[2]):abs():amax():item() > 0)
    check.raises(function() sl.train.Trainer.resume(folder .. "/c", images) end,
      "was trained with labels of 3 classes, got none")
    check.raises(function() trainer({}, nil, nil, labels:narrow(1, 1, 4)) end,
      "train: option labels: expected integers [20], one a sample, got int64 [4]")
    check.raises(function() trainer({}, nil, nil, labels * 2) end,
      "train: argument labels: expected classes from 0 to 2, got 4")
    local t0 = trainer()
    check.eq(t0.about.classes, nil)
    t0:save(folder .. "/c")
    check.eq(sl.train.load(folder .. "/c").classes, nil)
    check.raises(function()
      sl.train.Trainer.new { samples = images, labels = labels, process = { kind = "VP", options = {} },
        net = { kind = "UNet", options = { size = 8, channels = 1, nf = 8, ch_mult = { 1 } } } }
    end, "train: option labels: expected none for a network without classes")
  end)
end)

check.test("the sampler that a process names, for so many evaluations", function()
  check.eq({ sl.train.sampler("VP", 40) }, { "ancestral", { steps = 40 } })
  check.eq({ sl.train.sampler("interpolant", 41) }, { "ode", { method = "heun", steps = 20 } })
  check.eq({ sl.train.sampler(nil, 3) }, { "ancestral", { steps = 3 } })
  for name, row in sl.sde.processes:each() do
    if row.sampler then check.ok(select(2, sl.train.sampler(name, 1)).steps == 1, name) end
  end
end)

check.test("what the objective says of the score, and what is given instead", function()
  local function settings(objective, own, process) return trainer(own, process, objective).about.score end
  local edm = { kind = "edm", options = { sigma_data = 0.7 } }
  check.eq(settings(edm, {}, EDM),
    { parameterization = "F", precondition = { kind = "EDM", options = { sigma_data = 0.7 } } })
  check.eq(settings({ kind = "edm", options = { distribution = "ve" } }, {}, EDM).precondition,
    { kind = "VE", options = { sigma_min = 0.02, sigma_max = 100 } })
  check.eq(settings(edm, { parameterization = "v" }), { parameterization = "v" })
  check.eq(settings({ kind = "flow", options = {} }), { parameterization = "velocity" })
  check.eq(settings({ kind = "dsm", options = {} }, { parameterization = "F", precondition = "VP" }).precondition, "VP")
  local ddpm = { kind = "ddpm", options = { n_steps = 100 } }
  check.eq(settings(ddpm, { parameterization = "noise" }).label.options, { n_steps = 100, descending = false })
  check.eq(settings(ddpm, { parameterization = "v" }), { parameterization = "v", label = settings(ddpm).label })
  check.eq(settings(ddpm, { parameterization = "F" }), { parameterization = "F" })
  check.eq(settings(ddpm, { label = "std" }).label, "std")
  for _, kind in ipairs { "v", "F" } do
    check.ok(trainer({ parameterization = kind }, nil, ddpm):step() < math.huge, kind)
  end
  check.raises(function() settings { kind = "hinge", options = {} } end,
    "train: option objective: expected a name that sl.loss.list() has, got hinge")
  check.raises(function() settings { kind = "edm", options = { sigma = 1 } } end, "edm: unknown option sigma")
  check.raises(function() settings { kind = "dsm", options = { weighting = function(t) return t end } } end,
    "train: option objective: a checkpoint has to hold its options")
end)

check.test("levels: the network is told the numbers that its objective trained it with", function()
  local seen
  local function net(x, label)
    seen = label:totable()
    return x
  end
  local t = sl.tensor { 0.1, 0.5, 1 } -- 0 itself has no noise, and so no score
  for _, process in ipairs { sl.sde.VP {}, sl.sde.VE {} } do
    local x = sl.zeros { 3, 2 }
    process:score(net, { label = { "level", n_steps = 11 } })(x, t * process.T)
    check.close(seen, { 1, 5, 10 })
    process:score(net, { label = { "level", n_steps = 11, descending = true } })(x, t * process.T)
    check.close(seen, { 9, 5, 0 })
  end
  check.raises(function() sl.sde.VP {}:score(net, { label = { "level", n_steps = "many" } }) end, "option n_steps")
end)

check.test("a failed save leaves the previous checkpoint", function()
  with_folder(function(folder)
    local path, t = folder .. "/c", trainer()
    t:save(path)
    local before = bytes(path)
    t.about.extra = 0 / 0
    check.raises(function() t:save(path) end, "finite")
    check.ok(bytes(path) == before)
    check.eq(system.list_folder(folder), { "c" })
  end)
end)

check.test("the averaged parameters are put back, also after an error", function()
  local t = trainer()
  train_to(t, 2)
  local before = t.net:state_dict()["out.conv.weight"] or t.net:parameters()[1]
  local values = before:totable()
  check.raises(function() t:with_average(function() error "from inside" end) end, "from inside")
  check.eq(before:totable(), values)
  check.ok(t.net.training)
end)

check.test("held-out objective: the same at every call, one number for all chunks; the random numbers stay", function()
  local vp, x0 = sl.sde.VP {}, sl.randn { 130, 2 }
  local score = vp:score(function(x) return x * 0.5 end)
  for _, kind in ipairs { "v", "ssm_vr" } do
    local objective = { kind = kind, options = {} }
    local before = sl.rng_state()
    local first = sl.no_grad(sl.train.heldout_objective, vp, score, x0, objective)
    check.eq(sl.rng_state(), before)
    sl.manual_seed(5)
    check.eq(sl.no_grad(sl.train.heldout_objective, vp, score, x0, objective), first)
    sl.set_rng_state { seed = 0, seen = 0 }
    check.close(first, sl.loss[kind](vp, score, x0):item(), 1e-5)
    sl.set_rng_state(before)
  end
end)

check.test("held-out loss: 0 for the exact score, the noise's power for none", function()
  local vp, x0 = sl.sde.VP {}, sl.zeros { 200, 2, 2, 1 }
  local function exact(x, t)
    local _, std = vp:marginal_prob(x, t)
    return x / (std * std) * -1
  end
  check.close(sl.train.heldout(vp, exact, x0), 0, 0, 1e-8)
  check.close(sl.train.heldout(vp, function(x) return x * 0 end, x0), 1, 0.1)
end)
