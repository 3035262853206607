-- The main job: trains a U-Net on images, draws previews, keeps a checkpoint. The scripts train_*.lua say only which
-- process.
local sl = require "sdelua"
local cli = require "sdelua.train.cli"
local Run = require "sdelua.train.run"
local Trainer = require "sdelua.train.trainer"
local system = require "sdelua.core".system

local PREVIEW = { count = 16, evaluations = 40 }
local FINAL = { count = 64, evaluations = 60 }
local HELD_OUT = 1024
local SAVE_EVERY, PREVIEW_EVERY = 500, 500
local FOLDER_SIZE, FOLDER_CHANNELS = 32, 3

-- Options of the command line that are settings of the trainer, and those that are options of the network. They have
-- no default in the parser, so that what was not given can come from a checkpoint.
local SETTINGS = {
  { "batch", cli.integer(1), "Images in a step." },
  { "lr", cli.number(0), "Learning rate of Adam." },
  { "warmup", cli.integer(0), "Steps in which the rate rises to it." },
  { "cooldown", cli.number(0, true, 1), "Share of --steps, the last, in which the rate falls to zero." },
  { "clip", cli.number(0), "Gradients are clipped to this global norm." },
  { "ema", cli.number(0, true, 1), "Decay of the average of the parameters that samples are drawn with." },
  { "seed", cli.integer(0), "Seed of everything random." },
}
local NETWORK = {
  { "nf", cli.integer(1), "Channels of the network at full resolution.", 32 },
  { "ch_mult", cli.integers, "Channels at each resolution, as multiples of nf.", { 1, 2, 2 } },
  { "attn_resolutions", cli.integers, "Resolutions with self-attention (default: half the size of the images)." },
  { "dropout", cli.number(0, true, 1), "Probability of dropout.", 0 },
}

local function show(value) return type(value) == "table" and table.concat(value, ",") or tostring(value) end

local function add_option(parser, name, convert, text, default)
  if default ~= nil then text = ("%s (default %s)"):format(text, show(default)) end
  parser:option("--" .. name:gsub("_", "-"), text):target(name):convert(convert)
end

local function read_arguments(spec)
  local parser = cli.parser("train_" .. spec.name .. ".lua", spec.about)
  add_option(parser, "data", tostring, "Folder with the IDX files of (Fashion-)MNIST, or with PNG, JPEG or BMP images "
    .. "(default: Debian's dataset-fashion-mnist).")
  add_option(parser, "size", cli.integer(4), "Images of a folder are resized to this square.", FOLDER_SIZE)
  add_option(parser, "channels", cli.integer(1), "1 for grey, 3 for colour images of a folder.", FOLDER_CHANNELS)
  add_option(parser, "steps", cli.integer(1), "Steps to train in all.", spec.steps)
  add_option(parser, "minutes", cli.number(0), "Stop after this time; without --steps, only then.")
  add_option(parser, "out", tostring, "Folder of the run.", "runs/" .. spec.name)
  parser:flag("--resume", "Go on from the checkpoint in --out."):target "resume"
  add_option(parser, "threads", cli.integer(1), "Threads (default: as many as there are processors).")
  add_option(parser, "save_every", cli.integer(1), "Steps between checkpoints.", SAVE_EVERY)
  add_option(parser, "preview_every", cli.integer(1), "Steps between previews in samples.png.", PREVIEW_EVERY)
  for _, row in ipairs(SETTINGS) do add_option(parser, row[1], row[2], row[3], spec.settings[row[1]]) end
  for _, row in ipairs(NETWORK) do add_option(parser, table.unpack(row)) end
  parser:flag("--flip", "Mirror images at random."):target "flip"
  parser:flag("--dequantize", "Add uniform noise of one grey level."):target "dequantize"
  return parser:parse()
end

-- ---- data -----------------------------------------------------------------------------------------

-- Training images, and the images to measure on, in [-1,1]; nil when the data has no test set.
local function load_data(a)
  if a.data and not sl.data.is_mnist(a.data) and system.kind(a.data) == "folder" then
    return (sl.data.image_folder(a.data, { size = a.size or FOLDER_SIZE, channels = a.channels or FOLDER_CHANNELS }))
  end
  if a.size or a.channels then error("train: --size and --channels are for a folder of pictures in --data", 0) end
  local images = sl.data.fashion_mnist { path = a.data }
  local test = sl.data.fashion_mnist { path = a.data, split = "test" }
  return images, sl.image.to_float(test:narrow(1, 1, math.min(HELD_OUT, test:shape(1))))
