--- sl.metrics.features: features of small images, from a classifier trained here. On Fashion-MNIST, for example:
--
--   local f = sl.metrics.features.train { steps = 600 }          f.accuracy on the test images
--   sl.metrics.frechet(f(samples), f(images))                    [n,64] features, the layer before the last
--
-- sl.metrics.features.of(classifier) takes one that is there already (sl.train.load_classifier). Distances of these
-- features are not those of Inception's: compare them with each other only.
local sl = require "sdelua"
local errors = require "sdelua.errors"
local classifier = require "sdelua.train.classifier"
local options = require "sdelua.options"

local features = {}

local Features = {}
Features.__index = Features
Features.__name = "sdelua.Features"

-- uint8 images are left to the classifier; floats are taken to be in [-1, 1].
local function images_of(x) return x.dtype == "uint8" and x or x:to "float32" end

--- Features [n,D] of images [n,H,W,C], uint8 or floats in [-1, 1].
function Features:__call(x) return self.classifier:features(images_of(x)) end

--- The class (from 0) that the network takes each image to be, int64 [n].
function Features:classify(x) return self.classifier:classify(images_of(x)) end

--- Share of the images whose class is the label, from 0.
function Features:score(x, labels) return self.classifier:score(images_of(x), labels) end

function Features:__tostring() return ("features, test accuracy %.4f"):format(self.accuracy) end

local DEFAULTS = {
  steps = 600, batch = 128, lr = 5e-3, width = 16, features = 64, seed = 0, path = options.NONE,
  images = options.NONE, labels = options.NONE, test_images = options.NONE, test_labels = options.NONE,
}

-- The images and labels given, or Fashion-MNIST's.
local function data_of(o)
  if o.images then
    if not (o.labels and o.test_images and o.test_labels) then
      errors.raise("features: option images: expected labels, test_images and test_labels with it")
    end
    return o.images, o.labels, o.test_images, o.test_labels
  end
  local x, y = sl.data.fashion_mnist { path = o.path }
  local test_x, test_y = sl.data.fashion_mnist { path = o.path, split = "test" }
  return x, y, test_x, test_y
end

--- The features of a classifier; accuracy, where given, is that on test images.
function features.of(known, accuracy)
  return setmetatable({ classifier = known, accuracy = accuracy or known.about.accuracy }, Features)
end

--- Trains a classifier and returns features, called as above, with accuracy, that on the test images. Depends on the
-- options alone; the generator is left as it was.
function features.train(opts)
  local o = options.read("features", opts, DEFAULTS)
  local images, labels, test_images, test_labels = data_of(o)
  local size = images:shape(2)
  if images:shape(3) ~= size or size % 4 ~= 0 then
    errors.raise("features: option images: expected squares with a side divisible by 4, got [%s]",
      table.concat(images:shape(), ","))
  end
  local known = classifier.train(images, labels, {
    steps = o.steps, batch = o.batch, lr = o.lr, width = o.width, features = o.features, seed = o.seed,
  })
  return features.of(known, known:score(images_of(test_images), test_labels))
end

return features
