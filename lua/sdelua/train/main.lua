-- The main job: trains a network on images, draws previews, keeps a checkpoint. The scripts train_*.lua say only which
-- process, objective and parameterization.
local sl = require "sdelua"
local arguments = require "sdelua.train.arguments"
local Run = require "sdelua.train.run"
local Trainer = require "sdelua.train.trainer"
local system = require "sdelua.core".system

local PREVIEW = { count = 16, evaluations = 40 }
local FINAL = { count = 64, evaluations = 60 }
local HELD_OUT = 1024

-- ---- data -----------------------------------------------------------------------------------------

-- What --data names, else Fashion-MNIST; where nothing is there, its error says where to get data.
local function find_data(a)
  if a.data and system.kind(a.data) then
    return sl.data.from(a.data, {
      size = a.size or arguments.FOLDER_SIZE, channels = a.channels or arguments.FOLDER_CHANNELS,
    })
  end
  local function split(name)
    local images, labels = sl.data.fashion_mnist { path = a.data, split = name }
    return { samples = images, labels = labels }
  end
  local set = split "train"
  set.test = function() return split "test" end
  return set
end

-- { images, labels = } to train on, and those to measure on, in [-1,1], where the data have a test set.
local function load_data(a)
  local set = find_data(a)
  if set.kind ~= "images" and (a.size or a.channels) then
    error("train: --size and --channels are for a folder of pictures in --data", 0)
  elseif set.samples:dim() ~= 4 then
    error("train: --data: expected images [n,H,W,C], got " .. set.about, 0)
  end
  local data, test = { images = set.samples, labels = set.labels }, set.test and set.test()
  if not test then return data end
  local n = math.min(HELD_OUT, test.samples:shape(1))
  return data, { images = sl.image.to_float(test.samples:narrow(1, 1, n)), labels = test.labels:narrow(1, 1, n) }
end

-- ---- beginning, or going on --------------------------------------------------------------------------

local function resume(a, out, data)
  local path = out .. "/checkpoint.safetensors"
  if system.kind(path) ~= "file" then
    error(("train: --resume: expected the checkpoint %s, got no such file"):format(path), 0)
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

-- What the run began with, for config.json: all of the trainer, and the words of the command line.
local function describe(spec, a, trainer)
  local config = { script = ("train_%s.lua"):format(spec.name), command_line = a }
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

local function draw(trainer, run, what)
  local shape = { what.count, table.unpack(trainer.about.shape) }
  local name, opts = sl.train.sampler(trainer.about.process.kind, what.evaluations)
  local sampler = sl.solve[name](opts)
  local classes = trainer.about.classes
  local x = trainer:with_average(function(score)
    if classes then score = score:given(each_class(what.count, classes)) end
    return (sampler(trainer.process, score, shape, { seed = trainer.settings.seed }))
  end)
  run:picture(trainer.steps, sl.image.grid(x), what == FINAL)
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

-- The loss on images held out: the noise prediction's for dsm, else the objective itself.
local function measure(trainer, run, held)
  local objective = trainer.about.objective
  local plain, labels = objective.kind == "dsm", trainer.about.classes and held.labels or nil
  local loss = trainer:with_average(function(score)
    if plain then return sl.train.heldout(trainer.process, score, held.images, labels) end
    return sl.train.heldout_objective(trainer.process, score, held.images, objective, labels)
  end)
  local name = plain and "noise-prediction" or objective.kind
  print(("held-out %s loss on %d test images: %.4f"):format(name, held.images:shape(1), loss))
  run:conclude { step = trainer.steps, heldout = loss, heldout_of = name, heldout_images = held.images:shape(1) }
end

local function finish(trainer, run, held)
  draw(trainer, run, FINAL)
  if held then measure(trainer, run, held) end
  print(("wrote %s, %s, %s; peak memory %.0f MB"):format(run.samples, run.metrics, run.checkpoint,
    sl.memory().peak / 2 ^ 20))
end

--- main { name = "vp", about = "...", process = { kind = "VP", options = {...} }, steps = n, settings = {...} } reads
-- the command line and trains; returns the exit code, 130 after Ctrl-C. May also hold objective = { kind =, options = }
-- (dsm unless given) and network, further options of sl.nn.UNet.
return function(spec)
  local a = arguments.read(spec)
  local given = {} -- for set_goal fills in
  for key, value in pairs(a) do given[key] = value end
  if a.threads then sl.set_threads(a.threads) end
  local out = a.out or "runs/" .. spec.name
  local data, held = load_data(a)
  local trainer = a.resume and resume(a, out, data)
    or Trainer.new(arguments.begin(spec, a, data))
  set_goal(spec, a, trainer)
  local run <close> = Run.open(out, trainer.steps)
  run:describe(describe(spec, given, trainer))
  if fit(trainer, run, a) then
    io.stderr:write(("stopped after step %d; --resume goes on\n"):format(trainer.steps))
    return 130
  end
  finish(trainer, run, held)
  return 0
end
