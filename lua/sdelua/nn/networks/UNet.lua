--- UNet: the DDPM network (Ho et al. 2020) as in score_sde's ddpm.py (Song et al. 2021), net(x [N,H,W,C], t [N],
-- labels?) -> [N,H,W,C'], channels last; labels of classes are int64 [N], -1 for none, or one-hot [N,classes].
--
-- Each level has num_res_blocks residual blocks on the way down (attention after each where the size is among
-- attn_resolutions), one more on the way up with the skip connections of the way down; attention in the middle. Images
-- are expected in [-1,1] (centered), else in [0,1]. Not as there: group norms have min(C/4, 32) groups unless
-- num_groups says otherwise, what starts with a scale of 1e-10 there starts at zero, and a label of a class is added to
-- the embedding of t (as Dhariwal & Nichol 2021 have it).
local core = require "sdelua.core"
local common = require "sdelua.nn.unet_common"
local inputs = require "sdelua.nn.inputs"
local options = require "sdelua.options"
local parts = require "sdelua.nn.module"
local song = require "sdelua.nn.song_names"
local nn = core.nn

local UNet = parts.Module "UNet"

UNet.doc = "DDPM's network for images: x [n,h,w,c], t [n], class labels? -> [n,h,w,c']."
UNet.source = "Ho et al. 2020; score_sde's models/ddpm.py"
UNet.options = {
  size = options.NONE,        -- height and width of the images
  channels = options.NONE,
  out_channels = options.NONE, -- default: channels
  nf = 32,                  -- features of the first level
  ch_mult = { 1, 2, 2 },    -- times nf, level by level; each level has half the size
  num_res_blocks = 2,
  attn_resolutions = {},    -- sizes that get attention
  num_heads = 1,
  dropout = 0,
  num_groups = 0,
  centered = true,
  embedding = "sinusoidal", -- of t; "fourier": of log t, for labels that are sigmas (score_sde's ncsnpp)
  fourier_scale = 16,
  classes = 0,
  label_dropout = 0,        -- probability of training without the label of the class
  checkpoint = false,       -- backward computes the inside of the blocks again: less memory, more time, the same bits
}

local function read(given)
  local o = common.read("UNet", given, UNet.options, "ch_mult")
  common.choose("UNet", "embedding", o.embedding, { "sinusoidal", "fourier" })
  return o
end

local function res_block(o, inside, outside) return nn.ResBlock(inside, outside, 4 * o.nf, o.dropout, o.num_groups) end
local function attention(o, channels) return nn.Attention(channels, o.num_heads, o.num_groups) end

--- The way down; returns the channels of every skip connection, in order.
local function build_down(self, o)
  local skips, ch, size = { o.nf }, o.nf, o.size
  self.down = {}
  for level, mult in ipairs(o.ch_mult) do
    local stage = { res = {}, attn = {} }
    for i = 1, o.num_res_blocks do
      stage.res[i] = res_block(o, ch, mult * o.nf)
      ch = mult * o.nf
      if common.contains(o.attn_resolutions, size) then stage.attn[i] = attention(o, ch) end
      skips[#skips + 1] = ch
    end
    if level < #o.ch_mult then
      stage.shrink = nn.Downsample(ch)
      skips[#skips + 1] = ch
      size = size // 2
    end
    self.down[level] = stage
  end
  return skips, ch, size
end

local function build_up(self, o, skips, ch, size)
  self.up = {}
  for level = #o.ch_mult, 1, -1 do
    local stage = { res = {} }
    for i = 1, o.num_res_blocks + 1 do
      stage.res[i] = res_block(o, ch + table.remove(skips), o.ch_mult[level] * o.nf)
      ch = o.ch_mult[level] * o.nf
    end
    if common.contains(o.attn_resolutions, size) then stage.attn = attention(o, ch) end
    if level > 1 then
      stage.grow = nn.Upsample(ch)
      size = size * 2
    end
    self.up[level] = stage
  end
  return ch
end

function UNet:init(given)
  local o = read(given)
  common.check_classes("UNet", "classes", o)
  self.config = o
  self.embed = o.embedding == "fourier" and nn.GaussianFourier(2 * o.nf, o.fourier_scale) or nn.Sinusoidal(o.nf)
  self.time = { nn.Linear(o.embedding == "fourier" and 2 * o.nf or o.nf, 4 * o.nf), nn.Linear(4 * o.nf, 4 * o.nf) }
  self.num_classes = o.classes
  if o.classes > 0 then -- weights of variance 1, as a table of embeddings has them
    self.label = nn.Linear(o.classes, 4 * o.nf, false, (o.classes + 4 * o.nf) / 2)
    self.drop = o.label_dropout > 0 and nn.Dropout(o.label_dropout) or nil
  end
  self.enter = nn.Conv2d(o.channels, o.nf, 3, 1, 1)
  local skips, ch, size = build_down(self, o)
  self.middle = { res_block(o, ch, ch), attention(o, ch), res_block(o, ch, ch) }
  ch = build_up(self, o, skips, ch, size)
  self.norm = nn.GroupNorm(o.num_groups, ch, { silu = true })
  self.leave = nn.Conv2d(ch, o.out_channels, 3, { padding = 1, scale = 0 })
end

--- [N] -> [N, 4 nf], after its activation
function UNet:embedding(t, x, labels)
  local o = self.config
  local e = self.embed(o.embedding == "fourier" and t:log() or t)
  e = self.time[2](self.time[1](e):silu())
  if self.label then
    e = e + self.label(common.class_labels("UNet", labels, x, o.classes, self.training and self.drop))
  end
  return e:silu()
end

--- One residual block and what may stand around it.
local function run(h, skip, res, attn, e)
  h = res(skip and core.cat({ h, skip }, 4) or h, e)
  return attn and attn(h) or h
end

--- Its intermediate handles go at once: without a graph so does their memory, with one no more stays than the graph
-- needs.
local function block(self, ...)
  local scope <close> = core.scope()
  return scope:keep(self.config.checkpoint and core.checkpoint(run, ...) or run(...))
end

--- The way down; returns what the way up joins, the last last.
function UNet:go_down(h, e)
  local skips = { h }
  for _, stage in ipairs(self.down) do
    for i, res in ipairs(stage.res) do skips[#skips + 1] = block(self, skips[#skips], nil, res, stage.attn[i], e) end
    if stage.shrink then skips[#skips + 1] = stage.shrink(skips[#skips]) end
  end
  return skips
end

--- One level of the way up.
function UNet:go_up(stage, h, skips, e)
  local scope <close> = core.scope()
  for i, res in ipairs(stage.res) do h = block(self, h, table.remove(skips), res, i == #stage.res and stage.attn, e) end
  return scope:keep(stage.grow and stage.grow(h) or h)
end

function UNet:forward(x, t, labels)
  inputs.images(self, x, self.config.channels)
  inputs.times(self, t)
  local scope <close> = core.scope()
  local e = self:embedding(t, x, labels)
  local skips = self:go_down(self.enter(self.config.centered and x or x * 2 - 1), e)
  local h = block(self, skips[#skips], nil, self.middle[1], self.middle[2], e)
  h = block(self, h, nil, self.middle[3], nil, e)
  for level = #self.up, 1, -1 do h = self:go_up(self.up[level], h, skips, e) end
  return scope:keep(self.leave(self.norm(h)))
end

-- ---- names of score_sde's ddpm.py -----------------------------------------------------------------------------------

local RESIDUAL = { emb = "time", shortcut = "NIN_0" }

local function down_names(self, count)
  for level, stage in ipairs(self.down) do
    for i in ipairs(stage.res) do
      count:block(("down.%d.res.%d"):format(level, i), RESIDUAL)
      if stage.attn[i] then count:attention(("down.%d.attn.%d"):format(level, i)) end
    end
    if stage.shrink then count:conv(("down.%d.shrink.conv"):format(level), ".Conv_0") end
  end
end

local function up_names(self, count)
  for level = #self.up, 1, -1 do
    local stage, ours = self.up[level], "up." .. level
    for i in ipairs(stage.res) do count:block(("%s.res.%d"):format(ours, i), RESIDUAL) end
    if stage.attn then count:attention(ours .. ".attn") end
    if stage.grow then count:conv(ours .. ".grow.conv", ".Conv_0") end
  end
end

function UNet:torch_names()
  local count = song.counter()
  for i = 1, 2 do count:linear("time." .. i) end
  count:conv "enter"
  down_names(self, count)
  count:block("middle.1", RESIDUAL)
  count:attention "middle.2"
  count:block("middle.3", RESIDUAL)
  up_names(self, count)
  count:norm "norm"
  count:conv "leave"
  return count.names
end

function UNet:describe()
  local o = self.config
  return ("UNet(%dx%dx%d, nf %d x {%s}, %d parameters)"):format(o.size, o.size, o.channels, o.nf,
    table.concat(o.ch_mult, ", "), self:num_parameters())
end

return UNet
