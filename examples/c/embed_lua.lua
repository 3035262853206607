-- The script that embed_lua.c runs: it returns what the host calls, draw(n, seed) -> a list of n points {x, y}.
-- The score is an ordinary Lua function, here that of six Gaussians on a circle, exact at every time.
local sl = require "sdelua"
local process = sl.sde.VP { beta_min = 0.1, beta_max = 20 }

local STD = 0.15
local centres = {}
for i = 1, 6 do centres[i] = { math.cos(i * math.pi / 3), math.sin(i * math.pi / 3) } end
centres = sl.tensor { centres } -- [1,6,2]

local function score(x, t) -- x [n,2], t [n]
  local mean, s = process:marginal_prob(centres:expand { x:shape(1), -1, -1 }, t)
  local away, variance = mean - x:unsqueeze(2), s:square() + (STD * process:coefficient("m", mean, t)):square()
  local share = (away:square():sum(3, true) / variance * -0.5):softmax(2) -- how much each centre has of x
  return (share * away / variance):sum(2)
end

local sampler = sl.solve.heun { steps = 20 }
return function(n, seed)
  return sl.no_grad(function() return (sampler(process, score, { n, 2 }, { seed = seed })) end):totable()
end
