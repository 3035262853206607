-- sdelua scripts/bench/peer.lua CASE [--help]: the work of torch_peer.py, with its options, printing its JSON.
package.path = (arg[0]:match "^(.*)/[^/]*$" or ".") .. "/?.lua;" .. package.path
local sl = require "sdelua"
if arg[1] == "start" then -- a script that draws a tensor loads nothing more than this
  print(sl.randn { 3 })
  return
end
local cli = require "sdelua.train.cli"
local measure = require "measure"
local system = require("sdelua.core").system

local FASHION_MNIST = "/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz"

-- ---- networks --------------------------------------------------------------------------------------

local function unet_options(a)
  return { size = a.size, channels = a.channels, nf = a.nf, ch_mult = a.ch_mult, num_res_blocks = a.blocks,
    attn_resolutions = a.attn, dropout = a.dropout }
end

-- Four linear layers on x and t.
local function plain(a)
  local nn, h = sl.nn, a.hidden
  local Plain = nn.Module "Plain"
  function Plain:init()
    self.layers = { nn.Linear(3, h), nn.Linear(h, h), nn.Linear(h, h), nn.Linear(h, 2) }
  end
  function Plain:forward(x, t)
    local y = sl.cat({ x, t:unsqueeze(2) }, 2)
    for i = 1, 3 do y = self.layers[i](y):silu() end
    return self.layers[4](y)
  end
  return Plain()
end

-- The process, the score of the case's network and the shape of a batch.
local function model(a)
  local vp = sl.sde.VP {}
  if a.case:find "^unet" then
    local net = sl.nn.UNet(unet_options(a))
    return vp, vp:score(net), { a.batch, a.size, a.size, a.channels }
  end
  local net = plain(a)
  return vp, vp:score(net, { label = function(t) return t end }), { a.batch, 2 }
end

-- ---- steps -----------------------------------------------------------------------------------------

-- Each maker returns a function to time and how many steps a call of it makes.

-- Training, on the same batch again and again.
local function training(vp, score, shape)
  local x0, parameters = sl.randn(shape), score:parameters()
  local optimizer = sl.optim.Adam(parameters, { lr = 2e-4, grad_clip = 1 })
  local ema = sl.optim.EMA(parameters, { decay = 0.999, warmup = false })
  return function()
    local scope <close> = sl.scope()
    local loss = sl.loss.dsm(vp, score, x0)
    optimizer:zero_grad()
    loss:backward()
    optimizer:step()
    ema:update()
  end, 1
end

-- Euler-Maruyama by sl.solve, all steps in one call.
local function sampling(vp, score, shape, steps)
  local solver = sl.solve.euler_maruyama { steps = steps }
  score.net:eval()
  return function()
    local scope <close> = sl.scope()
    sl.no_grad(solver, vp, score, shape)
  end, steps
end

-- The step as torch_peer.py writes it out, at t = 1/2, with the network's output as its score.
local function sampling_by_hand(_, score, shape)
  local x, beta = sl.randn(shape), 0.1 + 0.5 * 19.9
  local function step()
    local s = -score:output(x, sl.full({ shape[1] }, 0.5))
    return x + (x * (0.5 * beta) + s * beta) * 1e-3 + sl.randn(shape) * math.sqrt(beta * 1e-3)
  end
  score.net:eval()
  return function()
    local scope <close> = sl.scope()
    x = scope:keep(sl.no_grad(step))
  end, 1
end

local REPEATS = 200 -- steps of the small network in one measurement, as there

