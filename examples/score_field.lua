-- What a network learns: at each noise level, arrows from everywhere to where data are likely. Colours are the density
-- of the noised data, arrows the learned score; last come the ways that points of noise take along it.
-- sdelua examples/score_field.lua [PICTURE [STEPS]]
local sl = require "sdelua"
local picture, steps = ...
picture, steps = picture or "score_field.png", math.tointeger(tonumber(steps or 1500))

local data = sl.metrics.mixture {
  weights = { 2, 1, 1 }, means = { { -1.2, 0.8 }, { 1.3, 1 }, { 0.4, -1.3 } },
  stds = { { 0.5, 0.3 }, { 0.3, 0.5 }, { 0.3, 0.3 } },
}
local process = sl.sde.VP {}
local LIMIT = 3

sl.manual_seed(1)
local net = sl.nn.MLP { dim = 2, hidden = 64, depth = 3 }
local optimizer = sl.optim.Adam(net:parameters(), { lr = 4e-3, warmup = 50, grad_clip = 1 })
local ema = sl.optim.EMA(net:parameters(), { decay = 0.99 })
local score = process:score(net)
local batches = sl.data.loader(data:sample(50000), { batch = 512 })
for step, bar in sl.progress(steps) do
  local scope <close> = sl.scope()
  optimizer.lr = 4e-3 * math.min(1, 2 * (1 - step / steps)) -- falls to 0 over the second half
  local loss = sl.loss.dsm(process, score, batches())
  optimizer:zero_grad()
  loss:backward()
  optimizer:step()
  ema:update()
  bar:set { loss = loss:item() }
end
ema:copy_to()

local function panel(t, title)
  return sl.plot { title = title, width = 300, height = 320, aspect = "equal", xlim = { -LIMIT, LIMIT },
    ylim = { -LIMIT, LIMIT } }:density(function(x) return data:logp(x, process, t):exp() end)
end

local function field(t)
  return panel(t, ("score at t = %.2f"):format(t))
    :vectors(function(x) return score(x, t) end, { n = 16, color = "white", power = 0.3 })
end

local _, info = sl.no_grad(sl.solve.euler { steps = 60 }, process, score, { 40, 2 }, { seed = 4, trajectory = true })
local ways = panel(process.eps.sample, "and the ways along it"):paths(sl.stack(info.trajectory, 1), { color = "white" })
sl.plot.grid({ field(0.5), field(0.2), field(0.05), ways }, { columns = 4 }):save(picture)
print(("wrote %s: error of the predicted noise: %s"):format(picture,
  tostring(sl.metrics.score_error(process, score, data, { n = 2000, times = { 0.05, 0.2, 0.5 } }))))
