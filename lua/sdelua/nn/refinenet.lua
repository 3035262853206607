--- The blocks of NCSNv2 (Song & Ermon 2020): residual blocks that keep the means of instance normalisation, and those
-- of a RefineNet (Lin et al. 2017), all with ELU. Each has a method names(list, ours, theirs) for import.lua, with
-- score_sde's names (Song et al. 2021, models/layers.py).
local core = require "sdelua.core"
local import = require "sdelua.nn.import"
local parts = require "sdelua.nn.module"
local nn = core.nn

local blocks = {}

--- A convolution that keeps the size, its weights as spread as PyTorch's are at first: uniform, of variance
-- 1 / (3 fan_in).
function blocks.conv(inside, outside, o)
  local size, dilation = o and o.size or 3, o and o.dilation or 1
  return nn.Conv2d(inside, outside, size, {
    padding = size // 2 * dilation, dilation = dilation, bias = not (o and o.bias == false),
    scale = (inside + outside) / (6 * inside),
  })
end

function blocks.norm_names(list, ours, theirs)
  for _, name in ipairs { "alpha", "gamma", "beta" } do
    list:add(ours .. "." .. name, theirs .. "." .. name, import.same)
  end
end

-- ---- the way down ---------------------------------------------------------------------------------------

--- Residual(inside, outside, { down = false, dilation = 1 }): x [n,h,w,inside] -> [n,h',w',outside]. The first block of
-- a level is `down`: it halves the size by means of four, or, where it is dilated, keeps it.
local Residual = parts.Module "Residual"
blocks.Residual = Residual

function Residual:init(inside, outside, o)
  local down, dilation = o and o.down, o and o.dilation or 1
  local between = down and inside or outside
  self.norm1, self.norm2 = nn.InstanceNormPlus(inside), nn.InstanceNormPlus(between)
  self.conv1 = blocks.conv(inside, between, { dilation = dilation })
  self.conv2 = blocks.conv(between, outside, { dilation = dilation })
  if down or inside ~= outside then
    self.shortcut = blocks.conv(inside, outside, { size = dilation > 1 and 3 or 1, dilation = dilation })
  end
  self._halves = down and dilation == 1
end

function Residual:forward(x)
  local scope <close> = core.scope()
  local h = self.norm2(self.conv1(self.norm1(x):elu())):elu()
  -- means and a 1x1 convolution commute
  if self._halves then return scope:keep(self.conv2(h):avg_pool() + self.shortcut(x:avg_pool())) end
  return scope:keep(self.conv2(h, nil, self.shortcut and self.shortcut(x) or x))
end

function Residual:names(list, ours, theirs)
  local inner = self._halves and ".conv" or ""
  blocks.norm_names(list, ours .. ".norm1", theirs .. ".normalize1")
  blocks.norm_names(list, ours .. ".norm2", theirs .. ".normalize2")
  list:conv(ours .. ".conv1", theirs .. ".conv1")
  list:conv(ours .. ".conv2", theirs .. ".conv2" .. inner)
  list:conv(ours .. ".shortcut", theirs .. ".shortcut" .. inner)
end

-- ---- the way up -----------------------------------------------------------------------------------------

--- Units(channels, count): residual units of two convolutions (RefineNet's RCU), one after another.
local Units = parts.Module "Units"
blocks.Units = Units

function Units:init(channels, count)
  for i = 1, count do
    self[i] = {}
    for j = 1, 2 do self[i][j] = blocks.conv(channels, channels, { bias = false }) end
  end
end

function Units:forward(x)
  local scope <close> = core.scope()
  for _, unit in ipairs(self) do x = unit[2](unit[1](x:elu()):elu(), nil, x) end
  return scope:keep(x)
end

function Units:names(list, ours, theirs)
  for i = 1, #self do
    for j = 1, 2 do list:conv(("%s.%d.%d"):format(ours, i, j), ("%s.%d_%d_conv"):format(theirs, i, j)) end
  end
end

--- Pooling(channels, stages): chained residual pooling (CRP), the largest of 5x5 at every stage.
local Pooling = parts.Module "Pooling"
blocks.Pooling = Pooling

function Pooling:init(channels, stages)
  for i = 1, stages do self[i] = blocks.conv(channels, channels, { bias = false }) end
end

function Pooling:forward(x)
  local scope <close> = core.scope()
  local sum = x:elu()
  local path = sum
  for i, conv in ipairs(self) do
    path = path:max_pool(5, { stride = 1, padding = 2 })
    if i == #self then return scope:keep(conv(path, nil, sum)) end
    path = conv(path)
    sum = path + sum
  end
end

function Pooling:names(list, ours, theirs)
  for i = 1, #self do list:conv(("%s.%d"):format(ours, i), ("%s.convs.%d"):format(theirs, i - 1)) end
end

--- Refine(inside, below, outside, { units = 1 }): one level's x [n,h,w,inside] and what came from the level below
-- [n,h',w',below], grown to x's size -> [n,h,w,outside]. below nil: the lowest level, where outside is inside. units:
-- how many stand at the end.
local Refine = parts.Module "Refine"
blocks.Refine = Refine

function Refine:init(inside, below, outside, o)
  self.adapt = { Units(inside, 2), below and Units(below, 2) }
  if below then self.merge = { blocks.conv(inside, outside), blocks.conv(below, outside) } end
  self.pooling = Pooling(outside, 2)
  self.output = Units(outside, o and o.units or 1)
end

function Refine:forward(x, below)
  local scope <close> = core.scope()
  local h = self.adapt[1](x)
  if below then
    local low = self.merge[2](self.adapt[2](below))
    low = low:resize_bilinear(x:shape(2), x:shape(3), { align_corners = true })
    h = self.merge[1](h, nil, low)
  end
  return scope:keep(self.output(self.pooling(h)))
end

function Refine:names(list, ours, theirs)
  for i, units in ipairs(self.adapt) do
    units:names(list, ("%s.adapt.%d"):format(ours, i), ("%s.adapt_convs.%d"):format(theirs, i - 1))
    list:conv(("%s.merge.%d"):format(ours, i), ("%s.msf.convs.%d"):format(theirs, i - 1))
  end
  self.pooling:names(list, ours .. ".pooling", theirs .. ".crp")
  self.output:names(list, ours .. ".output", theirs .. ".output_convs")
end

return blocks
