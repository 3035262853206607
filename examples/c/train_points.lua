-- The twin of train_points.c: points on a spiral, a small network, denoising score matching and the reverse SDE, with
-- the same numbers in every bit.    sdelua examples/c/train_points.lua [NAME [STEPS]]
local sl = require "sdelua"
local name, steps = ...
name, steps = name or "points", math.tointeger(tonumber(steps or 3000))

local function spiral(n)
  local u, noise = sl.rand { n, 1 }, sl.randn { n, 2 }
  local angle = u:sqrt() * 9
  return angle * 0.25 * sl.cat({ angle:cos(), angle:sin() }, 2) + noise * 0.05
end

sl.manual_seed(1)
local process = sl.sde.VP { beta_min = 0.1, beta_max = 20 }
local waves, enter = sl.nn.Sinusoidal(32), sl.nn.Linear(2 + 32, 128)
local first, second, leave = sl.nn.Linear(128, 128), sl.nn.Linear(128, 128), sl.nn.Linear(128, 2)
local score = process:score(function(x, t)
  local h = enter(sl.cat({ x, waves(t) }, 2)):silu()
  h = h + first(h):silu()
  h = h + second(h):silu()
  return leave(h)
end)

local params = {}
for _, layer in ipairs { enter, first, second, leave } do
  for _, p in ipairs(layer:parameters()) do params[#params + 1] = p end
end
local adam = sl.optim.Adam(params, { lr = 3e-3 })
for _, bar in sl.progress(steps) do
  local scope <close> = sl.scope()
  local loss = sl.loss.dsm(process, score, spiral(512))
  loss:backward()
  adam:step()
  adam:zero_grad()
  bar:set { loss = loss:item() }
end

local sampler = sl.solve.euler_maruyama { steps = 100 }
local x = sl.no_grad(function() return (sampler(process, score, { 5000, 2 }, { seed = 7 })) end)
sl.npy.save(name .. ".npy", x)
print(("wrote %s.npy"):format(name))
