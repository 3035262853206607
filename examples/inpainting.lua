-- One half of a picture, and many ways to go on: a model learns small pictures of clothes, sees the upper half of new
-- ones and completes them (DDRM). Writes a row each: what it saw, six completions, the picture itself.
-- sdelua examples/inpainting.lua [PICTURE [STEPS]]
local sl = require "sdelua"
local picture, steps = ...
picture, steps = picture or "inpainting.png", math.tointeger(tonumber(steps or 1000))
local SHAPE, ROWS, WAYS = { 14, 14, 1 }, 5, 6

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

local truth = load("test"):narrow(1, 1, ROWS)
local operator = sl.inverse.inpaint { shape = SHAPE, mask = "half", keep = "top" }
local seen = operator:measure(truth)
local each = sl.arange(ROWS):reshape({ ROWS, 1 }):expand({ ROWS, WAYS }):reshape({ -1 }):to "int64" + 1
local method = sl.posterior.ddrm { steps = 40 }
local x = sl.no_grad(method, process, score, operator, seen:index_select(each, 1), { seed = 1 })

local function column(title, images, n)
  local image = sl.image.grid(images:upsample(6), { columns = n or 1 })
  return sl.plot { title = title, width = image:shape(2) + 12 }:image(image)
end
sl.plot.grid({ column("what it saw", operator:picture(seen)), column("six ways to go on", x, WAYS),
  column("the truth", truth) }):save(picture)
print(("wrote %s: the completions of a picture differ by %.2f (rms), of values in [-1,1]"):format(picture,
  x:reshape({ ROWS, WAYS, -1 }):std(2):square():mean():sqrt():item()))
