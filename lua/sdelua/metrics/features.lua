--- sl.metrics.features: features of small images, from a classifier trained here. On Fashion-MNIST, for example:
--
--   local f = sl.metrics.features.train { steps = 600 }          f.accuracy on the test images
--   sl.metrics.frechet(f(samples), f(images))                    [n,64] features, the layer before the last
--
-- Distances of these features are not those of Inception's: compare them with each other only.
local sl = require "sdelua"
local options = require "sdelua.options"

local features = {}
local CHUNK = 500

local Features = {}
Features.__index = Features
Features.__name = "sdelua.Features"

-- uint8 images [n,28,28,1] to [-1, 1]; floats are taken to be there.
local function floats(x) return x.dtype == "uint8" and sl.image.to_float(x) or x:to "float32" end

local function trunk(o)
  local nn = sl.nn
  local w, quarter = o.width, o.size // 4
  return nn.Sequential {
    nn.Conv2d(o.channels, w, 3, { padding = 1 }), sl.silu, sl.avg_pool,
    nn.Conv2d(w, 2 * w, 3, { padding = 1 }), sl.silu, sl.avg_pool,
    function(x) return x:reshape { x:shape(1), -1 } end,
    nn.Linear(quarter * quarter * 2 * w, o.features), sl.silu,
  }
end

local function in_pieces(x, fn)
  local parts = {}
  for first = 1, x:shape(1), CHUNK do
    local scope <close> = sl.scope()
    parts[#parts + 1] = scope:keep(fn(floats(x:narrow(1, first, math.min(CHUNK, x:shape(1) - first + 1)))))
  end
  return sl.cat(parts, 1)
end

--- Features [n,D] of images [n,H,W,C], uint8 or floats in [-1, 1].
function Features:__call(x) return sl.no_grad(in_pieces, x, self.trunk) end

--- The class (from 0) that the network takes each image to be, int64 [n].
function Features:classify(x)
  return sl.no_grad(in_pieces, x, function(part) return self.head(self.trunk(part)):argmax(2) - 1 end)
end

--- Share of the images whose class is the label, from 0.
function Features:score(x, labels) return self:classify(x):eq(labels:to "int64"):to "float64":mean():item() end

function Features:__tostring() return ("features, test accuracy %.4f"):format(self.accuracy) end

local function cross_entropy(logits, labels)
  local index = (labels:to "int64" + 1):reshape { -1, 1 }
  return -logits:log_softmax(2):gather(index, 2):mean()
end

local function fit(self, o, images, labels)
  local parameters = self.trunk:parameters()
  for _, p in ipairs(self.head:parameters()) do parameters[#parameters + 1] = p end
  local optimizer = sl.optim.Adam(parameters, { lr = o.lr, warmup = 20 })
  local batches = sl.data.loader(images, { batch = o.batch, seed = o.seed, labels = labels })
  for step = 1, o.steps do
    local scope <close> = sl.scope()
    local x, y = batches()
    local loss = cross_entropy(self.head(self.trunk(floats(x))), y)
    optimizer:zero_grad()
    loss:backward()
    optimizer.lr = o.lr * (1 - (step - 1) / o.steps)
    optimizer:step()
  end
end

local DEFAULTS = {
  steps = 600, batch = 128, lr = 5e-3, width = 16, features = 64, seed = 0, path = options.NONE,
  images = options.NONE, labels = options.NONE, test_images = options.NONE, test_labels = options.NONE,
}

-- The images and labels given, or Fashion-MNIST's.
local function data_of(o)
  if o.images then
    if not (o.labels and o.test_images and o.test_labels) then
      error("features: option images: expected labels, test_images and test_labels with it", 3)
    end
    return o.images, o.labels, o.test_images, o.test_labels
  end
  local x, y = sl.data.fashion_mnist { path = o.path }
  local test_x, test_y = sl.data.fashion_mnist { path = o.path, split = "test" }
  return x, y, test_x, test_y
end

--- Trains a classifier and returns features, called as above, with accuracy, that on the test images. Depends on the
-- options alone; the generator is left as it was.
function features.train(opts)
  local o = options.read("features", opts, DEFAULTS)
  local images, labels, test_images, test_labels = data_of(o)
  o.size, o.channels = images:shape(2), images:shape(4)
  if images:shape(3) ~= o.size or o.size % 4 ~= 0 then
    error(("features: option images: expected squares with a side divisible by 4, got [%s]")
      :format(table.concat(images:shape(), ",")), 2)
  end
  local before = sl.rng_state()
  local back <close> = setmetatable({}, { __close = function() sl.set_rng_state(before) end })
  sl.manual_seed(o.seed)
  local classes = math.tointeger(labels:amax():item()) + 1
  local self = setmetatable({ trunk = trunk(o), head = sl.nn.Linear(o.features, classes) }, Features)
  sl.enable_grad(fit, self, o, images, labels)
  self.accuracy = self:score(test_images, test_labels)
  return self
end

return features
