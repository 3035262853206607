-- How probable a model finds each point of the plane: trained on two moons, asked for log p by the probability flow.
-- Writes the map, and data points over it.    sdelua examples/likelihood_map.lua [PICTURE [STEPS]]
local sl = require "sdelua"
local picture, steps = ...
picture, steps = picture or "likelihood_map.png", math.tointeger(tonumber(steps or 2000))
local process = sl.sde.VP {}

sl.manual_seed(1)
local data = sl.data.two_moons(50000, { seed = 1 })
local net = sl.nn.MLP { dim = 2, hidden = 64, depth = 3 }
local optimizer = sl.optim.Adam(net:parameters(), { lr = 4e-3, warmup = 50, grad_clip = 1 })
local ema = sl.optim.EMA(net:parameters(), { decay = 0.99 })
local score = process:score(net, { label = function(t) return t end }) -- smooth in t: fewer steps for the solver
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

local function logp(x)
  return (sl.likelihood.ode(process, score, x, { trace = "exact", rtol = 1e-3, atol = 1e-3, eps = 1e-3 }))
end
local points = sl.data.two_moons(300, { seed = 2 })
sl.plot { title = "log p of a model of two moons", width = 560, aspect = "equal",
  xlim = { -4.5, 4.5 }, ylim = { -3, 3.5 } }
  :density(function(x) return logp(x):clamp(-10, math.huge) end, { n = 100, colorbar = "log p, at least −10" })
  :scatter(points, { color = "white", radius = 1 }):save(picture)
print(("wrote %s: mean log p of fresh data %.3f nats"):format(picture, logp(points):mean():item()))
