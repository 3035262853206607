-- A network in training: everything that a checkpoint has to hold, and one step.
local sl = require "sdelua"
local checkpoint = require "sdelua.train.checkpoint"
local options = require "sdelua.options"

local Trainer = {}
Trainer.__index = Trainer

--- What may be set, with defaults; a checkpoint holds these. label is the option of process:score (nil: the process's
-- own); goal is the step to stop at, 0 if unknown; cooldown the share of the steps up to it in which the rate falls
-- to zero (Hägele et al. 2024).
Trainer.settings = {
  batch = 64, lr = 1e-3, warmup = 200, cooldown = 0.0, clip = 1.0, ema = 0.995, seed = 0, flip = false,
  dequantize = false, parameterization = "noise", label = options.NONE, weighting = "std", goal = 0,
}

local function describe(spec, settings)
  local shape = spec.samples:shape()
  return {
    network = spec.net, process = spec.process, settings = settings,
    score = { parameterization = settings.parameterization, label = settings.label },
    shape = table.move(shape, 2, #shape, 1, {}), samples = shape[1],
  }
end

--- Trainer.new { samples = tensor, net = { kind =, options = }, process = { kind =, options = }, settings = {...} }.
-- Sets the seed of the random numbers, so that all that follows depends on the arguments alone.
function Trainer.new(spec)
  local s = options.read("train", spec.settings, Trainer.settings)
  local self = setmetatable({ steps = 0, settings = s, about = describe(spec, s) }, Trainer)
  sl.manual_seed(s.seed)
  self.net, self.process, self.score = checkpoint.build("train", self.about, {})
  self.about.network = { kind = spec.net.kind, options = self.net.config } -- with every default
  local parameters = self.net:parameters()
  self.optimizer = sl.optim.Adam(parameters, { lr = s.lr, warmup = s.warmup, grad_clip = s.clip })
  self.ema = sl.optim.EMA(parameters, { decay = s.ema })
  self.batches = sl.data.loader(spec.samples,
    { batch = s.batch, seed = s.seed, flip = s.flip, dequantize = s.dequantize })
  return self
end

local function same_data(path, about, samples)
  local now = table.concat(samples:shape(), ",")
  local before = table.concat({ about.samples, table.unpack(about.shape) }, ",")
  if now ~= before then
    error(("train: %s was trained on samples [%s], got [%s]"):format(path, before, now), 0)
  end
end

--- The trainer that wrote the checkpoint, as it was then; samples are the same as then.
function Trainer.resume(path, samples)
  local groups, about = checkpoint.load(path)
  same_data(path, about, samples)
  local self = Trainer.new {
    samples = samples, net = about.network, process = about.process, settings = about.settings,
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
  local loss = sl.loss.dsm(self.process, self.score, self.batches(), { weighting = self.settings.weighting })
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
