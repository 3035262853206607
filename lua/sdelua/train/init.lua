-- Training runs on images: what scripts/train_*.lua share, and how to take up what they leave.
local sl = require "sdelua"
local checkpoint = require "sdelua.train.checkpoint"
local classifier = require "sdelua.train.classifier"
local draws = require "sdelua.data.draws"
local random = require "sdelua.core".data.random

local train = {
  Trainer = require "sdelua.train.trainer",
  Run = require "sdelua.train.run",
  main = require "sdelua.train.main",
}

--- Name and options of the sampler that suits the process called `kind` (its row's word, else ancestral), for about so
-- many evaluations of the network.
function train.sampler(kind, evaluations)
  local row, o = sl.sde.processes:find(kind), { steps = 1 }
  for key, value in pairs(row and row.sampler or { "ancestral" }) do o[key] = value end
  local name = table.remove(o, 1)
  o.steps = math.max(evaluations // sl.solve[name](o).cost, 1)
  return name, o
end

--- A trained model of a checkpoint or a run's folder, ready to sample: { net, process, kind, score, shape, step,
-- classes }, net with the averaged parameters and in evaluation mode, kind the process's name, shape that of one
-- sample, classes how many it was trained with (nil: without labels; else score:given(labels) is the score given
-- classes). own = { net =, process = } serve instead of those that the checkpoint names.
function train.load(path, own)
  local groups, about = checkpoint.load(path)
  own = own or {}
  local net, process, score = checkpoint.build(path, about, own)
  net:load_state_dict(groups.model)
  local average = sl.optim.EMA(net:parameters())
  average:load_state_dict(groups.ema)
  average:copy_to()
  net:eval()
  return {
    net = net, process = process, kind = not own.process and about.process.kind or nil, score = score,
    shape = about.shape, step = about.step, classes = about.classes,
  }
end

--- A classifier that scripts/train_classifier.lua saved (see sdelua/train/classifier.lua).
function train.load_classifier(path) return classifier.load(path) end

local CHUNK = 128

-- Sum over the chunks of x0 of fn(part, count), part(x) those rows of x; tell(share), where given, is told how far that
-- is.
local function in_chunks(x0, tell, fn)
  local n, total = x0:shape(1), 0
  for first = 1, n, CHUNK do
    local scope <close> = sl.scope()
    local count = math.min(CHUNK, n - first + 1)
    total = total + fn(function(x) return x:narrow(1, first, count) end, count)
    if tell then tell((first + count - 1) / n) end
  end
  return total
end

-- The score of a part of samples with labels, or without.
local function given(score, labels, part) return labels and score:given(part(labels)) or score end

--- The noise-prediction loss, the mean of (-s score(x_t) - z)², over the images x0 in [-1,1], given their labels if
-- any; t uniform on [1e-3, T] and z are the same at every call. Call it without recording. tell(share), where given,
-- is told how much is done.
function train.heldout(process, score, x0, labels, tell)
  local n = x0:shape(1)
  local t = random("uniform", { n }, 0, 0, draws.HELDOUT_TIME) * (process.T - 1e-3) + 1e-3
  local z = random("normal", x0:shape(), 0, 0, draws.HELDOUT_NOISE)
  return in_chunks(x0, tell, function(part)
    local mean, std = process:marginal_prob(part(x0), part(t))
    local x = mean + std * part(z)
    return (given(score, labels, part)(x, part(t)) * std + part(z)):square():sum():item()
  end) / x0:numel()
end

--- The objective { kind =, options = } on x0, with the draws of seed 0: the same at every call.
function train.heldout_objective(process, score, x0, objective, labels, tell)
  local back <close> = setmetatable({ state = sl.rng_state() }, { __close = function(s) sl.set_rng_state(s.state) end })
  sl.set_rng_state { seed = 0, seen = 0 }
  local row = sl.loss.objectives:find(objective.kind)
  local record = row.static and sl.enable_grad or sl.no_grad -- such objectives take gradients themselves
  return in_chunks(x0, tell, function(part, count)
    local here = given(score, labels, part)
    return record(sl.loss[row.name], process, here, part(x0), objective.options):item() * count
  end) / x0:shape(1)
end

return train
