-- Networks and their blocks with the weights of published code (score_sde_pytorch, EDM): outputs and gradients of
-- sum(out r), in float32 and float64. Images there have channels first.
local layout = require "layout"
local oracle = require "oracle"
local sl = require "sdelua"
local import = require "sdelua.nn.import"
local Precondition = require "sdelua.sde.precondition"
local refinenet = require "sdelua.nn.refinenet"
local resample = require "sdelua.nn.resample"
local song = require "sdelua.nn.song_names"
local UNetBlock = require "sdelua.nn.unet_block"

local function last(x, dtype) return layout.last(x:to(dtype)) end
local function weights(case) return (sl.load("tests/fixtures/models/" .. case.weights)) end

-- The gradient `name` of a case, of weights under their name there.
local function compare_gradient(case, net, name, dtype)
  local theirs, found = name:gsub("^grad%.", ""):gsub("^model%.", ""), {}
  for ours, p in net:named_parameters() do found[ours] = p end
  for _, row in ipairs(net:torch_names()) do
    if row.theirs == theirs then
      oracle.close(case, name, found[row.ours].grad, row.how(case.arrays[name]:to(dtype)))
    end
  end
end

-- call(net, x, input): the network's answer, where input(name) is one of the case's arrays.
local function replay_in(case, net, call, dtype)
  local a = case.arrays
  local function input(name) return a[name]:to(dtype) end
  local out = dtype == "float64" and "out_f64" or "out"
  local x = last(a.x, dtype):clone():requires_grad_()
  net:to(dtype):zero_grad()
  local y = call(net, x, input)
  oracle.close(case, out, y, last(a[out], dtype))
  ;(y * last(a.r, dtype)):sum():backward()
  oracle.close(case, "grad_x", x.grad, last(a.grad_x, dtype))
  for _, name in ipairs(case.expected) do
    if name:find "^grad%." then compare_gradient(case, net, name, dtype) end
  end
end

local function replay(pattern, make, call)
  oracle.replay("models", pattern, function(case)
    local net = make(case.params)
    net:eval():load_torch(weights(case))
    for _, dtype in ipairs { "float32", "float64" } do replay_in(case, net, call, dtype) end
  end)
end

-- ---- score_sde's networks -------------------------------------------------------------------------------

-- The options of ours that a configuration there names.
local function configured(options, p)
  local o = { size = p.data.image_size, channels = p.data.num_channels, centered = p.data.centered }
  for name in pairs(options) do
    if p.model[name] ~= nil then o[name] = p.model[name] end
  end
  return o
end

local function labelled(net, x, input) return net(x, input "labels") end

replay("^ncsnpp", function(p) return sl.nn.NCSNpp(configured(sl.nn.NCSNpp.options, p)) end, labelled)
replay("^ddpmpp", function(p) return sl.nn.NCSNpp(configured(sl.nn.NCSNpp.options, p)) end, labelled)
replay("^ddpm_vp$", function(p)
  local o = configured(sl.nn.UNet.options, p)
  o.num_groups = 32
  return sl.nn.UNet(o)
end, labelled)

-- The network there looks neither at scale_by_sigma nor at ch_mult.
replay("^ncsnv2$", function(p)
  local o = configured(sl.nn.NCSNv2.options, p)
  o.label, o.scale_by_sigma, o.ch_mult = "index", true, nil
  return sl.nn.NCSNv2(o)
end, labelled)

-- ---- EDM's, inside its preconditioning --------------------------------------------------------------------

local function edm(p)
  local class = sl.nn[p.model_type]
  local o = { size = p.img_resolution, channels = p.img_channels }
  for name in pairs(class.options) do
    if p[name] ~= nil then o[name] = p[name] end
  end
  return class(o)
end

local function denoised(names)
  return function(net, x, input)
    return Precondition.new "EDM":denoised(net, x, input "sigma", names[1] and input(names[1]) or nil,
      names[2] and input(names[2]))
  end
end

replay("^song_ddpmpp_edm$", edm, denoised { "class_labels" })
replay("^song_ncsnpp_edm$", edm, denoised { false, "augment_labels" })
replay("^dhariwal_edm$", edm, denoised { "class_labels" })

