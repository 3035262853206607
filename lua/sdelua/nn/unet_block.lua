--- UNetBlock: the residual block that DDPM++, NCSN++ and ADM share (Karras et al. 2022, as in EDM's networks.py; the
-- BigGAN block of Song et al. 2021), block(x [n,h,w,in], emb [n,emb_channels] after its activation) -> [n,h',w',out].
--
--   h = conv0(resample(silu(norm0(x)))), then with the affine map of emb
--   h = silu(norm1(h + shift))                    or, adaptive_scale,  silu(norm1(h) (1 + scale) + shift)
--   y = skip_scale (conv1(dropout(h)) + skip(resample(x))),  then attention:  y = skip_scale (y + attention(y))
local core = require "sdelua.core"
local import = require "sdelua.nn.import"
local options = require "sdelua.options"
local parts = require "sdelua.nn.module"
local resample = require "sdelua.nn.resample"
local nn = core.nn

local UNetBlock = parts.Module "UNetBlock"

local defaults = {
  emb_channels = 0,            -- none: no emb
  up = false, down = false,    -- twice or half the size
  attention = false,
  num_heads = options.NONE,    -- default: one for channels_per_head channels, none where there are fewer
  channels_per_head = 64,
  dropout = 0,
  skip_scale = 1,
  eps = 1e-5,
  resample_filter = { 1, 1 },
  resample_proj = false,       -- a 1x1 convolution around also where only the size changes
  adaptive_scale = true,       -- emb gives a factor too
  kaiming = false,             -- first weights of variance 1/(3 fan_in) and not 2/(fan_in + fan_out)
}

-- The option scale of a layer.
local function spread(o, inside, outside) return o.kaiming and (1 + outside / inside) / 6 or 1 end

local function linear(o, inside, outside) return nn.Linear(inside, outside, true, spread(o, inside, outside)) end

local function attention(o, channels)
  local heads = o.num_heads or channels // o.channels_per_head
  if not o.attention or heads == 0 then return nil end
  return nn.Attention(channels, heads, 0, o.eps, o.kaiming and 1 / 3 or 0.1)
end

function UNetBlock:init(inside, outside, given)
  local o = options.read("UNetBlock", given, defaults)
  self._o, self._channels = o, outside
  self.norm0 = nn.GroupNorm(0, inside, o.eps, true)
  self.conv0 = nn.Conv2d(inside, outside, 3, 1, 1, true, spread(o, inside, outside))
  if o.emb_channels > 0 then self.affine = linear(o, o.emb_channels, outside * (o.adaptive_scale and 2 or 1)) end
  self.norm1 = nn.GroupNorm(0, outside, o.eps, not self:adapts())
  self.drop = nn.Dropout(o.dropout)
  self.conv1 = nn.Conv2d(outside, outside, 3, 1, 1, true, 0)
  if inside ~= outside or (o.resample_proj and (o.up or o.down)) then self.skip = linear(o, inside, outside) end
  self.attn = attention(o, outside)
end

function UNetBlock:adapts() return self._o.adaptive_scale and self._o.emb_channels > 0 end

--- The size this block gives.
function UNetBlock:resample(x)
  local o = self._o
  return o.up and resample.up(x, o.resample_filter, 0) or o.down and resample.down(x, o.resample_filter) or x
end

-- silu(norm(h) (1 + scale) + shift) in one pass; scale and shift [n,c], side by side in `affine`
local function modulate(norm, h, affine, channels)
  local scale, shift = affine:narrow(2, 1, channels) + 1, affine:narrow(2, channels + 1, channels)
  return core.group_norm_silu(h, scale * norm.weight, scale * norm.bias + shift, norm.num_groups, norm.eps)
end

--- The way that bends, up to conv1.
function UNetBlock:inner(x, e)
  local h = self:resample(self.norm0(x))
  if not self.affine then return self.norm1(self.conv0(h)) end
  local affine = self.affine(e)
  if not self:adapts() then return self.norm1(self.conv0(h, affine)) end
  return modulate(self.norm1, self.conv0(h), affine, self._channels)
end

function UNetBlock:forward(x, e)
  local s = self._o.skip_scale
  local around = self:resample(x)
  if self.skip then around = self.skip(around) end
  local y = self.conv1(self.drop(self:inner(x, e)), nil, around)
  if s ~= 1 then y = y * s end
  if self.attn then y = s ~= 1 and self.attn(y) * s or self.attn(y) end
  return y
end

-- ---- names of published weights (see sdelua/nn/import.lua) -----------------------------------------------

--- Those of EDM's UNetBlock.
function UNetBlock.edm_names(names, ours, theirs)
  for _, name in ipairs { "norm0", "norm1" } do names:same(ours .. "." .. name, theirs .. "." .. name) end
  for _, name in ipairs { "conv0", "conv1" } do names:conv(ours .. "." .. name, theirs .. "." .. name) end
  for _, name in ipairs { "affine", "skip" } do names:linear(ours .. "." .. name, theirs .. "." .. name) end
  names:same(ours .. ".attn.norm", theirs .. ".norm2")
  names:linear(ours .. ".attn.out", theirs .. ".proj")
  for i, name in ipairs { "query", "key", "value" } do
    local at = ours .. ".attn." .. name
    names:add(at .. ".weight", theirs .. ".qkv.weight", import.every(i, 3, import.linear))
    names:add(at .. ".bias", theirs .. ".qkv.bias", import.every(i, 3, import.same))
  end
end

return UNetBlock
