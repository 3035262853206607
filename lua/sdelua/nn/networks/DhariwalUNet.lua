--- DhariwalUNet: ADM (Dhariwal & Nichol 2021) as Karras et al. 2022 build it, net(x [N,H,W,C], t [N],
-- class_labels?, augment_labels [N,augment_dim]?) -> [N,H,W,C'], channels last; labels of classes are int64 [N], -1 for
-- none, or one-hot [N,label_dim].
--
-- Each level has num_blocks residual blocks on the way down and one more on the way up, in which t scales and shifts
-- what is normalised; attention, one head for 64 channels, in all of those whose size is among attn_resolutions and in
-- the middle. t is what the embedding takes: EDM's c_noise, or the number of a step. Not as there: sines come before
-- cosines, and biases start at zero.
local core = require "sdelua.core"
local common = require "sdelua.nn.unet_common"
local edm_options = require "sdelua.nn.edm_options"
local EdmUNet = require "sdelua.nn.edm_unet"
local import = require "sdelua.nn.import"
local options = require "sdelua.options"
local parts = require "sdelua.nn.module"
local UNetBlock = require "sdelua.nn.unet_block"
local nn = core.nn

local DhariwalUNet = parts.Module("DhariwalUNet", EdmUNet)
DhariwalUNet.doc = "ADM for images as EDM has it: x [n,h,w,c], t [n], class labels? -> [n,h,w,c']."
DhariwalUNet.source = "Dhariwal & Nichol 2021; Karras et al. 2022; EDM's training/networks.py"

DhariwalUNet.options = {
  size = options.NONE,               -- height and width of the images
  channels = options.NONE,
  out_channels = options.NONE,       -- default: channels
  label_dim = 0,                     -- classes
  augment_dim = 0,                   -- numbers that say how an image was augmented
  model_channels = 192,
  channel_mult = { 1, 2, 3, 4 },     -- times model_channels, level by level; each level has half the size
  channel_mult_emb = 4,              -- features of the embedding, times model_channels
  num_blocks = 3,
  attn_resolutions = { 32, 16, 8 },  -- sizes that get attention
  dropout = 0.10,
  label_dropout = 0,                 -- probability of training without the label of the class
  checkpoint = false,                -- backward computes the inside of the blocks again
}

-- ---- making ---------------------------------------------------------------------------------------------

-- First weights of variance 1/(3 fan_in), as in the blocks.
local function spread(inside, outside) return (1 + outside / inside) / 6 end
local function linear(inside, outside) return nn.Linear(inside, outside, true, spread(inside, outside)) end

-- The frequencies are 10000^(-i/n), i < n = model_channels/2. Labels' weights start with variance 1.
local function build_map(o, emb)
  local noise, n = o.model_channels, o.model_channels // 2
  return {
    noise = nn.Sinusoidal(noise, 10000 ^ ((n - 1) / n)),
    label = o.label_dim > 0 and nn.Linear(o.label_dim, emb, false, (o.label_dim + emb) / 2) or nil,
    augment = o.augment_dim > 0 and nn.Linear(o.augment_dim, noise, false, 0) or nil,
    drop = o.label_dropout > 0 and nn.Dropout(o.label_dropout) or nil,
    linear(noise, emb), linear(emb, emb),
  }
end

local function block_maker(o, emb)
  return function(inside, outside, more)
    return UNetBlock(inside, outside, {
      emb_channels = emb, dropout = o.dropout, kaiming = true, up = more.up, down = more.down,
      attention = more.attention,
    })
  end
end

function DhariwalUNet:init(given)
  local o = common.read("DhariwalUNet", given, DhariwalUNet.options, "channel_mult")
  local emb, first = o.model_channels * o.channel_mult_emb, o.model_channels * o.channel_mult[1]
  common.check_classes("DhariwalUNet", "label_dim", o)
  self.config, self.map, self.num_classes = o, build_map(o, emb), o.label_dim
  self:build(setmetatable({
    block = block_maker(o, emb), attends = function() return true end, rescale = 1, first = first, eps = 1e-5,
    scale = spread(o.channels, first), encoder_type = "standard", decoder_type = "standard", resblock_type = "biggan",
  }, { __index = o }))
end

-- ---- the embedding ------------------------------------------------------------------------------------------

--- [N] -> [N,emb], after its activation
function DhariwalUNet:embedding(t, x, class_labels, augment_labels)
  local map, o = self.map, self.config
  local e = map.noise(t)
  if map.augment and augment_labels then e = e + map.augment(augment_labels) end
  e = map[2](map[1](e):silu())
  if map.label then
    e = e + map.label(common.class_labels(self.name, class_labels, x, o.label_dim, self.training and map.drop))
  end
  return e:silu()
end

-- ---- EDM's names ------------------------------------------------------------------------------------------------

-- Cosines come first there: features of t change places.
local function swapped(dim, how)
  return function(w)
    local half = w:shape(dim) // 2
    return how(core.cat({ w:narrow(dim, half + 1, half), w:narrow(dim, 1, half) }, dim))
  end
end

DhariwalUNet.torch_options = edm_options.DhariwalUNet

function DhariwalUNet:torch_names()
  local names = import.names { prefixes = { "module.", "model." }, ignored = { "resample_filter$", "^u$" } }
  names:add("map.1.weight", "map_layer0.weight", swapped(2, import.linear))
  names:add("map.1.bias", "map_layer0.bias", import.same)
  names:linear("map.2", "map_layer1")
  names:linear("map.label", "map_label")
  names:add("map.augment.weight", "map_augment.weight", swapped(1, import.linear))
  self:edm_names(names)
  names:same("dec.1.out.norm", "out_norm")
  names:conv("dec.1.out.conv", "out_conv")
  return names
end

return DhariwalUNet
