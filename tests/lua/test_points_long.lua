-- Networks trained on eight Gaussians, sampled over five seeds: 10,000 samples against 10,000 fresh points.
local check = require "check"
local measure = require "measure"
local sl = require "sdelua"

local RADIUS, STD = 2 * math.sqrt(2), math.sqrt(2) / 4
local STEPS, SEEDS, COUNT, DIRECTIONS = 4000, 5, 10000, 128

local function train(process)
  sl.manual_seed(1)
  local net = sl.nn.MLP { dim = 2, hidden = 128, depth = 3 }
  local optimizer = sl.optim.Adam(net:parameters(), { lr = 2e-3, warmup = 100, grad_clip = 1 })
  local ema = sl.optim.EMA(net:parameters(), { decay = 0.995 })
  local score = process:score(net)
  local batches = sl.data.loader(sl.data.eight_gaussians(100000, { seed = 1 }), { batch = 512, seed = 1 })
  for step in sl.progress(STEPS, { quiet = true }) do
    local scope <close> = sl.scope()
    optimizer.lr = 2e-3 * math.min(1, 2 * (1 - step / STEPS))
    local loss = sl.loss.dsm(process, score, batches())
    optimizer:zero_grad()
    loss:backward()
    optimizer:step()
    ema:update()
  end
  ema:copy_to()
  return score
end

local function judge(name, process, score)
  local sampler, fresh = sl.solve.ancestral { steps = 150 }, sl.data.eight_gaussians(COUNT, { seed = 2 })
  local distance = 0
  for seed = 1, SEEDS do
    local scope <close> = sl.scope()
    local x = sl.no_grad(function() return (sampler(process, score, { COUNT, 2 }, { seed = seed })) end)
    distance = distance + measure.sliced_w2(x, fresh, DIRECTIONS) / SEEDS
    local share, ratio = measure.modes(x, RADIUS, STD)
    for k = 1, 8 do check.close(share[k], 0.125, 0, 0.02, ("%s, seed %d, mode %d"):format(name, seed, k)) end
    check.ok(ratio > 0.9 and ratio < 1.25, ("%s, seed %d: variance ratio %.3f"):format(name, seed, ratio))
  end
  check.ok(distance < 0.12, ("%s: sliced Wasserstein-2 %.3f"):format(name, distance))
end

for _, name in ipairs { "VP", "VE", "subVP" } do
  check.test(name .. " on eight Gaussians", function()
    local process = sl.sde[name] {}
    judge(name, process, train(process))
  end)
end

check.test("examples/custom_sde.lua", function()
  local picture = os.tmpname() .. ".png"
  local x = assert(loadfile "examples/custom_sde.lua")(picture)
  os.remove(picture)
  local distance = measure.sliced_w2(x, sl.data.eight_gaussians(x:shape(1), { seed = 2 }), DIRECTIONS)
  check.ok(distance < 0.15, ("sliced Wasserstein-2 %.3f"):format(distance))
end)
