-- The main job: trains a network on images, draws previews, keeps a checkpoint. The scripts train_*.lua say only which
-- process, objective and parameterization.
local sl = require "sdelua"
local idx = require "sdelua.data.idx"
local errors = require "sdelua.errors"
local arguments = require "sdelua.train.arguments"
local cli = require "sdelua.train.cli"
local Run = require "sdelua.train.run"
local Trainer = require "sdelua.train.trainer"
local system = require "sdelua.core".system

local PREVIEW = { count = 16, evaluations = 40 }
local FINAL = 60 -- evaluations

-- ---- data -----------------------------------------------------------------------------------------

-- What --data names, else Fashion-MNIST; where nothing is there, its error says where to get data.
local function find_data(a)
  local path = a.data or idx.FASHION_MNIST
  if not system.kind(path) or not a.data and not idx.is_mnist(path) then sl.data.fashion_mnist { path = path } end
  return sl.data.from(path, {
    size = a.size or arguments.FOLDER_SIZE, channels = a.channels or arguments.FOLDER_CHANNELS, quiet = not a.data,
  })
end

-- { images =, labels =, about = } to train on, and those to measure on, in [-1,1], where the data have a test set.
local function load_data(a)
  local set = find_data(a)
  if set.kind ~= "images" and (a.size or a.channels) then
    errors.raise("train: --size and --channels are for a folder of pictures in --data")
  elseif set.samples:dim() ~= 4 then
    errors.raise("train: --data: expected images [n,H,W,C], got " .. set.about)
  end
  local data = { images = set.samples, labels = set.labels, about = set.about }
  local wanted = a.held_out or arguments.HELD_OUT
  local test = wanted > 0 and set.test and set.test()
  if not test then return data end
  local n = math.min(wanted, test.samples:shape(1))
  return data, { images = sl.image.to_float(test.samples:narrow(1, 1, n)), labels = test.labels:narrow(1, 1, n) }
end

-- ---- beginning, or going on --------------------------------------------------------------------------

local function resume(a, out, data)
  local path = out .. "/checkpoint.safetensors"
  if system.kind(path) ~= "file" then
    errors.raise("train: --resume: expected the checkpoint %s, got no such file", path)
  end
  local trainer = Trainer.resume(path, data.images, data.labels)
  arguments.agree(a, trainer, out)
  return trainer
end

-- The last step: as told, else until the time is up, else as the run began.
local function set_goal(spec, a, trainer)
  local before = trainer.settings.goal
  a.steps = a.steps or (a.minutes and math.huge) or (before > 0 and before) or spec.steps
  trainer.settings.goal = a.steps < math.huge and a.steps or 0
end

-- What the run began with, for config.json: all of the trainer, the data, and the words of the command line.
local function describe(spec, a, trainer, data)
  local config = { script = ("train_%s.lua"):format(spec.name), command_line = a, data = data.about }
  for key, value in pairs(trainer.about) do config[key] = value end
  config.step, config.generator = nil, nil
  return config
end

-- ---- the run -----------------------------------------------------------------------------------------

-- The classes in turn.
local function each_class(n, classes)
  local list = {}
  for i = 1, n do list[i] = (i - 1) % classes end
  return list
end

-- what: how many, and with how many evaluations; tell(share), where given, is told how much is done.
local function draw(trainer, run, what, tell)
  local shape = { what.count, table.unpack(trainer.about.shape) }
  local name, opts = sl.train.sampler(trainer.about.process.kind, what.evaluations)
  local sampler = sl.solve[name](opts)
  local classes = trainer.about.classes
  local x = trainer:with_average(function(score)
    if classes then score = score:given(each_class(what.count, classes)) end
    return (sampler(trainer.process, score, shape, {
      seed = trainer.settings.seed,
      callback = tell and function(state) tell(math.min(1, state.step / opts.steps)) end,
    }))
  end)
  run:picture(trainer.steps, sl.image.grid(x), what ~= PREVIEW)
end

