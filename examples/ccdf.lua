-- Come closer, diffuse faster (Chung et al. 2022): whoever restores a picture has a guess already. With the noise of a
-- middle time it is as good a start as noise itself, and most of the steps are saved.
-- Writes a row each: what was measured (7x7), its enlargement in four steps from the guess, in four from noise, in
-- forty from noise, and the picture itself.    sdelua examples/ccdf.lua [PICTURE [STEPS]]
local sl = require "sdelua"
local picture, steps = ...
picture, steps = picture or "ccdf.png", math.tointeger(tonumber(steps or 1000))
local SHAPE, ROWS, FEW = { 14, 14, 1 }, 5, 4

local function load(split)
  local images = sl.data.fashion_mnist({ split = split }):narrow(1, 1, split == "test" and 32 or 20000)
  return sl.image.to_float(images):avg_pool(2) -- 14x14: trained within a minute
end

sl.manual_seed(1)
local process = sl.sde.VP {}
local net = sl.nn.UNet { size = 14, channels = 1, nf = 16, ch_mult = { 1, 2 }, num_res_blocks = 1 }
local optimizer = sl.optim.Adam(net:parameters(), { lr = 2e-3, warmup = 50, grad_clip = 1 })
local ema = sl.optim.EMA(net:parameters(), { decay = 0.99 })
local score = process:score(net, { precondition = { "EDM", sigma_data = 0.7 } })
local batches = sl.data.loader(load "train", { batch = 64, seed = 1 })
for step, bar in sl.progress(steps) do
  local scope <close> = sl.scope()
  optimizer.lr = 2e-3 * math.min(1, 2 * (1 - step / steps)) -- falls to 0 over the second half
  local loss = sl.loss.edm(process, score, batches(), { sigma_data = 0.7 })
  optimizer:zero_grad()
  loss:backward()
  optimizer:step()
  ema:update()
  bar:set { loss = loss:item() }
end
ema:copy_to()

local truth = load "test"
local operator = sl.inverse.superres { shape = SHAPE, factor = 2 }
local seen = operator:measure(truth)
local versions = { operator:pinv(seen) }
for i, how in ipairs {
  { name = "from the guess", t0 = 0.3, steps = FEW }, { name = "from noise", t0 = 1, steps = FEW },
  { name = "from noise", t0 = 1, steps = 10 * FEW },
} do
  local method = sl.posterior.ccdf { t0 = how.t0, steps = how.steps }
  local x, info = sl.no_grad(method, process, score, operator, seen, { seed = 1 })
  local quality = sl.metrics.psnr(x, truth, { bootstrap = 0 }).value
  print(("%-14s %3d evaluations, %.2f dB"):format(how.name, info.nfe, quality))
  versions[i + 1] = x
end
versions[#versions + 1] = truth

local columns = {}
for k, title in ipairs { "measured", "guess, 4 steps", "noise, 4 steps", "noise, 40 steps", "truth" } do
  local images = sl.image.grid(versions[k]:narrow(1, 1, ROWS):upsample(8), { columns = 1 })
  columns[k] = sl.plot { title = title, width = images:shape(2) + 12 }:image(images)
end
sl.plot.grid(columns, { columns = #columns }):save(picture)
print("wrote " .. picture)
