-- The options of EDM's networks, read off the names and shapes of their weights. What leaves no trace there keeps its
-- default: dropout, attention of widths too small for it.
local errors = require "sdelua.errors"
local import = require "sdelua.nn.import"

local function at(size, rest) return ("enc.%dx%d_%s"):format(size, size, rest) end

-- Sizes of the images, level by level.
local function sizes_of(state)
  local size, sizes = 0, {}
  for name in pairs(state) do
    size = math.max(size, math.tointeger(name:match "^enc%.(%d+)x%d+_conv%.weight$") or 0)
  end
  while size > 0 and state[at(size, "block0.conv0.weight")] do
    sizes[#sizes + 1], size = size, size // 2
  end
  return sizes
end

local function levels(o, state, sizes)
  o.channel_mult, o.attn_resolutions, o.num_blocks = {}, {}, 0
  for level, size in ipairs(sizes) do
    o.channel_mult[level] = state[at(size, "block0.conv0.weight")]:shape(1) // o.model_channels
    if state[at(size, "block0.qkv.weight")] then table.insert(o.attn_resolutions, size) end
  end
  while state[at(sizes[1], ("block%d.conv0.weight"):format(o.num_blocks))] do o.num_blocks = o.num_blocks + 1 end
end

-- The taps of which the filter [1,1,n,n] is the outer product, the first of them 1.
local function taps(filter)
  local list = filter:to("float64"):sum({ 1, 2, 3 }):totable()
  for i = #list, 1, -1 do
    local ratio = list[i] / list[1]
    list[i] = math.abs(ratio - math.floor(ratio + 0.5)) < 1e-6 and math.floor(ratio + 0.5) or ratio
  end
  return list
end

local function width(state, name) return state[name] and state[name]:shape(2) or 0 end

--- Those of both networks from a state dict, and that state without prefixes; channels names the tensor whose shape has
-- model_channels at place `dim`, out the last convolution.
local function common(theirs, channels, dim, out)
  local state = import.names { prefixes = { "module.", "model." } }:strip(theirs)
  local sizes = sizes_of(state)
  local last = sizes[1] and state[out:format(sizes[1], sizes[1])]
  local of = channels:format(sizes[1] or 0, sizes[1] or 0)
  if not (last and state[of] and state["map_layer0.weight"]) then
    errors.raise("from_torch: argument state: expected weights of EDM's network, such as enc.32x32_conv.weight, "
      .. "map_layer0.weight and " .. out:format(32, 32))
  end
  local o = {
    size = sizes[1], channels = width(state, at(sizes[1], "conv.weight")), out_channels = last:shape(1),
    model_channels = state[of]:shape(dim), label_dim = width(state, "map_label.weight"),
    augment_dim = width(state, "map_augment.weight"),
  }
  o.channel_mult_emb = state["map_layer0.weight"]:shape(1) // o.model_channels
  levels(o, state, sizes)
  return o, state, sizes
end

local edm_options = {}

function edm_options.SongUNet(theirs)
  local o, state, sizes = common(theirs, "enc.%dx%d_conv.weight", 1, "dec.%dx%d_aux_conv.weight")
  local second = sizes[2] or 0
  o.channel_mult_noise = width(state, "map_layer0.weight") // o.model_channels
  o.embedding_type = state["map_noise.freqs"] and "fourier" or "positional"
  o.encoder_type = state[at(second, "aux_skip.weight")] and "skip"
    or state[at(second, "aux_residual.weight")] and "residual" or "standard"
  o.decoder_type = state[("dec.%dx%d_aux_conv.weight"):format(second, second)] and "skip" or "standard"
  local filter = state[at(second, "down.conv0.resample_filter")]
  o.resample_filter = filter and taps(filter)
  return o
end

function edm_options.DhariwalUNet(theirs)
  return (common(theirs, "map_layer0.weight", 2, "out_conv.weight"))
end

return edm_options