end

-- ---- beginning, or going on --------------------------------------------------------------------------

local function begin(spec, a, images)
  local settings = {}
  for key, default in pairs(spec.settings) do settings[key] = default end
  for key in pairs(Trainer.settings) do
    if a[key] ~= nil then settings[key] = a[key] end
  end
  local size, net = images:shape(2), { size = images:shape(2), channels = images:shape(4) }
  for key, value in pairs(spec.network or {}) do net[key] = value end
  for _, row in ipairs(NETWORK) do net[row[1]] = a[row[1]] or row[4] end
  net.attn_resolutions = net.attn_resolutions or { size // 2 }
  return Trainer.new {
    samples = images, net = { kind = "UNet", options = net }, process = spec.process, settings = settings,
  }
end

-- A run goes on as it began: an option given now may not say otherwise.
local function agree(a, trainer, out)
  local function compare(key, before)
    if a[key] ~= nil and a[key] ~= before and show(a[key]) ~= show(before) then
      error(("train: --%s: the run in %s began with %s, got %s: leave the option out, or begin another run with --out")
        :format((key:gsub("_", "-")), out, show(before), show(a[key])), 0)
    end
  end
  for key, before in pairs(trainer.settings) do compare(key, before) end
  for _, row in ipairs(NETWORK) do compare(row[1], trainer.about.network.options[row[1]]) end
end

local function resume(a, out, images)
  local path = out .. "/checkpoint.safetensors"
  if system.kind(path) ~= "file" then
    error(("train: --resume: expected the checkpoint %s, got no such file"):format(path), 0)
  end
  local trainer = Trainer.resume(path, images)
  agree(a, trainer, out)
  return trainer
end

-- The last step: as told, else until the time is up, else as the run began.
local function set_goal(spec, a, trainer)
  local before = trainer.settings.goal
  a.steps = a.steps or (a.minutes and math.huge) or (before > 0 and before) or spec.steps
  trainer.settings.goal = a.steps < math.huge and a.steps or 0
end

-- ---- the run -----------------------------------------------------------------------------------------

local function draw(trainer, run, what)
  local shape = { what.count, table.unpack(trainer.about.shape) }
  local sampler = sl.solve.ancestral { steps = what.evaluations }
  local x = trainer:with_average(function(score)
    return (sampler(trainer.process, score, shape, { seed = trainer.settings.seed }))
  end)
  sl.image.save(run.samples, sl.image.grid(x))
end

-- Trains up to the last step; true when Ctrl-C ended it.
local function fit(trainer, run, a)
  local shown, last = nil, nil
  for step, bar in sl.progress(a.steps, { first = trainer.steps + 1, minutes = a.minutes }) do
    local loss, norm = trainer:step()
    run:log { step = step, loss = loss, grad_norm = norm }
    shown = shown and 0.95 * shown + 0.05 * loss or loss
    bar:set { loss = shown }
    if step % (a.preview_every or PREVIEW_EVERY) == 0 then draw(trainer, run, PREVIEW) end
    if step % (a.save_every or SAVE_EVERY) == 0 then trainer:save(run.checkpoint) end
    last = bar
  end
  trainer:save(run.checkpoint)
  return last and last.interrupted
end

local function finish(trainer, run, held)
  draw(trainer, run, FINAL)
  if held then
    local loss = trainer:with_average(function(score) return sl.train.heldout(trainer.process, score, held) end)
    print(("held-out noise-prediction loss on %d test images: %.4f"):format(held:shape(1), loss))
  end
  print(("wrote %s, %s, %s; peak memory %.0f MB"):format(run.samples, run.metrics, run.checkpoint,
    sl.memory().peak / 2 ^ 20))
end

--- main { name = "vp", about = "...", process = { kind = "VP", options = {...} }, steps = n, settings = {...} } reads
-- the command line and trains; returns the exit code, 130 after Ctrl-C. Option network: further options of sl.nn.UNet.
return function(spec)
  local a = read_arguments(spec)
  if a.threads then sl.set_threads(a.threads) end
  local out = a.out or "runs/" .. spec.name
  local images, held = load_data(a)
  local trainer = a.resume and resume(a, out, images) or begin(spec, a, images)
  set_goal(spec, a, trainer)
  local run <close> = Run.open(out, trainer.steps)
  if fit(trainer, run, a) then
    io.stderr:write(("stopped after step %d; --resume goes on\n"):format(trainer.steps))
    return 130
  end
  finish(trainer, run, held)
  return 0
end