-- ---- blocks ------------------------------------------------------------------------------------------------

-- One part as a network: its names there are those of a network's part "it".
local Alone = sl.nn.Module "Alone"
function Alone:init(part, name)
  self.it, self._name = part, name
end
function Alone:forward(...) return self.it(...) end
function Alone:torch_names()
  local names = import.names { ignored = { "resample_filter$" } }
  self._name(names)
  for _, row in ipairs(names) do row.theirs = row.theirs:gsub("^it%.", "") end
  return names
end

local function embedded(emb)
  return function(net, x, input) return net(x, emb and input(emb):silu() or nil) end
end

-- score_sde's block activates its embedding itself.
replay("^block_biggan_", function(p)
  local k = p.kwargs
  local block = UNetBlock(k.in_ch, k.out_ch or k.in_ch, {
    emb_channels = k.temb_dim, up = k.up, down = k.down, resample_filter = k.fir and { 1, 3, 3, 1 } or { 1, 1 },
    resample_proj = true, adaptive_scale = false, eps = 1e-6,
    skip_scale = k.skip_rescale == false and 1 or math.sqrt(0.5),
  })
  return Alone(block, function(names) song.block(names, "it", "it", { emb = "affine", shortcut = "Conv_2" }) end)
end, embedded "temb")

replay("^block_unet_", function(p)
  local o = {}
  for name, value in pairs(p) do o[name] = value end
  o.cls, o.in_channels, o.out_channels = nil, nil, nil
  return Alone(UNetBlock(p.in_channels, p.out_channels, o), function(names) UNetBlock.edm_names(names, "it", "it") end)
end, function(net, x, input) return net(x, input "emb") end)

local function plain(net, x) return net(x) end

replay("^block_conv_", function(p)
  local conv = resample.Resample(p.in_channels, p.out_channels, {
    kernel = p.kernel, up = p.up, down = p.down, filter = p.resample_filter, fused = p.fused_resample,
  })
  return Alone(conv, function(names) names:conv("it.conv", "it") end)
end, plain)

replay("^block_downsample_fir_conv$", function(p)
  local conv = resample.Resample(p.args[1], p.args[2], { down = true, filter = { 1, 3, 3, 1 }, fused = true })
  return Alone(conv, function(names) names:conv("it.conv", "it.Conv2d_0") end)
end, plain)

local function named(part) return Alone(part, function(list) part:names(list, "it", "it") end) end

replay("^block_residual_ncsnv2$", function(p)
  local o = { down = p.kwargs.resample == "down", dilation = p.kwargs.dilation }
  return named(refinenet.Residual(p.args[1], p.args[2], o))
end, plain)
replay("^block_refine_ncsnv2$", function(p) return named(refinenet.Pooling(p.args[1], p.args[2])) end, plain)

-- ---- embeddings of t: EDM's have cosines first ----------------------------------------------------------

local function cosines_first(x)
  local half = x:shape(2) // 2
  return sl.cat({ x:narrow(2, half + 1, half), x:narrow(2, 1, half) }, 2)
end

oracle.replay("models", "^embeddings$", function(case)
  local a, dim = case.arrays, case.params.dim
  for dtype, suffix in pairs { float32 = "", float64 = "_f64" } do
    local t, fourier = a.t:to(dtype), sl.nn.GaussianFourier(dim)
    fourier:load_state_dict { weight = a.W }
    fourier:to(dtype)
    local waves, n = fourier((t + 0.5):log()), dim // 2
    local function close(name, got) oracle.close(case, name .. suffix, got) end
    close("song_positional", sl.nn.Sinusoidal(dim)(t))
    close("song_positional_odd", sl.nn.Sinusoidal(dim + 1)(t))
    close("song_fourier", waves)
    close("edm_positional", cosines_first(sl.nn.Sinusoidal(dim, 10000 ^ ((n - 1) / n))(t)))
    close("edm_positional_endpoint", cosines_first(sl.nn.Sinusoidal(dim)(t)))
    close("edm_fourier", cosines_first(waves))
  end
end)
