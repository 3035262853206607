-- A process of your own, from its drift and diffusion: dx = e^t dw up to T = 3, trained and sampled on eight Gaussians.
-- Writes a picture, data in blue and samples in orange.    sdelua examples/custom_sde.lua [PICTURE [STEPS]]
local sl = require "sdelua"
local picture, steps = ...
picture, steps = picture or "custom_sde.png", math.tointeger(tonumber(steps or 3000))

local process = sl.sde.define {
  drift = function(x) return 0 * x end,
  diffusion = function(t) return t:exp() end,
  T = 3,
  prior = { mean = 0, std = 14.3 }, -- noise of std sqrt((e^6 - 1)/2) and, still there, the data
}

sl.manual_seed(1)
local net = sl.nn.MLP { dim = 2, hidden = 128, depth = 3 }
local optimizer = sl.optim.Adam(net:parameters(), { lr = 2e-3, warmup = 100, grad_clip = 1 })
local ema = sl.optim.EMA(net:parameters(), { decay = 0.995 })
local score = process:score(net)
local batches = sl.data.loader(sl.data.eight_gaussians(100000, { seed = 1 }), { batch = 512, seed = 1 })

for step, bar in sl.progress(steps) do
  local scope <close> = sl.scope()
  optimizer.lr = 2e-3 * math.min(1, 2 * (1 - step / steps)) -- falls to 0 over the second half
  local loss = sl.loss.dsm(process, score, batches())
  optimizer:zero_grad()
  loss:backward()
  optimizer:step()
  ema:update()
  bar:set { loss = loss:item() }
end

ema:copy_to()
local sampler = sl.solve.euler_maruyama { steps = math.min(100, steps) }
local x = sl.no_grad(function() return (sampler(process, score, { 5000, 2 }, { seed = 1 })) end)
sl.plot { height = 480, xlim = { -5, 5 }, ylim = { -5, 5 }, aspect = "equal" }
  :scatter(sl.data.eight_gaussians(5000, { seed = 2 }), { label = "data" })
  :scatter(x, { label = "samples" })
  :save(picture)
print(("wrote %s: %d samples of a process that is %s"):format(picture, x:shape(1), process.tier))
return x
