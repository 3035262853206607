--- UNet: the DDPM network (Ho et al. 2020) as in score_sde's ddpm.py (Song et al. 2021), net(x [N,H,W,C], t [N]) ->
-- [N,H,W,C'], channels last.
--
-- Each level has num_res_blocks residual blocks on the way down (attention after each where the size is among
-- attn_resolutions), one more on the way up with the skip connections of the way down; attention in the middle. Images
-- are expected in [-1,1] (centered), else in [0,1]. Not as there: group norms have min(C/4, 32) groups unless
-- num_groups says otherwise, and what starts with a scale of 1e-10 there starts at zero.
local core = require "sdelua.core"
local options = require "sdelua.options"
local parts = require "sdelua.nn.module"
local nn = core.nn

local UNet = parts.Module "UNet"

local defaults = {
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
  checkpoint = false,       -- backward computes the inside of the blocks again: less memory, more time, the same bits
}

local function refuse(name, expected, got)
  error(("UNet: option %s: expected %s, got %s"):format(name, expected, tostring(got)), 0)
end

local function read(given)
  local o = options.read("UNet", given, defaults)
  for _, name in ipairs { "size", "channels" } do
    if math.type(o[name]) ~= "integer" or o[name] < 1 then refuse(name, "an integer >= 1", o[name]) end
  end
  o.out_channels = o.out_channels or o.channels
  if #o.ch_mult == 0 then refuse("ch_mult", "at least one level", "none") end
  local fold = 1 << (#o.ch_mult - 1)
  if o.size % fold ~= 0 then refuse("size", ("a multiple of %d, for %d levels"):format(fold, #o.ch_mult), o.size) end
  if o.embedding ~= "sinusoidal" and o.embedding ~= "fourier" then
    refuse("embedding", '"sinusoidal" or "fourier"', o.embedding)
  end
  return o
end

local function contains(list, x)
  for _, v in ipairs(list) do if v == x then return true end end
  return false
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
      if contains(o.attn_resolutions, size) then stage.attn[i] = attention(o, ch) end
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
    if contains(o.attn_resolutions, size) then stage.attn = attention(o, ch) end
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
  self.config = o
  self.embed = o.embedding == "fourier" and nn.GaussianFourier(2 * o.nf, o.fourier_scale) or nn.Sinusoidal(o.nf)
  self.time = { nn.Linear(o.embedding == "fourier" and 2 * o.nf or o.nf, 4 * o.nf), nn.Linear(4 * o.nf, 4 * o.nf) }
  self.enter = nn.Conv2d(o.channels, o.nf, 3, 1, 1)
  local skips, ch, size = build_down(self, o)
  self.middle = { res_block(o, ch, ch), attention(o, ch), res_block(o, ch, ch) }
  ch = build_up(self, o, skips, ch, size)
  self.norm = nn.GroupNorm(o.num_groups, ch, { silu = true })
  self.leave = nn.Conv2d(ch, o.out_channels, 3, { padding = 1, scale = 0 })
end

--- [N] -> [N, 4 nf], after its activation
function UNet:embedding(t)
  local e = self.embed(self.config.embedding == "fourier" and t:log() or t)
  return self.time[2](self.time[1](e):silu()):silu()
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

function UNet:forward(x, t)
  local scope <close> = core.scope()
  local e = self:embedding(t)
  local skips = self:go_down(self.enter(self.config.centered and x or x * 2 - 1), e)
  local h = block(self, skips[#skips], nil, self.middle[1], self.middle[2], e)
  h = block(self, h, nil, self.middle[3], nil, e)
  for level = #self.up, 1, -1 do h = self:go_up(self.up[level], h, skips, e) end
  return scope:keep(self.leave(self.norm(h)))
end

function UNet:describe()
  local o = self.config
  return ("UNet(%dx%dx%d, nf %d x {%s}, %d parameters)"):format(o.size, o.size, o.channels, o.nf,
    table.concat(o.ch_mult, ", "), self:num_parameters())
end

return UNet
