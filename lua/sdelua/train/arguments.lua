-- The command line of the scripts train_*.lua, and what it says of a run.
local sl = require "sdelua"
local errors = require "sdelua.errors"
local cli = require "sdelua.train.cli"
local json = require "sdelua.json"
local Trainer = require "sdelua.train.trainer"

local arguments = {
  SAVE_EVERY = 500, PREVIEW_EVERY = 500, FOLDER_SIZE = 32, FOLDER_CHANNELS = 3, LABEL_DROPOUT = 0.1,
  SAMPLES = 64, HELD_OUT = 1024,
}

-- Options of the command line that are settings of the trainer, and those that are options of the network, where it has
-- one of that name. They have no default in the parser, so that what was not given can come from a checkpoint.
local SETTINGS = {
  { "batch", cli.integer(1), "Images in a step." },
  { "lr", cli.number(0), "Learning rate of Adam." },
  { "warmup", cli.integer(0), "Steps in which the rate rises to it." },
  { "cooldown", cli.number(0, true, 1), "Share of --steps, the last, in which the rate falls to zero." },
  { "clip", cli.number(0), "Gradients are clipped to this global norm." },
  { "ema", cli.number(0, true, 1), "Decay of the average of the parameters that samples are drawn with." },
  { "seed", cli.integer(0), "Seed of everything random." },
  { "parameterization", tostring, "What the network predicts: noise, score, x0, v, velocity, energy or F (default: as "
    .. "suits the objective)." },
  { "precondition", tostring, "With parameterization F: EDM, VP, VE or iDDPM (default: as suits the objective)." },
}
local NETWORK = {
  { "nf", cli.integer(1), "Channels of the network at full resolution.", 32 },
  { "ch_mult", cli.integers, "Channels at each resolution, as multiples of nf.", { 1, 2, 2 } },
  { "attn_resolutions", cli.integers, "Resolutions with self-attention (default: half the size of the images)." },
  { "dropout", cli.number(0, true, 1), "Probability of dropout.", 0 },
}
local NET, OBJECTIVE = "UNet", "dsm"

--- A value as the command line has it.
function arguments.show(value)
  if type(value) ~= "table" then return tostring(value) end
  return #value > 0 and table.concat(value, ",") or json.encode(value)
end

local show = arguments.show

local function flag_of(name) return "--" .. name:gsub("_", "-") end

local function add_option(parser, name, convert, text, default)
  if default ~= nil then text = ("%s (default %s)"):format(text, show(default)) end
  return parser:option(flag_of(name), text):target(name):convert(convert)
end

local function objective_of(spec) return spec.objective or { kind = OBJECTIVE, options = {} } end

-- What is trained, and how it is said.
local function add_model(parser, spec)
  add_option(parser, "objective", tostring, "What is minimised: a name that --list prints.", objective_of(spec).kind)
  cli.add_assignments(parser, "--set", "An option of the objective, such as --set weighting=likelihood.")
  add_option(parser, "net", tostring, "The network: a name that --list prints.", NET)
  cli.add_assignments(parser, "--net-set", "An option of the network, such as --net-set num_res_blocks=1.")
  parser:flag("--list", "Print objectives and networks, and stop."):action(function()
    print(("%s\n\n%s"):format(sl.loss.list(), sl.nn.list()))
    os.exit(0, true)
  end)
end

--- What the command line says; what it does not say is nil.
function arguments.read(spec)
  local parser = cli.parser("train_" .. spec.name .. ".lua", spec.about)
  add_option(parser, "data", tostring, "Folder with the IDX files of (Fashion-)MNIST, CIFAR-10's binary version or "
    .. "pictures (there, or in a folder a class), or an npy, npz, safetensors or IDX file of images (default: Debian's "
    .. "dataset-fashion-mnist).")
  add_option(parser, "size", cli.integer(4), "Images of a folder are resized to this square.", arguments.FOLDER_SIZE)
  add_option(parser, "channels", cli.integer(1), "1 for grey, 3 for colour images of a folder.",
    arguments.FOLDER_CHANNELS)
  add_option(parser, "steps", cli.integer(1), "Steps to train in all.", spec.steps)
  add_option(parser, "minutes", cli.number(0), "Stop after this time; without --steps, only then.")
  add_option(parser, "out", tostring, "Folder of the run.", "runs/" .. spec.name)
  parser:flag("--resume", "Go on from the checkpoint in --out."):target "resume"
  add_option(parser, "threads", cli.integer(1), "Threads (default: as many as there are processors).")
  add_option(parser, "save_every", cli.integer(1), "Steps between checkpoints.", arguments.SAVE_EVERY)
  add_option(parser, "preview_every", cli.integer(1), "Steps between previews in samples.png.",
    arguments.PREVIEW_EVERY)
  add_option(parser, "samples", cli.integer(0), "Images drawn into samples.png in the end; 0: its last preview stays.",
    arguments.SAMPLES)
  add_option(parser, "held_out", cli.integer(0), "Test images that the loss is measured on in the end, at most; 0: "
    .. "none.", arguments.HELD_OUT)
  add_model(parser, spec)
  for _, row in ipairs(SETTINGS) do add_option(parser, row[1], row[2], row[3], spec.settings[row[1]]) end
  for _, row in ipairs(NETWORK) do add_option(parser, table.unpack(row)) end
  parser:flag("--classes", "Hand the network the labels of the data, of which MNIST, CIFAR-10 and folders of classes "
    .. "have some: a network given classes."):target "classes"
  add_option(parser, "label_dropout", cli.number(0, true, 1), "Probability of training without the label, for guidance "
    .. "without a classifier.", arguments.LABEL_DROPOUT)
  parser:flag("--flip", "Mirror images at random."):target "flip"
  parser:flag("--dequantize", "Add uniform noise of one grey level."):target "dequantize"
  return parser:parse()
