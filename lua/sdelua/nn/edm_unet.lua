--- The U-Net of Karras et al. 2022 (EDM's networks.py) without its embedding: what SongUNet and DhariwalUNet share.
-- net(x [N,H,W,C], t [N], class_labels [N,label_dim]?, augment_labels [N,augment_dim]?) -> [N,H,W,C'].
--
-- Level by level half the size: num_blocks blocks on the way down, one more on the way up, whose inputs are joined with
-- the outputs of the way down, the last first. An image may go along: its `aux`, handed down to every level and joined
-- there (encoder_type), and put together from what every level says on the way up (decoder_type). A class on this one
-- makes its `map` of t and says
--
--   self:embedding(t, x, class_labels, augment_labels) -> [N,emb]
--
-- and build(plan) makes the rest; the plan holds the options of SongUNet and
--
--   block(inside, outside, { up =, down =, attention = })     first      channels of the first convolution
--   attends(i)  of the blocks 1 … num_blocks + 1 of a level   eps        of the norms
--               on the way up, where its size has attention   rescale    what sums of two are multiplied with
--   scale       of the first convolution's first weights
local core = require "sdelua.core"
local common = require "sdelua.nn.unet_common"
local inputs = require "sdelua.nn.inputs"
local parts = require "sdelua.nn.module"
local resample = require "sdelua.nn.resample"
local UNetBlock = require "sdelua.nn.unet_block"
local nn = core.nn

local EdmUNet = parts.Module "EdmUNet"

-- ---- making ---------------------------------------------------------------------------------------------

-- A convolution that changes the size; fused, as all that are not inside a block.
local function resized(p, inside, outside, way)
  return resample.Resample(inside, outside, { [way] = true, filter = p.fir and p.resample_filter or nil, fused = true })
end

-- What changes the size between two levels: a block, or a layer; way is "up" or "down".
local function build_change(stage, p, ch, way)
  if p.resblock_type == "biggan" then stage.change = p.block(ch, ch, { [way] = true })
  elseif p.resamp_with_conv then stage.layer = resized(p, ch, ch, way)
  else stage.layer = nn.Sequential { function(x) return resample[way](x, p.resample_filter) end } end
end

-- What joins the image that goes along, of `aux` channels, to the `ch` of a level; returns both numbers after.
local function build_join(stage, p, ch, aux)
  if p.encoder_type == "skip" then
    stage.aux = nn.Linear(aux, ch)
    return p.combine == "cat" and 2 * ch or ch, aux
  elseif p.encoder_type == "residual" then
    stage.aux = resized(p, aux, ch, "down")
    return ch, ch
  end
  return ch, aux
end

local function has_attention(p, level) return common.contains(p.attn_resolutions, p.size >> (level - 1)) end

--- The way down; returns the channels of every skip connection, in order.
local function build_encoder(self, p)
  local skips, ch, aux = {}, p.first, p.channels
  self.enc = {}
  for level, mult in ipairs(p.channel_mult) do
    local stage = { blocks = {} }
    if level == 1 then
      stage.enter = nn.Conv2d { in_channels = p.channels, out_channels = ch, padding = 1, scale = p.scale }
    else
      build_change(stage, p, ch, "down")
      ch, aux = build_join(stage, p, ch, aux)
    end
    skips[#skips + 1] = ch
    for i = 1, p.num_blocks do
      stage.blocks[i] = p.block(ch, mult * p.model_channels, { attention = has_attention(p, level) })
      ch = mult * p.model_channels
      skips[#skips + 1] = ch
    end
    self.enc[level] = stage
  end
  return skips, ch
end

local function ending(p, ch, out, scale)
  return { norm = nn.GroupNorm(0, ch, p.eps, true), conv = nn.Conv2d(ch, out, 3, { padding = 1, scale = scale }) }
end

-- What a level of the way up says of the image, of `aux` channels so far.
local function build_out(stage, p, level, ch, aux)
  if p.decoder_type == "residual" then
    if level == #p.channel_mult then stage.begin = ending(p, ch, ch, 1)
    else stage.aux = resized(p, aux, ch, "up") end
  end
  if p.decoder_type == "skip" or level == 1 then stage.out = ending(p, ch, p.out_channels, 0) end
end

local function build_decoder(self, p, skips, ch)
  local aux
  self.dec = {}
  for level = #p.channel_mult, 1, -1 do
    local stage, outside = { blocks = {} }, p.channel_mult[level] * p.model_channels
    if level == #p.channel_mult then stage.middle = { p.block(ch, ch, { attention = true }), p.block(ch, ch, {}) }
    else build_change(stage, p, ch, "up") end
    for i = 1, p.num_blocks + 1 do
      local attention = has_attention(p, level) and p.attends(i)
      stage.blocks[i] = p.block(ch + table.remove(skips), outside, { attention = attention })
      ch = outside
    end
    build_out(stage, p, level, ch, aux)
    aux = ch
    self.dec[level] = stage
  end
end

function EdmUNet:build(p)
  self._plan = p
  build_decoder(self, p, build_encoder(self, p))
end

-- ---- running ------------------------------------------------------------------------------------------------

function EdmUNet:run(...) return common.run(self._plan.checkpoint, ...) end

--- To a level's size, from the one before.
function EdmUNet:change(stage, h, e)
  if stage.layer then return stage.layer(h) end
  return self:run(stage.change, h, nil, e)
end

--- h of a level joined with the image that goes along, and that image.
function EdmUNet:join(stage, h, aux)
  local p = self._plan
  if not stage.aux then return h, aux end
  if p.encoder_type == "residual" then
    h = stage.aux(aux, nil, h) * p.rescale
    return h, h
  end
  aux = resample.down(aux, p.resample_filter)
  if p.combine == "cat" then return core.cat({ stage.aux(aux), h }, 4), aux end
  return stage.aux(aux, h), aux
end

--- The way down; returns what the way up joins, the last last.
function EdmUNet:encode(x, e)
  local skips, aux, h = {}, x, nil
  for _, stage in ipairs(self.enc) do
    if stage.enter then h = stage.enter(x)
    else h, aux = self:join(stage, self:change(stage, h, e), aux) end
    skips[#skips + 1] = h
    for _, block in ipairs(stage.blocks) do
      h = self:run(block, h, nil, e)
      skips[#skips + 1] = h
    end
  end
  return skips
end

--- h of a level and the image that goes along; after the last level that image is the answer.
function EdmUNet:say(stage, h, aux)
  local p = self._plan
  if stage.begin then aux = stage.begin.conv(stage.begin.norm(h)) end
  if stage.aux then
    h = stage.aux(aux, nil, h) * p.rescale
    aux = h
  end
  if not stage.out then return h, aux end
  local before = p.decoder_type == "skip" and aux and resample.up(aux, p.resample_filter) or nil
  return h, stage.out.conv(stage.out.norm(h), nil, before)
end

--- One level of the way up.
function EdmUNet:go_up(stage, h, aux, skips, e)
  local scope <close> = core.scope()
  if stage.middle then
    for _, block in ipairs(stage.middle) do h = self:run(block, h, nil, e) end
  else h = self:change(stage, h, e) end
  for _, block in ipairs(stage.blocks) do h = self:run(block, h, table.remove(skips), e) end
  h, aux = self:say(stage, h, aux)
  scope:keep { h, aux }
  return h, aux
end

function EdmUNet:forward(x, t, class_labels, augment_labels)
  inputs.images(self, x, self._plan.channels)
  if self.map then inputs.times(self, t) end
  local scope <close> = core.scope()
  local e = self:embedding(t, x, class_labels, augment_labels)
  local skips = self:encode(x, e)
  local h, aux = skips[#skips], nil
  for level = #self.dec, 1, -1 do h, aux = self:go_up(self.dec[level], h, aux, skips, e) end
  return scope:keep(aux)
end

function EdmUNet:describe()
  local p = self._plan
  return ("%s(%dx%dx%d, %d x {%s}, %d parameters)"):format(self.name, p.size, p.size, p.channels, p.model_channels,
    table.concat(p.channel_mult, ", "), self:num_parameters())
end

-- ---- EDM's names (see sdelua/nn/import.lua) -----------------------------------------------------------------

local function stage_names(names, ours, theirs, stage, way)
  local function block(mine, name) UNetBlock.edm_names(names, ours .. mine, theirs .. name) end
  names:conv(ours .. ".enter", theirs .. "conv")
  block(".change", way)
  for i = 1, 2 do block(".middle." .. i, "in" .. i - 1) end
  for i in ipairs(stage.blocks) do block(".blocks." .. i, "block" .. i - 1) end
  names:linear(ours .. ".aux", theirs .. "aux_skip")
  names:conv(ours .. ".aux.conv", theirs .. "aux_residual")
end

--- Rows for everything but the map and what the levels say.
function EdmUNet:edm_names(names)
  for half, way in pairs { enc = "down", dec = "up" } do
    for level, stage in ipairs(self[half]) do
      local size = self._plan.size >> (level - 1)
      stage_names(names, half .. "." .. level, ("%s.%dx%d_"):format(half, size, size), stage, way)
    end
  end
end

return EdmUNet
