-- An SDE without a transition kernel: a whirl that turns faster near its middle. Nothing is known of its law but what
-- simulation shows, and sliced score matching needs no more.
-- Writes data, what the whirl makes of them, and samples.    sdelua examples/nonlinear_sde.lua [PICTURE [STEPS]]
local sl = require "sdelua"
local picture, steps = ...
picture, steps = picture or "nonlinear_sde.png", math.tointeger(tonumber(steps or 2000))

-- dx = (w(|x|) (-y, x) - beta/2 x) dt + sqrt(beta) dw. Turning does nothing to N(0, I), so that is where it goes.
local function whirl(x)
  local turned = sl.cat({ -x:narrow(2, 2, 1), x:narrow(2, 1, 1) }, 2)
  return turned * (5 / (1 + x:square():sum(2, true)))
end
local function beta(t) return 0.1 + 6 * t * t end
local process = sl.sde.define {
  drift = function(x, t) return whirl(x) - x * beta(t) * 0.5 end,
  diffusion = function(t) return beta(t):sqrt() end,
  T = 1.5, tier = "general", noise_type = "scalar", prior = { mean = 0, std = 1 },
}

-- n points of a cross, which the whirl will wind up.
local function cross(n, seed)
  local noise = sl.noise { seed = seed }
  local along, across = (noise:normal({ n, 1 }, 1) / math.sqrt(2)):erf() * 2, noise:normal({ n, 1 }, 2) * 0.12
  local upright = noise:normal({ n, 1 }, 3):gt(0)
  return sl.cat({ sl.where(upright, across, along), sl.where(upright, along, across) }, 2)
end

sl.manual_seed(1)
local net = sl.nn.MLP { dim = 2, hidden = 96, depth = 3 }
local optimizer = sl.optim.Adam(net:parameters(), { lr = 3e-3, warmup = 50, grad_clip = 1 })
local ema = sl.optim.EMA(net:parameters(), { decay = 0.99 })
local score = process:score(net, { parameterization = "score" })
local batches = sl.data.loader(cross(50000, 1), { batch = 512, seed = 1 })
for step, bar in sl.progress(steps) do
  local scope <close> = sl.scope()
  optimizer.lr = 3e-3 * math.min(1, 2 * (1 - step / steps)) -- falls to 0 over the second half
  local loss = sl.loss.ssm_vr(process, score, batches(), { eps = 0.01, steps = 48 })
  optimizer:zero_grad()
  loss:backward()
  optimizer:step()
  ema:update()
  bar:set { loss = loss:item() }
end
ema:copy_to()

local sampler = sl.solve.euler_maruyama { steps = math.min(200, steps), eps = 0.01 }
local x = sl.no_grad(sampler, process, score, { 2000, 2 }, { seed = 2 })
local function panel(title, points)
  return sl.plot { title = title, width = 260, height = 280, aspect = "equal", xlim = { -3, 3 }, ylim = { -3, 3 } }
    :scatter(points)
end
local start = cross(2000, 2)
local panels = { panel("data", start) }
for i, T in ipairs { 0.3, 0.6 } do
  panels[i + 1] = panel(("t = %.2f"):format(T), (process:simulate(start, { T = T, steps = 60, seed = 1 })))
end
panels[4] = panel("samples", x)
sl.plot.grid(panels, { columns = 4 }):save(picture)
print(("wrote %s: sliced Wasserstein distance from the data %s"):format(picture,
  tostring(sl.metrics.sliced_wasserstein(x, start, { bootstrap = 10 }))))
return x
