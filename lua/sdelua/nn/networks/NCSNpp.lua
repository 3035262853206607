--- NCSNpp: SongUNet under the names and with the labels of score_sde's ncsnpp.py (Song et al. 2021), which makes both
-- NCSN++ and DDPM++, net(x [N,H,W,C], t [N]) -> [N,H,W,C']. The defaults are NCSN++ for CIFAR-10 and the VE SDE; DDPM++
-- is { fir = false, progressive_input = "none", embedding_type = "positional", scale_by_sigma = false }.
--
-- With embedding_type "fourier" the label is sigma, whose logarithm is embedded (a process with label "std"); with
-- "positional" it is a time, 999 t in continuous training, or in discrete training the number of a noise level counted
-- down from sigma_max. scale_by_sigma divides the answer by sigma: the network then says a score. Images are expected
-- in [-1,1] (centered), else in [0,1]. Activations are SiLU, as in every published configuration.
local core = require "sdelua.core"
local common = require "sdelua.nn.unet_common"
local import = require "sdelua.nn.import"
local inputs = require "sdelua.nn.inputs"
local options = require "sdelua.options"
local parts = require "sdelua.nn.module"
local song = require "sdelua.nn.song_names"
local SongUNet = require "sdelua.nn.networks.SongUNet"

local NCSNpp = parts.Module("NCSNpp", SongUNet)
NCSNpp.doc = "NCSN++ and DDPM++ for images under score_sde's names: x [n,h,w,c], t or sigma [n] -> [n,h,w,c']."
NCSNpp.source = "Song et al. 2021; score_sde's models/ncsnpp.py"

NCSNpp.options = {
  size = options.NONE,               -- height and width of the images
  channels = options.NONE,
  out_channels = options.NONE,       -- default: channels
  nf = 128,                          -- features of the first level
  ch_mult = { 1, 2, 2, 2 },          -- times nf, level by level; each level has half the size
  num_res_blocks = 4,
  attn_resolutions = { 16 },         -- sizes that get attention
  dropout = 0.1,
  conditional = true,                -- on t
  embedding_type = "fourier",        -- or "positional"
  fourier_scale = 16,
  fir = true,                        -- sizes change through the filter fir_kernel, else through means and repetition
  fir_kernel = { 1, 3, 3, 1 },
  skip_rescale = true,               -- sums of two are divided by sqrt 2
  resblock_type = "biggan",          -- blocks change the size; "ddpm": layers between them do
  resamp_with_conv = true,           -- those layers have a convolution
  progressive = "none",              -- how the image grows level by level: also "output_skip", "residual"
  progressive_input = "residual",    -- how it is handed down: also "none", "input_skip"
  progressive_combine = "sum",       -- how "input_skip" joins; or "cat"
  scale_by_sigma = true,
  sigma_min = 0.01, sigma_max = 50, num_scales = 1000, -- the levels, for scale_by_sigma with numbered ones
  centered = true,
  checkpoint = false,                -- backward computes the inside of the blocks again
}

local ENCODER = { none = "standard", input_skip = "skip", residual = "residual" }
local DECODER = { none = "standard", output_skip = "skip", residual = "residual" }

-- The same network in SongUNet's words.
local function translate(o)
  common.choose("NCSNpp", "progressive_input", o.progressive_input, { "none", "input_skip", "residual" })
  common.choose("NCSNpp", "progressive", o.progressive, { "none", "output_skip", "residual" })
  local fourier = o.embedding_type == "fourier"
  return common.read("NCSNpp", {
    size = o.size, channels = o.channels, out_channels = o.out_channels, model_channels = o.nf,
    channel_mult = o.ch_mult, channel_mult_emb = o.conditional and 4 or 0, num_blocks = o.num_res_blocks,
    attn_resolutions = o.attn_resolutions, dropout = o.dropout, embedding_type = o.embedding_type,
    fourier_scale = o.fourier_scale, channel_mult_noise = fourier and 2 or 1,
    encoder_type = ENCODER[o.progressive_input], decoder_type = DECODER[o.progressive],
    resample_filter = o.fir and o.fir_kernel or { 1, 1 }, fir = o.fir, combine = o.progressive_combine,
    skip_rescale = o.skip_rescale, resblock_type = o.resblock_type, resamp_with_conv = o.resamp_with_conv,
    checkpoint = o.checkpoint,
  }, SongUNet.options, "channel_mult")
end

function NCSNpp:init(given)
  local o = common.read("NCSNpp", given, NCSNpp.options, "ch_mult")
  self.config = o
  self:make(translate(o))
  if o.scale_by_sigma and o.embedding_type == "positional" then self._levels = common.levels(o) end
end

function NCSNpp:forward(x, t)
  inputs.images(self, x, self.config.channels)
  if self.config.conditional or self.config.scale_by_sigma then inputs.times(self, t) end
  local scope <close> = core.scope()
  local o = self.config
  local h = SongUNet.forward(self, o.centered and x or x * 2 - 1, o.embedding_type == "fourier" and t:log() or t)
  return scope:keep(o.scale_by_sigma and h / common.sigma(self._levels, x, t) or h)
end

-- ---- score_sde's names ----------------------------------------------------------------------------------------------

local function block(self, count, ours, b)
  count:block(ours, { emb = "affine", shortcut = self.config.resblock_type == "biggan" and "Conv_2" or "NIN_0" })
  if b.attn then count:attention(ours .. ".attn") end
end

local function blocks(self, count, ours, list)
  for i, b in ipairs(list or {}) do block(self, count, ours .. "." .. i, b) end
end

-- A layer that changes the size; one without a convolution counts all the same.
local function layer(self, count, ours) count:conv(ours .. ".conv", self.config.fir and ".Conv2d_0" or ".Conv_0") end

local function change(self, count, ours, stage)
  if stage.change then block(self, count, ours .. ".change", stage.change) end
  if stage.layer then layer(self, count, ours .. ".layer") end
end

local function ending(count, ours)
  count:norm(ours .. ".norm")
  count:conv(ours .. ".conv")
end

local function down_names(self, count)
  for level, stage in ipairs(self.enc) do
    local ours = "enc." .. level
    if stage.enter then count:conv(ours .. ".enter") end
    change(self, count, ours, stage)
    if stage.aux and self.config.progressive_input == "residual" then layer(self, count, ours .. ".aux")
    elseif stage.aux then count:linear(ours .. ".aux", ".Conv_0") end
    blocks(self, count, ours .. ".blocks", stage.blocks)
  end
end

local function up_names(self, count)
  for level = #self.dec, 1, -1 do
    local stage, ours = self.dec[level], "dec." .. level
    blocks(self, count, ours .. ".middle", stage.middle)
    change(self, count, ours, stage)
    blocks(self, count, ours .. ".blocks", stage.blocks)
    if stage.begin then ending(count, ours .. ".begin") end
    if stage.aux then layer(self, count, ours .. ".aux") end
    if stage.out then ending(count, ours .. ".out") end
  end
end

NCSNpp.torch_options = false -- numbered modules do not say

function NCSNpp:torch_names()
  local count, o = song.counter(), self.config
  if o.embedding_type == "fourier" then count.names:add("map.noise.weight", count:next() .. ".W", import.same) end
  if not o.conditional then -- there blocks have a layer for t all the same, and never use it
    count.names.ignored = { "^sigmas$", "^all_modules%.0%.W$", "%.Dense_0%." }
  end
  for i = 1, o.conditional and 2 or 0 do count:linear("map." .. i) end
  down_names(self, count)
  up_names(self, count)
  return count.names
end

return NCSNpp
