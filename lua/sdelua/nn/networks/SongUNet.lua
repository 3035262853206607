--- SongUNet: DDPM++ and NCSN++ (Song et al. 2021) as Karras et al. 2022 build them, net(x [N,H,W,C], t [N],
-- class_labels?, augment_labels [N,augment_dim]?) -> [N,H,W,C'], channels last; labels of classes are int64 [N], -1 for
-- none, or one-hot [N,label_dim].
--
-- Each level has num_blocks residual blocks on the way down and one more on the way up, attention in those whose size
-- is among attn_resolutions (on the way up in the last alone) and in the middle. An image may go along: down through
-- filters (encoder_type "skip") or convolutions ("residual"), joined to every level; up as the sum of what every level
-- says ("skip") or through convolutions ("residual", in score_sde alone). The defaults are DDPM++; NCSN++ is
-- { embedding_type = "fourier", channel_mult_noise = 2, encoder_type = "residual", resample_filter = { 1, 3, 3, 1 } }.
-- t is what the embedding takes: EDM's c_noise. Not as there: what starts with a scale of 1e-5 there starts at zero.
local common = require "sdelua.nn.unet_common"
local edm_options = require "sdelua.nn.edm_options"
local EdmUNet = require "sdelua.nn.edm_unet"
local import = require "sdelua.nn.import"
local nn = require "sdelua.core".nn
local options = require "sdelua.options"
local parts = require "sdelua.nn.module"
local resample = require "sdelua.nn.resample"
local UNetBlock = require "sdelua.nn.unet_block"

local SongUNet = parts.Module("SongUNet", EdmUNet)
SongUNet.doc = "DDPM++ and NCSN++ for images as EDM has them: x [n,h,w,c], t [n], class labels? -> [n,h,w,c']."
SongUNet.source = "Song et al. 2021; Karras et al. 2022; EDM's training/networks.py"

SongUNet.options = {
  size = options.NONE,          -- height and width of the images
  channels = options.NONE,
  out_channels = options.NONE,  -- default: channels
  label_dim = 0,                -- classes
  augment_dim = 0,              -- numbers that say how an image was augmented
  model_channels = 128,
  channel_mult = { 1, 2, 2, 2 }, -- times model_channels, level by level; each level has half the size
  channel_mult_emb = 4,         -- features of the embedding, times model_channels; 0: the network is not told t
  num_blocks = 4,
  attn_resolutions = { 16 },    -- sizes that get attention
  dropout = 0.10,
  label_dropout = 0,            -- probability of training without the label of the class
  embedding_type = "positional", -- of t; or "fourier"
  fourier_scale = 16,
  channel_mult_noise = 1,       -- features of t, times model_channels
  encoder_type = "standard",    -- or "skip", "residual"
  decoder_type = "standard",    -- or "skip", "residual"
  resample_filter = { 1, 1 },
  -- what only score_sde has
  combine = "sum",              -- how encoder_type "skip" joins; or "cat"
  skip_rescale = true,          -- sums of two are divided by sqrt 2
  resblock_type = "biggan",     -- blocks change the size; "ddpm": layers between them do
  resamp_with_conv = true,      -- those layers have a convolution
  fir = true,                   -- convolutions that change the size use the filter; else a stride
  checkpoint = false,           -- backward computes the inside of the blocks again
}

local CHOICES = {
  embedding_type = { "positional", "fourier" }, encoder_type = { "standard", "skip", "residual" },
  decoder_type = { "standard", "skip", "residual" }, combine = { "sum", "cat" }, resblock_type = { "biggan", "ddpm" },
}

-- ---- making ---------------------------------------------------------------------------------------------

local function block_maker(o, emb, rescale)
  return function(inside, outside, more)
    return UNetBlock(inside, outside, {
      emb_channels = emb, num_heads = 1, dropout = o.dropout, skip_scale = rescale, eps = 1e-6,
      resample_filter = o.resample_filter, resample_proj = true, adaptive_scale = false,
      up = more.up, down = more.down, attention = more.attention,
    })
  end
end

local function build_map(o, emb)
  local noise = o.model_channels * o.channel_mult_noise
  local fourier = o.embedding_type == "fourier"
  return {
    noise = fourier and nn.GaussianFourier(noise, o.fourier_scale) or nn.Sinusoidal(noise),
    label = o.label_dim > 0 and nn.Linear(o.label_dim, noise) or nil,
    augment = o.augment_dim > 0 and nn.Linear(o.augment_dim, noise, false) or nil,
    drop = o.label_dropout > 0 and nn.Dropout(o.label_dropout) or nil,
    nn.Linear(noise, emb), nn.Linear(emb, emb),
  }
end

--- Makes the network from options that were read.
function SongUNet:make(o)
  for name, list in pairs(CHOICES) do common.choose(self.name, name, o[name], list) end
  resample.check(self.name, "resample_filter", o.resample_filter)
  common.check_classes(self.name, "label_dim", o)
  self.num_classes = o.label_dim
  local emb, rescale = o.model_channels * o.channel_mult_emb, o.skip_rescale and math.sqrt(0.5) or 1
  if emb > 0 then self.map = build_map(o, emb) end
  self:build(setmetatable({
    block = block_maker(o, emb, rescale), attends = function(i) return i == o.num_blocks + 1 end, rescale = rescale,
    first = o.model_channels, eps = 1e-6, scale = 1,
  }, { __index = o }))
end

function SongUNet:init(given)
  self.config = common.read("SongUNet", given, SongUNet.options, "channel_mult")
  self:make(self.config)
end

-- ---- the embedding ------------------------------------------------------------------------------------------

--- [N] -> [N,emb], after its activation; nil where the network is not told t
function SongUNet:embedding(t, x, class_labels, augment_labels)
  local map, o = self.map, self._plan
  if not map then return nil end
  local e = map.noise(t)
  if map.label then
    local labels = common.class_labels(self.name, class_labels, x, o.label_dim, self.training and map.drop)
    e = e + map.label(labels * math.sqrt(o.label_dim))
  end
  if map.augment and augment_labels then e = e + map.augment(augment_labels) end
  return map[2](map[1](e):silu()):silu()
end

-- ---- EDM's names --------------------------------------------------------------------------------------------

SongUNet.torch_options = edm_options.SongUNet

function SongUNet:torch_names()
  local names = import.names { prefixes = { "module.", "model." }, ignored = { "resample_filter$", "^u$" } }
  names:add("map.noise.weight", "map_noise.freqs", import.same)
  for ours, theirs in pairs { label = "label", augment = "augment", [1] = "layer0", [2] = "layer1" } do
    names:linear("map." .. ours, "map_" .. theirs)
  end
  self:edm_names(names)
  for level in ipairs(self.dec) do
    local size = self._plan.size >> (level - 1)
    local theirs = ("dec.%dx%d_aux_"):format(size, size)
    names:same(("dec.%d.out.norm"):format(level), theirs .. "norm")
    names:conv(("dec.%d.out.conv"):format(level), theirs .. "conv")
  end
  return names
end

return SongUNet