local function timed(a, make)
  local vp, score, shape = model(a)
  local repeats = a.case:find "^unet" and 1 or REPEATS
  local call, steps = make(vp, score, shape, repeats)
  local seconds, median = measure.seconds(call, a.steps, repeats // steps)
  return { params = score.net:num_parameters(), batch = a.batch, seconds = seconds / steps, median = median / steps,
    peak_rss_mb = measure.peak_mb() }
end

-- ---- single convolutions -------------------------------------------------------------------------------

-- A call of a 3x3 convolution [batch,size,size,channels], with its gradients if both.
local function convolution(batch, channels, size, both)
  local x, w = sl.randn { batch, size, size, channels }, sl.randn { 3, 3, channels, channels } / (3 * channels ^ 0.5)
  if not both then
    return function()
      local scope <close> = sl.scope()
      sl.no_grad(sl.conv2d, x, w, nil, 1, 1)
    end
  end
  local dy, xw = sl.randn { batch, size, size, channels }, { x:requires_grad_(), w:requires_grad_() }
  return function()
    local scope <close> = sl.scope()
    sl.grad(sl.conv2d(x, w, nil, 1, 1), xw, { grad = dy })
  end
end

local function conv(a)
  local seconds, median = measure.seconds(convolution(a.batch, a.channels, a.size, a.pass == "both"), a.steps)
  return { batch = a.batch, channels = a.channels, size = a.size, pass = a.pass, seconds = seconds, median = median,
    peak_rss_mb = measure.peak_mb() }
end

-- Items such as 64x28:forward; what follows (PyTorch's layout and threads) is not for us.
local function convs(a)
  local seconds = {}
  for item in a.items:gmatch "[^,]+" do
    local channels, size, pass = item:match "^(%d+)x(%d+):(%a+)"
    if pass ~= "forward" and pass ~= "both" then
      error(("peer: --items: expected CHANNELSxSIZE:forward or :both, got '%s'"):format(item), 0)
    end
    local scope <close> = sl.scope()
    seconds[item] = measure.seconds(convolution(a.batch, tonumber(channels), tonumber(size), pass == "both"), a.steps)
  end
  return { batch = a.batch, seconds = seconds, peak_rss_mb = measure.peak_mb() }
end

-- ---- training for a time --------------------------------------------------------------------------------

-- 64 images in 200 steps of Euler-Maruyama, 8 by 8 and twice their size.
local function draw(trainer, path)
  local shape = { 64, table.unpack(trainer.about.shape) }
  local solve = sl.solve.euler_maruyama { steps = 200 }
  local x = trainer:with_average(function(score) return (solve(trainer.process, score, shape, { seed = 1 })) end)
  sl.image.save(path, sl.image.grid(sl.upsample(x, 2), { columns = 8, padding = 0 }))
end

-- The t [1024] and z [1024,C,H,W] that torch_peer.py stored, z with its channels last.
local function stored(path)
  local file = sl.npz.load(path)
  return file.t, file.z:permute { 1, 3, 4, 2 }:contiguous()
end

-- The loss on the images x0, 128 at a time: with the t and z of a file, or else those of sl.train.heldout, which are
-- draws of seed 0 and the same in every run.
local function held_out(trainer, x0, path)
  if not path then
    return trainer:with_average(function(score) return sl.train.heldout(trainer.process, score, x0) end)
  end
  local n, chunk, t, z = x0:shape(1), 128, stored(path)
  local function loss(score, first)
    local scope <close> = sl.scope()
    local count = math.min(chunk, n - first + 1)
    local function part(x) return x:narrow(1, first, count) end
    return sl.loss.dsm(trainer.process, score, part(x0), { t = part(t), z = part(z) }):item() * count / n
  end
  return trainer:with_average(function(score)
    local total = 0
    for first = 1, n, chunk do total = total + loss(score, first) end
    return total
  end)
end

-- Trains for minutes of time spent in steps; pictures at half of it and at the end.
local function fit(a)
  system.make_folder(a.out)
  local log <close> = assert(io.open(a.out .. "/losses.jsonl", "w"))
  local images, test = sl.io.idx(a.data):unsqueeze(4), sl.io.idx((a.data:gsub("train", "t10k"))):unsqueeze(4)
  local trainer = sl.train.Trainer.new {
    samples = images, net = { kind = "UNet", options = unet_options(a) }, process = { kind = "VP", options = {} },
    settings = { batch = a.batch, lr = a.lr, warmup = 100, clip = 1, ema = a.ema, seed = 0 },
  }
  local spent, marks = 0, { a.minutes / 2, a.minutes }
  while spent < a.minutes * 60 do
    local start = system.clock()
    local loss = trainer:step()
    spent = spent + system.clock() - start
    log:write(sl.json.encode { step = trainer.steps, seconds = spent, loss = loss }, "\n")
    while marks[1] and spent >= marks[1] * 60 do
      draw(trainer, ("%s/samples-%.1f.png"):format(a.out, table.remove(marks, 1)))
    end
  end
  local x0 = sl.image.to_float(test:narrow(1, 1, math.min(1024, test:shape(1))))
  return { steps = trainer.steps, minutes = a.minutes, heldout_loss = held_out(trainer, x0, a.heldout) }
end

-- ---- the command line -------------------------------------------------------------------------------------

local CASES = {
  ["unet-train"] = function(a) return timed(a, training) end,
  ["unet-sample"] = function(a) return timed(a, a.by_hand and sampling_by_hand or sampling) end,
  ["unet-fit"] = fit, conv = conv, convs = convs,
}
CASES["mlp-train"], CASES["mlp-sample"] = CASES["unet-train"], CASES["unet-sample"]

local function options()
  local p = cli.parser("peer.lua", "The work of torch_peer.py in sdelua; prints one line of JSON.")
  local function number(name, default, convert, text) p:option("--" .. name, text, default):convert(convert) end
  p:argument("case", "unet-train, unet-sample, mlp-train, mlp-sample: a step; unet-fit: training for --minutes; "
    .. "conv, convs: single convolutions; start: draw one tensor.")
    :choices { "unet-train", "unet-sample", "mlp-train", "mlp-sample", "unet-fit", "conv", "convs", "start" }
  number("nf", "32", cli.integer(1), "Channels of the U-Net at full resolution.")
  number("size", "28", cli.integer(1), "Height and width of images.")
  number("channels", "1", cli.integer(1), "Channels of images, or of conv.")
  number("batch", "32", cli.integer(1), "Images or points in a batch.")
  number("hidden", "128", cli.integer(1), "Width of the network for points.")
  number("steps", "8", cli.integer(1), "Measurements: the fastest counts.")
  number("threads", "2", cli.integer(1), "Threads.")
  p:option("--layout", "Ignored: here tensors have one layout, channels last.")
  number("ch-mult", "1,2,2", cli.integers, "Channels of each level over nf.")
  number("blocks", "2", cli.integer(1), "Residual blocks of a level.")
  number("attn", "14", cli.integers, "Resolutions with self-attention.")
  number("dropout", "0", cli.number(0, true, 1), "Probability of dropout.")
  p:flag("--by-hand", "The sampler's step written out in tensor operations, not by sl.solve."):target "by_hand"
  p:option("--pass", "What conv does.", "forward"):choices { "forward", "both" }
  p:option("--items", "What convs does, such as 64x28:forward,64x28:both.", "")
  number("minutes", "10", cli.number(0), "Time that unet-fit spends in steps.")
  number("lr", "1e-3", cli.number(0), "Learning rate of unet-fit.")
  number("ema", "0.995", cli.number(0, true, 1), "Decay of the averaged parameters of unet-fit.")
  p:option("--out", "Folder for what unet-fit writes.", "sdelua-fit")
  p:option("--data", "Images that unet-fit trains on, IDX; the test images have t10k for train in their path.",
    FASHION_MNIST)
  p:option("--heldout", "File heldout.npz of torch_peer.py: the t and z of the held-out loss.")
  return p:parse()
end

local a = options()
sl.set_threads(a.threads)
sl.manual_seed(0)
local record = CASES[a.case](a)
record.case = a.case
print(sl.json.encode(record))
