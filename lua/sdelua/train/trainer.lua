-- A network in training: everything that a checkpoint has to hold, and one step.
local sl = require "sdelua"
local errors = require "sdelua.errors"
local checkpoint = require "sdelua.train.checkpoint"
local class_labels = require "sdelua.sde.labels"
local json = require "sdelua.json"
local options = require "sdelua.options"

local Trainer = {}
Trainer.__index = Trainer

--- What may be set, with defaults; a checkpoint holds these. parameterization, label and precondition are options of
-- process:score (nil: as the objective has it, else noise and the process's own label), the latter two a name or {
-- kind =, options = }; goal is the step to stop at, 0 if unknown; cooldown the share of the steps up to it in which the
-- rate falls to zero (Hägele et al. 2024).
Trainer.settings = {
  batch = 64, lr = 1e-3, warmup = 200, cooldown = 0.0, clip = 1.0, ema = 0.995, seed = 0, flip = false,
  dequantize = false, parameterization = options.NONE, label = options.NONE, precondition = options.NONE, goal = 0,
}

-- The row of the objective { kind =, options = }, and its options with defaults.
local function read_objective(given)
  local row = sl.loss.objectives:find(given.kind)
  if not row then
    errors.raise("train: option objective: expected a name that sl.loss.list() has, got %s", tostring(given.kind))
  end
  local ok, why = pcall(json.encode, given.options)
  if not ok then errors.raise("train: option objective: a checkpoint has to hold its options: " .. errors.bare(why)) end
  return row, options.read(row.name, given.options, row.options)
end

-- Labels of classes beside the samples: int64 [n], and how many classes the network has to know; nil without.
local function read_labels(spec, net)
  local y = spec.labels
  if y == nil then return nil end
  local n = spec.samples:shape(1)
  if not sl.is_tensor(y) or y:dim() ~= 1 or y:shape(1) ~= n or (y.dtype ~= "uint8" and y.dtype ~= "int64") then
    errors.raise("train: option labels: expected integers [%d], one a sample, got %s", n, options.show(y))
  elseif (net.num_classes or 0) == 0 then
    errors.raise("train: option labels: expected none for a network without classes (options classes or label_dim)")
  end
  class_labels.check_range("train", y, net.num_classes, 0)
  return y:to "int64", net.num_classes
end

-- Fills in what the objective says of the score; a label goes with every parameterization but F, which has its own.
local function settle_score(settings, row, o)
  local said = row.score and row.score(o) or { parameterization = "noise" }
  local kind = settings.parameterization or said.parameterization
  settings.parameterization = kind
  for _, key in ipairs { "parameterization", "label", "precondition" } do
    local goes = kind == said.parameterization or (key == "label" and kind ~= "F")
    if settings[key] == nil and goes then settings[key] = said[key] end
  end
end

local function describe(spec, settings, objective)
  local shape = spec.samples:shape()
  return {
    network = spec.net, process = spec.process, objective = objective, settings = settings,
    score = {
      parameterization = settings.parameterization, label = settings.label, precondition = settings.precondition,
    },
    shape = table.move(shape, 2, #shape, 1, {}), samples = shape[1],
  }
end

--- Trainer.new { samples = tensor, labels = nil, net = { kind =, options = }, process = { kind =, options = },
-- objective = { kind =, options = }, settings = {...} }, the objective dsm unless given; labels [n], classes from 0,
-- are handed to the network. Sets the seed of the random numbers, so that all that follows depends on the arguments
-- alone.
function Trainer.new(spec)
  local s = options.read("train", spec.settings, Trainer.settings)
  local objective = spec.objective or { kind = "dsm", options = {} }
  local row, own = read_objective(objective)
  settle_score(s, row, own)
  local self = setmetatable({
    steps = 0, settings = s, about = describe(spec, s, objective), loss = sl.loss[row.name],
  }, Trainer)
  sl.manual_seed(s.seed)
  self.net, self.process, self.score = checkpoint.build("train", self.about, {})
  self.about.network = { kind = spec.net.kind, options = self.net.config } -- with every default
  local labels, classes = read_labels(spec, self.net)
  self.about.classes = classes
  local parameters = self.net:parameters()
  self.optimizer = sl.optim.Adam(parameters, { lr = s.lr, warmup = s.warmup, grad_clip = s.clip })
  self.ema = sl.optim.EMA(parameters, { decay = s.ema })
  self.batches = sl.data.loader(spec.samples,
    { batch = s.batch, seed = s.seed, flip = s.flip, dequantize = s.dequantize, labels = labels })
  return self
end

local function same_data(path, about, samples)
  local now = table.concat(samples:shape(), ",")
  local before = table.concat({ about.samples, table.unpack(about.shape) }, ",")
  if now ~= before then
    errors.raise("train: %s was trained on samples [%s], got [%s]", path, before, now)
  end
end

--- The trainer that wrote the checkpoint, as it was then; samples, and labels where it had any, are the same as then.
function Trainer.resume(path, samples, labels)
  local groups, about = checkpoint.load(path)
  same_data(path, about, samples)
  if about.classes and labels == nil then
    errors.raise("train: %s was trained with labels of %d classes, got none", path, about.classes)
  end
  local self = Trainer.new {
    samples = samples, net = about.network, process = about.process, objective = about.objective,
    settings = about.settings, labels = about.classes and labels or nil,
  }
  self.net:load_state_dict(groups.model)
  self.ema:load_state_dict(groups.ema)
  self.optimizer:load_state_dict(groups.optim)
  sl.set_rng_state(about.generator)
  self.steps = about.step
  return self
end

-- What a step draws depends on its number alone, so one that failed can be made again.
local function rewind(self)
  local seen = self.steps * self.settings.batch
  self.batches:seek(seen)
  sl.set_rng_state { seen = seen }
end

-- The rate of the step to come, before its warmup.
local function rate(self)
  local s = self.settings
  local falling = s.cooldown * s.goal
  return s.lr * (falling > 0 and math.min(1, math.max(0, s.goal - self.steps) / falling) or 1)
end

--- One step; returns the loss and the norm of the gradient before clipping. After an error (a gradient that is not
-- finite, memory that is out) nothing has changed.
function Trainer:step()
  local scope <close> = sl.scope()
  rewind(self)
  local x0, labels = self.batches()
  local score = labels and self.score:given(labels) or self.score
  local loss = self.loss(self.process, score, x0, self.about.objective.options)
  self.optimizer:zero_grad()
  loss:backward()
  self.optimizer.lr = rate(self)
  local value, norm = loss:item(), self.optimizer:step()
  self.ema:update()
  self.steps = self.steps + 1
  return value, norm
end

--- What fn(score) returns with the averaged parameters in the network, in evaluation mode and without recording.
function Trainer:with_average(fn)
  local back <close> = setmetatable({}, { __close = function() self.net:train() end })
  self.net:eval()
  return self.ema:apply(sl.no_grad, function() return fn(self.score) end)
end

--- Writes the checkpoint, whole or not at all.
function Trainer:save(path)
  self.about.step, self.about.generator = self.steps, sl.rng_state()
  checkpoint.save(path, {
    model = self.net:state_dict(), ema = self.ema:state_dict(), optim = self.optimizer:state_dict(),
  }, self.about)
end

return Trainer
