-- Blocks and embeddings against published code (score_sde_pytorch in PyTorch 1.13): outputs and gradients. Files there
-- have channels first and weights [out,in,kh,kw].
local check = require "check"
local sl = require "sdelua"
local nn = sl.nn

local folder = "tests/fixtures/models/"
local function arrays(name) return sl.npz.load(folder .. name .. ".npz") end
local function last(x) return x:permute { 1, 3, 4, 2 } end    -- channels last
local function conv(w) return w:permute { 3, 4, 2, 1 } end    -- [out,in,kh,kw] -> [kh,kw,in,out]

local function close(got, want, atol, what) check.close(got:totable(), want:totable(), 1e-3, atol, what) end

-- Loads the layer, runs it and compares the output and the gradients of sum(out * r).
local function compare(name, layer, state, atol, gradients)
  local data = arrays(name)
  layer:load_state_dict(state)
  local x = last(data.x):clone():requires_grad_()
  local y = layer(x)
  close(y, last(data.out), atol.out, name)
  ;(y * last(data.r)):sum():backward()
  close(x.grad, last(data.grad_x), atol.grad_x, name .. " grad x")
  for parameter, want in pairs(gradients(data)) do
    close(layer[parameter].grad, want, atol.weight, name .. " grad " .. parameter)
  end
end

local function weights(name) return (sl.load(folder .. name .. ".safetensors")) end

check.test("attention block", function()
  local w = weights "block_attn_ddpm"
  local state = { ["norm.weight"] = w["GroupNorm_0.weight"], ["norm.bias"] = w["GroupNorm_0.bias"] }
  for i, part in ipairs { "query", "key", "value", "out" } do
    state[part .. ".weight"], state[part .. ".bias"] = w["NIN_" .. i - 1 .. ".W"], w["NIN_" .. i - 1 .. ".b"]
  end
  compare("block_attn_ddpm", nn.Attention(32, { num_groups = 32 }), state,
    { out = 3.5e-5, grad_x = 4.7e-5, weight = 9.8e-5 }, function(data)
      return { ["query.weight"] = data["grad.NIN_0.W"], ["value.weight"] = data["grad.NIN_2.W"] }
    end)
end)

for kind, atol in pairs {
  Upsample = { out = 4.1e-5, grad_x = 6.8e-5, weight = 4.4e-4 },
  Downsample = { out = 3.3e-5, grad_x = 2.1e-5, weight = 1.1e-4 },
} do
  check.test(kind, function()
    local name = "block_" .. kind:lower() .. "_ddpm"
    local w = weights(name)
    compare(name, nn[kind](6), { ["conv.weight"] = conv(w["Conv_0.weight"]), ["conv.bias"] = w["Conv_0.bias"] }, atol,
      function(data) return { ["conv.weight"] = conv(data["grad.Conv_0.weight"]) } end)
  end)
end

check.test("embeddings", function()
  local data = arrays "embeddings"
  close(nn.Sinusoidal(16)(data.t), data.song_positional, 2.2e-4, "sinusoidal")
  close(nn.Sinusoidal(17)(data.t), data.song_positional_odd, 2.2e-4, "sinusoidal, odd")
  local fourier = nn.GaussianFourier(16)
  fourier:load_state_dict { weight = data.W }
  close(fourier((data.t + 0.5):log()), data.song_fourier, 4.2e-4, "fourier")
end)

-- The whole U-Net. Published weights are too large to keep here, so the weights are waves, and the numbers below were
-- taken when this network, with the weights of score_sde's ddpm (nf 32, ch_mult 2 1, attention at 8), agreed with its
-- published output to 5e-15 in float64 and with its published gradients to the digits of float32.
check.test("UNet", function()
  local net = nn.UNet { size = 8, channels = 3, nf = 8, ch_mult = { 2, 1 }, num_res_blocks = 1,
    attn_resolutions = { 4 } }:to "float64"
  local function wave(shape, phase)
    local n = 1
    for _, size in ipairs(shape) do n = n * size end
    return (sl.arange(n, { dtype = "float64" }) * 1.3 + phase):sin():reshape(shape)
  end
  for i, p in ipairs(net:parameters()) do
    sl.no_grad(function() p:copy_(wave(p:shape(), i) * 0.3) end)
  end
  local x = wave({ 2, 8, 8, 3 }, 0.5):requires_grad_()
  local y = net(x, sl.tensor({ 3, 700 }, { dtype = "float64" }))
  local r = wave(y:shape(), 0.9)
  local value = (y * r):sum()
  value:backward()
  check.close(y:sum():item(), -119.923559320062, 1e-9)
  check.close(value:item(), -1.17989979199131, 1e-9)
  check.close((x.grad * wave(x:shape(), 2)):sum():item(), 0.382003909496785, 1e-9)
end)
