-- A network that says an energy E: the score is the gradient of something, exp(-E) a density but for a factor, and so
-- Metropolis can judge each Langevin step (MALA). Writes that density at three noise levels, and samples on it.
-- sdelua examples/energy_model.lua [PICTURE [STEPS]]
local sl = require "sdelua"
local picture, steps = ...
picture, steps = picture or "energy_model.png", math.tointeger(tonumber(steps or 4000))
local process, LIMIT = sl.sde.VP {}, 3.5

sl.manual_seed(1)
local data = sl.data.pinwheel(50000, { seed = 1, arms = 5 })
local net = sl.nn.MLP { in_features = 2, out_features = 1, hidden = 96, depth = 3 }
local optimizer = sl.optim.Adam(net:parameters(), { lr = 4e-3, warmup = 50, grad_clip = 1 })
local ema = sl.optim.EMA(net:parameters(), { decay = 0.99 })
local score = process:score(net, { parameterization = "energy" })
local batches = sl.data.loader(data, { batch = 512, seed = 1 })
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

local LEVELS = 40
local sampler = sl.solve.mala { steps = LEVELS, n_steps = math.min(6, steps), snr = 0.5 }
local x, info = sl.no_grad(sampler, process, score, { 600, 2 }, { seed = 2, trajectory = true })

local panels = {}
for i, t in ipairs { 0.4, 0.1, 0.02 } do
  local level = math.floor((process.T - t) * (LEVELS - 1) + 0.5) + 2 -- the state after the chain at that time
  panels[i] = sl.plot { title = ("exp(-E) at t = %.2g"):format(t), width = 300, height = 320, aspect = "equal",
    xlim = { -LIMIT, LIMIT }, ylim = { -LIMIT, LIMIT } }
    :density(function(points)
      local log_p = sl.no_grad(score.log_prob, points, t)
      return (log_p - log_p:amax()):exp()
    end):scatter(info.trajectory[level], { color = "white", radius = 1, opacity = 0.7 })
end
sl.plot.grid(panels, { columns = 3 }):save(picture)
print(("wrote %s: %.0f %% of the proposals were accepted"):format(picture, 100 * info.acceptance:mean():item()))
return x