-- Trains up to the last step; true when Ctrl-C ended it.
local function fit(trainer, run, a)
  local shown, last = nil, nil
  for step, bar in sl.progress(a.steps, { first = trainer.steps + 1, minutes = a.minutes }) do
    local loss, norm = trainer:step()
    run:log { step = step, loss = loss, grad_norm = norm }
    shown = shown and 0.95 * shown + 0.05 * loss or loss
    bar:set { loss = shown }
    if step % (a.preview_every or arguments.PREVIEW_EVERY) == 0 then draw(trainer, run, PREVIEW) end
    if step % (a.save_every or arguments.SAVE_EVERY) == 0 then trainer:save(run.checkpoint) end
    last = bar
  end
  trainer:save(run.checkpoint)
  return last and last.interrupted
end

-- The loss on images held out, in words: the noise prediction's for dsm, else the objective itself.
local function measure(trainer, run, held, tell)
  local objective = trainer.about.objective
  local plain, labels = objective.kind == "dsm", trainer.about.classes and held.labels or nil
  local loss = trainer:with_average(function(score)
    if plain then return sl.train.heldout(trainer.process, score, held.images, labels, tell) end
    return sl.train.heldout_objective(trainer.process, score, held.images, objective, labels, tell)
  end)
  local name = plain and "noise-prediction" or objective.kind
  run:conclude { step = trainer.steps, heldout = loss, heldout_of = name, heldout_images = held.images:shape(1) }
  return ("held-out %s loss on %d test images: %.4f"):format(name, held.images:shape(1), loss)
end

-- What there is to do after the last step: { name, function(tell) -> words or nil }.
local function last_things(trainer, run, a, held)
  local list, count = {}, a.samples or arguments.SAMPLES
  local function add(name, fn) list[#list + 1] = { name, fn } end
  if count > 0 then
    add("samples.png", function(tell) draw(trainer, run, { count = count, evaluations = FINAL }, tell) end)
  end
  if held then add("held-out loss", function(tell) return measure(trainer, run, held, tell) end) end
  return list
end

-- Does them, with a bar; Ctrl-C leaves out what has not begun. True when all is done.
local function finish(trainer, run, a, held)
  local things, said, done = last_things(trainer, run, a, held), {}, 0
  for i, bar in sl.progress(#things) do
    bar:set { now = things[i][1] }
    said[#said + 1] = things[i][2](function(share) bar:inside(share) end)
    done = i
  end
  for _, words in ipairs(said) do print(words) end
  for i = done + 1, #things do print("left out: " .. things[i][1]) end
  local samples = system.kind(run.samples) and run.samples .. ", " or "" -- none drawn, and no preview
  print(("wrote %s%s, %s; peak memory %.0f MB"):format(samples, run.metrics, run.checkpoint,
    sl.memory().peak / 2 ^ 20))
  return done == #things
end

local function train(spec)
  local a = arguments.read(spec)
  local given = {} -- for set_goal fills in
  for key, value in pairs(a) do given[key] = value end
  if a.threads then sl.set_threads(a.threads) end
  local out = a.out or "runs/" .. spec.name
  local data, held = load_data(a)
  local trainer = a.resume and resume(a, out, data)
    or Trainer.new(arguments.begin(spec, a, data))
  set_goal(spec, a, trainer)
  cli.make_out(out)
  local run <close> = Run.open(out, trainer.steps)
  run:describe(describe(spec, given, trainer, data))
  if fit(trainer, run, a) then
    io.stderr:write(("stopped after step %d; --resume goes on\n"):format(trainer.steps))
    return 130
  end
  return finish(trainer, run, a, held) and 0 or 130
end

--- main { name = "vp", about = "...", process = { kind = "VP", options = {...} }, steps = n, settings = {...} } reads
-- the command line and trains; returns the exit code, 130 after Ctrl-C, and ends the program after an error that it has
-- told of. May also hold objective = { kind =, options = }
-- (dsm unless given) and network, further options of sl.nn.UNet.
return function(spec) return cli.run(train, spec) end
