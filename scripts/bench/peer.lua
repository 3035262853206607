-- sdelua scripts/bench/peer.lua CASE [options]: the work of torch_peer.py, with its options, printing its JSON.
local sl = require "sdelua"
local cli = require "sdelua.train.cli"
local clock = require("sdelua.core").system.clock

local function options()
  local p = cli.parser("peer.lua", "The work of torch_peer.py in sdelua; prints one JSON line.")
  p:argument("case"):choices { "unet-train", "unet-sample", "mlp-train", "mlp-sample", "start" }
  p:option("--nf"):default("32"):convert(cli.integer(1))
  p:option("--size"):default("28"):convert(cli.integer(1))
  p:option("--channels"):default("1"):convert(cli.integer(1))
  p:option("--batch"):default("32"):convert(cli.integer(1))
  p:option("--hidden"):default("128"):convert(cli.integer(1))
  p:option("--steps"):default("8"):convert(cli.integer(1))
  p:option("--threads"):default("2"):convert(cli.integer(1))
  p:option("--ch-mult"):default("1,2,2"):convert(cli.integers)
  p:option("--blocks"):default("2"):convert(cli.integer(1))
  p:option("--attn"):default("14"):convert(cli.integers)
  p:option("--dropout"):default("0"):convert(cli.number(0, true, 1))
  return p:parse()
end

local function unet(a)
  return sl.nn.UNet { size = a.size, channels = a.channels, nf = a.nf, ch_mult = a.ch_mult, num_res_blocks = a.blocks,
    attn_resolutions = a.attn, dropout = a.dropout }
end

local Plain = sl.nn.Module "Plain"

function Plain:init(o)
  local h, nn = o.hidden, sl.nn
  self.layers = { nn.Linear(3, h), nn.Linear(h, h), nn.Linear(h, h), nn.Linear(h, 2) }
end

function Plain:forward(x, t)
  local h = sl.cat({ x, t:unsqueeze(2) }, 2)
  for i = 1, 3 do h = self.layers[i](h):silu() end
  return self.layers[4](h)
end

local function trainer(net, vp, x0, label)
  local score = vp:score(net, { label = label })
  local optimizer = sl.optim.Adam(net:parameters(), { lr = 2e-4, grad_clip = 1 })
  local ema = sl.optim.EMA(net:parameters(), { decay = 0.999 })
  return function()
    local scope <close> = sl.scope()
    local loss = sl.loss.dsm(vp, score, x0)
    optimizer:zero_grad()
    loss:backward()
    optimizer:step()
    ema:update()
  end
end

-- One Euler-Maruyama step at t = 1/2.
local function sampler(net, vp, shape)
  local score, x = vp:score(net), sl.randn(shape)
  net:eval()
  local solver = sl.solve.euler_maruyama { steps = 1 }
  return function()
    local scope <close> = sl.scope()
    sl.no_grad(function()
      local t = sl.full({ shape[1] }, 0.5)
      local beta = 0.1 + 0.5 * 19.9
      local s = -net(x, t)
      local y = x + (x * (0.5 * beta) + s * beta) * 1e-3 + sl.randn(shape) * math.sqrt(beta * 1e-3)
      x = scope:keep(y)
    end)
  end
end

local function timed(step, steps, repeats)
  step()
  step()
  local times = {}
  for i = 1, steps do
    local start = clock()
    for _ = 1, repeats do step() end
    times[i] = (clock() - start) / repeats
  end
  table.sort(times)
  return times
end

local function peak_mb()
  for line in io.lines "/proc/self/status" do
    local kb = line:match "^VmHWM:%s*(%d+)"
    if kb then return kb / 1024 end
  end
end

local a = options()
if a.case == "start" then
  print(sl.randn { 3 })
  return
end
sl.set_threads(a.threads)
sl.manual_seed(0)
local is_unet = a.case:match "^unet"
local net = is_unet and unet(a) or Plain { hidden = a.hidden }
local shape = is_unet and { a.batch, a.size, a.size, a.channels } or { a.batch, 2 }
local vp = sl.sde.VP {}
local step = a.case:match "train$" and trainer(net, vp, sl.randn(shape), not is_unet and function(t) return t end or nil) or sampler(net, vp, shape)
local times = timed(step, a.steps, is_unet and 1 or 200)
print(sl.json.encode {
  case = a.case, params = net:num_parameters(), batch = a.batch, seconds = times[1], median = times[#times // 2 + 1],
  peak_rss_mb = peak_mb(),
})
