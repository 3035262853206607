--- Classifier: a small convolutional classifier of images, net(x [N,H,W,C], t [N]?) -> logits [N,classes].
--
-- Two convolutions, each followed by a mean over 2x2, residual blocks of one convolution, and two linear layers, of
-- which the first gives the features of an image. With time = true an embedding of t (0 to about 1000) is added to what
-- the convolutions and that layer say, so that it can learn to read noised images.
local core = require "sdelua.core"
local common = require "sdelua.nn.unet_common"
local inputs = require "sdelua.nn.inputs"
local options = require "sdelua.options"
local parts = require "sdelua.nn.module"
local nn = core.nn

local Classifier = parts.Module "Classifier"

Classifier.doc = "A small classifier of images, not a score: x [n,h,w,c], t [n]? -> logits [n,classes]."
Classifier.options = {
  size = options.NONE,     -- height and width of the images, a multiple of 4
  channels = options.NONE,
  classes = 10,
  width = 16,              -- features of the first convolution; the second has twice as many
  blocks = 0,              -- residual blocks at a quarter of the size
  features = 64,
  dropout = 0,             -- of the features
  time = false,            -- it is told t
}

local EMBED, HIDDEN = 64, 128

local function read(given)
  local o = common.read_images("Classifier", given, Classifier.options)
  o.out_channels = nil
  if o.size % 4 ~= 0 then common.refuse("Classifier", "size", "a multiple of 4", o.size) end
  for name, lowest in pairs { classes = 1, width = 1, features = 1, blocks = 0 } do
    if math.type(o[name]) ~= "integer" or o[name] < lowest then
      common.refuse("Classifier", name, "an integer >= " .. lowest, o[name])
    end
  end
  return o
end

function Classifier:init(given)
  local o = read(given)
  local w, side = o.width, o.size // 4
  self.config = o
  self.conv = { nn.Conv2d(o.channels, w, 3, { padding = 1 }), nn.Conv2d(w, 2 * w, 3, { padding = 1 }) }
  self.blocks = {}
  for i = 1, o.blocks do self.blocks[i] = nn.Conv2d(2 * w, 2 * w, 3, { padding = 1 }) end
  self.dense = nn.Linear(side * side * 2 * w, o.features)
  self.head = nn.Linear(o.features, o.classes)
  self.drop = o.dropout > 0 and nn.Dropout(o.dropout) or nil
  if o.time then
    self.embed, self.enter = nn.Sinusoidal(EMBED), nn.Linear(EMBED, HIDDEN)
    self.time = { nn.Linear(HIDDEN, w), nn.Linear(HIDDEN, 2 * w), nn.Linear(HIDDEN, o.features) }
  end
end

-- What t says to the three layers: to images [N,1,1,C], to features [N,F]; nothing where it is not told.
local function told(self, t)
  if not self.time then return {} end
  local e, list = self.enter(self.embed(t)):silu(), {}
  for i, layer in ipairs(self.time) do
    local y = layer(e)
    list[i] = i < 3 and y:reshape { y:shape(1), 1, 1, -1 } or y
  end
  return list
end

local function plus(y, shift) return shift and y + shift or y end

--- [N,H,W,C] -> [N,features]
function Classifier:features(x, t)
  inputs.images(self, x, self.config.channels)
  if self.time then inputs.times(self, t) end
  local scope <close> = core.scope()
  local shift, h = told(self, t), x
  for i, conv in ipairs(self.conv) do h = core.avg_pool(plus(conv(h), shift[i]):silu()) end
  for _, block in ipairs(self.blocks) do h = h + block(h):silu() end
  return scope:keep(plus(self.dense(h:reshape { x:shape(1), -1 }), shift[3]):silu())
end

function Classifier:forward(x, t)
  local scope <close> = core.scope()
  local f = self:features(x, t)
  return scope:keep(self.head(self.drop and self.drop(f) or f))
end

function Classifier:describe()
  local o = self.config
  return ("Classifier(%dx%dx%d, %d classes, %d parameters)"):format(o.size, o.size, o.channels, o.classes,
    self:num_parameters())
end

return Classifier
