--- NCSNv2: the network of Song & Ermon 2020 as in score_sde's ncsnv2.py (Song et al. 2021), net(x [N,H,W,C], t [N]) ->
-- [N,H,W,C']: a RefineNet that does not see the noise level; its answer is divided by sigma (scale_by_sigma), which
-- makes it a score. Without that it answers sigma times the score.
--
-- Every level has two residual blocks; each after the first halves the size or, where its dilation is above 1, looks
-- further instead. On the way up the levels are joined by refinement blocks. Images are expected in [-1,1] (centered),
-- else in [0,1]. Biases start at zero.
local core = require "sdelua.core"
local blocks = require "sdelua.nn.refinenet"
local common = require "sdelua.nn.unet_common"
local import = require "sdelua.nn.import"
local inputs = require "sdelua.nn.inputs"
local options = require "sdelua.options"
local parts = require "sdelua.nn.module"
local nn = core.nn

local NCSNv2 = parts.Module "NCSNv2"

NCSNv2.doc = "NCSNv2's network for images: x [n,h,w,c], sigma [n] (or the number of a level) -> [n,h,w,c']."
NCSNv2.source = "Song & Ermon 2020; Song et al. 2021, models/ncsnv2.py"
NCSNv2.options = {
  size = options.NONE,         -- height and width of the images
  channels = options.NONE,
  out_channels = options.NONE, -- default: channels
  nf = 128,                    -- features of the first level
  ch_mult = options.NONE,      -- times nf, level by level; default, like dilations: what is published for the size
  dilations = options.NONE,
  scale_by_sigma = true,
  label = "sigma",             -- of t; "index": the number of a level, from 0 for sigma_max
  sigma_min = 0.01, sigma_max = 50, num_scales = 232, -- these levels
  centered = true,
  checkpoint = false,          -- backward computes the inside of the blocks again: less memory, more time
}

-- The published ones, by the largest size they are for.
local PUBLISHED = {
  { size = 95, ch_mult = { 1, 2, 2, 2 }, dilations = { 1, 1, 2, 4 } },
  { size = 128, ch_mult = { 1, 2, 2, 4, 4 }, dilations = { 1, 1, 1, 2, 4 } },
  { size = math.huge, ch_mult = { 1, 2, 2, 2, 4, 4 }, dilations = { 1, 1, 1, 1, 2, 4 } },
}

local function published(size)
  for _, p in ipairs(PUBLISHED) do if size <= p.size then return p end end
end

-- How often the size is halved.
local function halvings(dilations)
  local n = 0
  for i = 2, #dilations do if dilations[i] == 1 then n = n + 1 end end
  return n
end

local function read(given)
  local o = common.read_images("NCSNv2", given, NCSNv2.options)
  local usual = published(o.size)
  o.ch_mult, o.dilations = o.ch_mult or usual.ch_mult, o.dilations or usual.dilations
  if #o.ch_mult == 0 or #o.dilations ~= #o.ch_mult then
    common.refuse("NCSNv2", "dilations", ("one for each of the %d levels"):format(#o.ch_mult), #o.dilations)
  end
  local fold = 1 << halvings(o.dilations)
  if o.size % fold ~= 0 then common.refuse("NCSNv2", "size", ("a multiple of %d"):format(fold), o.size) end
  common.choose("NCSNv2", "label", o.label, { "sigma", "index" })
  return o
end

local function build_down(self, o)
  self.down = {}
  for level, mult in ipairs(o.ch_mult) do
    local before, now = o.ch_mult[level - 1] or mult, mult * o.nf
    local dilation = o.dilations[level]
    self.down[level] = {
      blocks.Residual(before * o.nf, now, { down = level > 1, dilation = dilation }),
      blocks.Residual(now, now, { dilation = dilation }),
    }
  end
end

local function build_up(self, o)
  local below
  self.up = {}
  for level = #o.ch_mult, 1, -1 do
    local inside = o.ch_mult[level] * o.nf
    local outside = below and (o.ch_mult[level - 1] or o.ch_mult[1]) * o.nf or inside
    self.up[level] = blocks.Refine(inside, below, outside, { units = level == 1 and 3 or 1 })
    below = outside
  end
end

function NCSNv2:init(given)
  local o = read(given)
  self.config = o
  self.enter = blocks.conv(o.channels, o.nf * o.ch_mult[1])
  build_down(self, o)
  build_up(self, o)
  self.norm = nn.InstanceNormPlus(o.nf * o.ch_mult[1])
  self.leave = blocks.conv(o.nf * o.ch_mult[1], o.out_channels)
  if o.label == "index" then self._levels = common.levels(o) end
end

local function apply(block, ...) return block(...) end

function NCSNv2:run(block, ...)
  if self.config.checkpoint then return core.checkpoint(apply, block, ...) end
  return block(...)
end

function NCSNv2:forward(x, t)
  inputs.images(self, x, self.config.channels)
  if self.config.scale_by_sigma then inputs.times(self, t) end
  local scope <close> = core.scope()
  local o, levels = self.config, {}
  local h = self.enter(o.centered and x or x * 2 - 1)
  for level, list in ipairs(self.down) do
    for _, block in ipairs(list) do h = self:run(block, h) end
    levels[level] = h
  end
  h = nil
  for level = #self.up, 1, -1 do h = self:run(self.up[level], levels[level], h) end
  h = self.leave(self.norm(h):elu())
  return scope:keep(o.scale_by_sigma and h / common.sigma(self._levels, x, t) or h)
end

-- What the levels are called there, on the way down and up: by their numbers, from the side they come first on; where
-- there are six, the fourth was put in between.
local function level_names(n)
  if n == 6 then return { "1", "2", "3", "31", "4", "5" }, { "5", "4", "3", "31", "2", "1" } end
  local down, up = {}, {}
  for level = 1, n do down[level], up[level] = tostring(level), tostring(n + 1 - level) end
  return down, up
end

function NCSNv2:torch_names()
  local list = import.names { prefixes = { "module." }, ignored = { "^sigmas$" } }
  local res, refine = level_names(#self.down)
  list:conv("enter", "begin_conv")
  blocks.norm_names(list, "norm", "normalizer")
  list:conv("leave", "end_conv")
  for level, pair in ipairs(self.down) do
    for i, block in ipairs(pair) do
      block:names(list, ("down.%d.%d"):format(level, i), ("res%s.%d"):format(res[level], i - 1))
    end
    self.up[level]:names(list, "up." .. level, "refine" .. refine[level])
  end
  return list
end

function NCSNv2:describe()
  local o = self.config
  return ("NCSNv2(%dx%dx%d, nf %d x {%s}, %d parameters)"):format(o.size, o.size, o.channels, o.nf,
    table.concat(o.ch_mult, ", "), self:num_parameters())
end

return NCSNv2
