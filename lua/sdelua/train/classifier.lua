-- Classifiers of images: trained on images as they are, or with a process on noised ones, for guidance.
--
-- A noisy one is asked as classifier(x, t [n] or a number), t the process's time; its network sees (x - c)/sqrt(m^2 +
-- s^2) and is told 1000 s/sqrt(m^2 + s^2). Of images with as much noise in them that is the same whatever the process,
-- so one network serves every affine one: classifier:under(process). A clean one is asked as classifier(x). Both say
-- logits [n,classes]. Images are uint8, or floats in [-1, 1].
local sl = require "sdelua"
local errors = require "sdelua.errors"
local checkpoint = require "sdelua.train.checkpoint"
local draws = require "sdelua.data.draws"
local json = require "sdelua.json"
local options = require "sdelua.options"
local random = require "sdelua.core".data.random
local times = require "sdelua.sde.common".times

local FORMAT, CHUNK = "sdelua classifier 1", 500

local Classifier = {}
Classifier.__index = Classifier
Classifier.__name = "sdelua.Classifier"

local function new(net, process, about)
  return setmetatable({ net = net, process = process, num_classes = net.config.classes, about = about }, Classifier)
end

-- ---- asking -------------------------------------------------------------------------------------------------

local function floats(x) return x.dtype == "uint8" and sl.image.to_float(x) or x end

-- x and t as the network takes them.
local function prepared(self, x, t)
  x = floats(x)
  if not self.process then
    if t ~= nil then
      errors.raise("classifier: argument t: expected none, for it was trained on images without noise: see --noisy")
    end
    return x
  end
  t = times(x, t or 0.0)
  local m, s = self.process:coefficient("m", x, t), self.process:coefficient("s", x, t)
  local scale = (m:square() + s:square()):rsqrt()
  if scale:numel() ~= x:shape(1) then
    errors.raise("classifier: argument process: expected one with the same coefficients for all features")
  end
  return (x - self.process:coefficient("c", x, t)) * scale, (s * scale):reshape { -1 } * 1000
end

function Classifier:__call(x, t) return self.net(prepared(self, x, t)) end

--- The same classifier of images that another process noised; of a clean one itself.
function Classifier:under(process)
  return self.process and new(self.net, process, self.about) or self
end

