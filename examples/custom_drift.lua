-- A drift of your own: a wind that carries two moons away, so that noise is somewhere else than the data. Its kernel is
-- found by probing, and training is what it is for any process.
-- Writes the way to noise, the way back and the samples.    sdelua examples/custom_drift.lua [PICTURE [STEPS]]
local sl = require "sdelua"
local picture, steps = ...
picture, steps = picture or "custom_drift.png", math.tointeger(tonumber(steps or 2000))

local HAVEN = sl.tensor { { 4, 1 } }
local function beta(t) return 0.1 + 12 * t end
local process = sl.sde.define {
  drift = function(x, t) return (HAVEN - x) * (beta(t) / 2) end,
  diffusion = function(t) return beta(t):sqrt() * 0.5 end,
}

sl.manual_seed(1)
local data = sl.data.two_moons(50000, { seed = 1 }) / 2
local net = sl.nn.MLP { dim = 2, hidden = 96, depth = 3 }
local optimizer = sl.optim.Adam(net:parameters(), { lr = 3e-3, warmup = 50, grad_clip = 1 })
local ema = sl.optim.EMA(net:parameters(), { decay = 0.99 })
local score = process:score(net)
local batches = sl.data.loader(data, { batch = 512, seed = 1 })
for step, bar in sl.progress(steps) do
  local scope <close> = sl.scope()
  optimizer.lr = 3e-3 * math.min(1, 2 * (1 - step / steps)) -- falls to 0 over the second half
  local loss = sl.loss.dsm(process, score, batches())
  optimizer:zero_grad()
  loss:backward()
  optimizer:step()
  ema:update()
  bar:set { loss = loss:item() }
end
ema:copy_to()

local WAYS = 6
local _, forth = process:simulate(data:narrow(1, 1, WAYS), { steps = 200, seed = 1, trajectory = true })
local sampler = sl.solve.euler_maruyama { steps = math.min(200, steps) }
local x, back = sl.no_grad(sampler, process, score, { 1500, 2 }, { seed = 2, trajectory = true })

local function panel(title, width, right)
  return sl.plot { title = title, width = width, height = 230, aspect = "equal", xlim = { -2.2, right },
    ylim = { -1.8, 2.6 } }
end
local function ways(title, states)
  local plot, all = panel(title, 360, 5.8), sl.stack(states, 1)
  for i = 1, WAYS do plot:paths(all:narrow(2, i, 1)) end -- each in a colour of its own
  return plot
end
sl.plot.grid({
  ways("out with the wind", forth.trajectory), ways("and back", back.trajectory),
  panel("data and samples", 240, 2.2)
    :scatter(data:narrow(1, 1, 1500), { label = "data", color = "#c0c0c0", radius = 4 })
    :scatter(x, { label = "samples", radius = 1 }),
}, { columns = 3 }):save(picture)
print(("wrote %s: samples of a process that is %s"):format(picture, process.tier))
return x