end

-- ---- a new run ---------------------------------------------------------------------------------------

local function merge(into, from)
  for key, value in pairs(from or {}) do into[key] = value end
  return into
end

local function found(collection, what, name)
  local row, why = cli.row(collection, name)
  if not row then errors.raise("train: --%s: %s", what, why) end
  return row
end

-- The options that tell a network of the classes, where there are labels.
local function of_classes(a, kind, known, labels)
  if not a.classes then
    if a.label_dropout then errors.raise("train: --label-dropout: goes with --classes") end
    return {}
  elseif not labels then
    errors.raise "train: --classes: expected data with labels, such as MNIST's or a folder of classes, got data without"
  end
  local name = known.classes ~= nil and "classes" or known.label_dim ~= nil and "label_dim"
  if not name then errors.raise("train: --classes: the network %s takes none", kind) end
  return {
    [name] = math.tointeger(labels:to "int64":amax():item()) + 1,
    label_dropout = a.label_dropout or arguments.LABEL_DROPOUT,
  }
end

-- The options that the network has: those of the script, of images like these, and what was given.
local function network(spec, a, data)
  local kind, images = a.net or NET, data.images
  local known = found(sl.nn.networks, "net", kind).options or {}
  local o, size = {}, images:shape(2)
  local usual = { size = size, channels = images:shape(4), attn_resolutions = { size // 2 } }
  for _, row in ipairs(NETWORK) do
    local name, default = row[1], row[4]
    if a[name] ~= nil and known[name] == nil then
      errors.raise("train: %s: the network %s has no such option: see --net-set", flag_of(name), kind)
    end
    usual[name] = a[name] or default or usual[name]
  end
  if kind == NET then merge(o, spec.network) end
  for name, value in pairs(usual) do
    if known[name] ~= nil then o[name] = value end
  end
  merge(o, of_classes(a, kind, known, data.labels))
  return { kind = kind, options = merge(o, cli.collect(a.net_set, known)) }
end

-- The script's objective, or another with the options given alone.
local function objective(spec, a)
  local usual = objective_of(spec)
  local kind = a.objective or usual.kind
  local row, o = found(sl.loss.objectives, "objective", kind), {}
  if kind == usual.kind then merge(o, usual.options) end
  return { kind = kind, options = merge(o, cli.collect(a.set, row.options)) }
end

--- What Trainer.new takes for a script and its command line. The parameterization that a script gives is for its own
-- objective: with another, that one's own is the default.
function arguments.begin(spec, a, data)
  local settings = merge({}, spec.settings)
  if a.objective and a.objective ~= objective_of(spec).kind then
    settings.parameterization, settings.precondition = nil, nil
  end
  for key in pairs(Trainer.settings) do
    if a[key] ~= nil then settings[key] = a[key] end
  end
  return {
    samples = data.images, labels = a.classes and data.labels or nil, net = network(spec, a, data),
    process = spec.process, objective = objective(spec, a), settings = settings,
  }
end

-- ---- going on with one ---------------------------------------------------------------------------------

-- What was given, by flag, and what the run began with.
local function pairs_of(a, trainer)
  local net, goal, list = trainer.about.network, trainer.about.objective, {}
  local function add(flag, now, before) list[#list + 1] = { flag = flag, now = now, before = before } end
  for key in pairs(Trainer.settings) do add(flag_of(key), a[key], trainer.settings[key]) end
  for _, row in ipairs(NETWORK) do add(flag_of(row[1]), a[row[1]], net.options[row[1]]) end
  add("--net", a.net, net.kind)
  add("--objective", a.objective, goal.kind)
  add("--classes", a.classes, trainer.about.classes ~= nil)
  add("--label-dropout", a.label_dropout, net.options.label_dropout)
  local function add_all(flag, given, before)
    for name, value in pairs(cli.collect(given, before)) do add(flag .. " " .. name, value, before[name]) end
  end
  add_all("--net-set", a.net_set, net.options)
  add_all("--set", a.set, goal.options)
  return list
end

--- A run goes on as it began: an option given now may not say otherwise.
function arguments.agree(a, trainer, out)
  for _, pair in ipairs(pairs_of(a, trainer)) do
    if pair.now ~= nil and pair.now ~= pair.before and show(pair.now) ~= show(pair.before) then
      errors.raise("train: %s: the run in %s began with %s, got %s: leave the option out, or begin another run with "
        .. "--out", pair.flag, out, show(pair.before), show(pair.now))
    end
  end
end

return arguments