-- fn of pieces of x, put together, without recording; t a number or nil.
local function in_pieces(self, x, t, fn)
  local parts = {}
  for first = 1, x:shape(1), CHUNK do
    local scope <close> = sl.scope()
    parts[#parts + 1] = scope:keep(fn(prepared(self, x:narrow(1, first, math.min(CHUNK, x:shape(1) - first + 1)), t)))
  end
  return sl.cat(parts, 1)
end

--- Features [n,D], the layer before the last.
function Classifier:features(x, t)
  return sl.no_grad(in_pieces, self, x, t, function(...) return self.net:features(...) end)
end

--- The class (from 0) that the network takes each image to be, int64 [n].
function Classifier:classify(x, t)
  return sl.no_grad(in_pieces, self, x, t, function(...) return self.net(...):argmax(2) - 1 end)
end

--- Share of the images whose class is the label, from 0.
function Classifier:score(x, labels, t)
  return self:classify(x, t):eq(labels:to "int64"):to "float64":mean():item()
end

--- The same of noised images x_t, with the noise of seed 0.
function Classifier:noisy_score(x, labels, t)
  local z = random("normal", x:shape(), 0, 0, draws.CLASSIFIER_NOISE)
  return self:score(sl.no_grad(self.process.perturb, self.process, floats(x), t, z), labels, t)
end

function Classifier:__tostring()
  return ("%s classifier%s"):format(self.process and "noisy" or "clean",
    self.about.accuracy and (", test accuracy %.4f"):format(self.about.accuracy) or "")
end

-- ---- training -----------------------------------------------------------------------------------------------

local function cross_entropy(logits, labels)
  local index = (labels:to "int64" + 1):reshape { -1, 1 }
  return -logits:log_softmax(2):gather(index, 2):mean()
end

-- Images of a batch as the classifier is to know them, and their times.
local function noised(self, x)
  sl.train_batch(x:shape(1))
  if not self.process then return x end
  local t = sl.affine(sl.train_random("uniform", { x:shape(1) }, x.dtype), self.process.T, 0)
  return self.process:perturb(x, t, sl.train_random("normal", x:shape(), x.dtype)), t
end

local Fit = {}
Fit.__index = Fit

--- One step of training; returns the loss.
function Fit:step()
  local scope <close> = sl.scope()
  local x, y = self.batches()
  local loss = cross_entropy(self.classifier(noised(self.classifier, x)), y)
  self.optimizer:zero_grad()
  loss:backward()
  self.optimizer.lr = self.lr * (1 - self.steps / self.goal)
  self.optimizer:step()
  self.steps = self.steps + 1
  return loss:item()
end

local classifier = {}

local OPTIONS = {
  steps = 600, batch = 128, lr = 5e-3, width = 16, blocks = 0, features = 64, dropout = 0, seed = 0, flip = false,
  process = options.NONE,
}

local INTEGERS = { uint8 = true, int64 = true }

-- An error unless there is a label for each image, and a process by that name.
local function check(images, labels, o)
  if not sl.is_tensor(images) or images:dim() ~= 4 then
    errors.raise("classifier: argument images: expected a tensor [n,H,W,C], got " .. options.show(images))
  end
  local n, fits = images:shape(1), sl.is_tensor(labels) and labels:dim() == 1 and INTEGERS[labels.dtype]
  if not fits or labels:shape(1) ~= n or labels:amin():item() < 0 then
    errors.raise("classifier: argument labels: expected classes from 0, integers [%d], got %s", n, options.show(labels))
  elseif o.process and not sl.sde.processes:find(o.process.kind) then
    errors.raise("classifier: option process: expected { kind = one of sl.sde.list() }, got %s",
      options.show(o.process.kind))
  end
  options.counts("classifier", o, { "steps" })
end

--- classifier.begin(images uint8 [n,H,W,C], labels [n], options): a training, { classifier, step() }, whose rate falls
-- to zero over `steps`. process = { kind =, options = }: it learns x_t with t uniform on [0, T]. Sets the seed of the
-- random numbers, so that all that follows depends on the arguments alone.
function classifier.begin(images, labels, opts)
  local o = options.read("classifier", opts, OPTIONS)
  check(images, labels, o)
  sl.manual_seed(o.seed)
  local net = sl.nn.Classifier {
    size = images:shape(2), channels = images:shape(4), classes = math.tointeger(labels:amax():item()) + 1,
    width = o.width, blocks = o.blocks, features = o.features, dropout = o.dropout, time = o.process ~= nil,
  }
  local process = o.process and sl.sde[o.process.kind](o.process.options)
  return setmetatable({
    classifier = new(net, process, { process = o.process }), steps = 0, goal = o.steps, lr = o.lr,
    optimizer = sl.optim.Adam(net:parameters(), { lr = o.lr, warmup = 20 }),
    batches = sl.data.loader(images, { batch = o.batch, seed = o.seed, labels = labels, flip = o.flip }),
  }, Fit)
end

--- The same, trained to the end, in evaluation mode; the generator is left as it was.
function classifier.train(images, labels, opts)
  local before = sl.rng_state()
  local back <close> = setmetatable({}, { __close = function() sl.set_rng_state(before) end })
  local fit = classifier.begin(images, labels, opts)
  sl.enable_grad(function()
    for _ = 1, fit.goal do fit:step() end
  end)
  fit.classifier.net:eval()
  return fit.classifier
end

-- ---- files ----------------------------------------------------------------------------------------------------

--- Writes it into one safetensors file, which classifier.load reads without running code.
function Classifier:save(path)
  local tensors = {}
  for name, tensor in pairs(self.net:state_dict()) do tensors["model." .. name] = tensor end
  sl.save(path, tensors, {
    format = FORMAT, network = json.encode { kind = "Classifier", options = self.net.config },
    about = json.encode(self.about),
  })
end

function classifier.load(path)
  local tensors, texts = sl.load(path)
  if texts.format ~= FORMAT then
    errors.raise("classifier: %s: expected the text format to be %s, got %s", path, FORMAT, tostring(texts.format))
  end
  local function read(key) return checkpoint.value(path, texts, key, "table") end
  local about, state = read "about", {}
  local net = checkpoint.construct(path, "network", "nn", read "network")
  for name, tensor in pairs(tensors) do state[name:gsub("^model%.", "")] = tensor end
  net:load_state_dict(state)
  return new(net:eval(), about.process and checkpoint.construct(path, "process", "sde", about.process), about)
end

return classifier
