-- The guidance dial: what a Lua function says of the data, weighed 0, 1, 2 and 4 times in the samples. Eight Gaussians,
-- whose score is known, and a measurement that saw x and y to be the same but for noise of std 0.3. At 0 these are
-- samples of the prior, at 1 of the posterior; above that they keep to the measurement more than it deserves.
-- Writes a picture of each, the prior in grey.    sdelua examples/guidance.lua [PICTURE [STEPS]]
local sl = require "sdelua"
local picture, steps = ...
picture, steps = picture or "guidance.png", math.tointeger(tonumber(steps or 100))

local STD, NOISE = 0.3, 0.3 -- of a Gaussian, and of the measurement
local means = {}
for i = 1, 8 do means[i] = { 2 * math.cos(i * math.pi / 4), 2 * math.sin(i * math.pi / 4) } end
local prior = sl.metrics.mixture { means = means, stds = STD }

local process = sl.sde.VP {}
local score = prior:score(process)
local denoise = process:denoiser(score)

-- log p(y | x_t) where x_0 is normal about its estimate, with the variance that it has within one of the Gaussians.
local function log_likelihood(x, t)
  local x0 = denoise(x, t)
  local sigma2 = (process:coefficient("s", x, t) / process:coefficient("m", x, t)):square():reshape { -1 }
  local variance = sigma2 * STD ^ 2 / (sigma2 + STD ^ 2)
  return (x0:select(2, 1) - x0:select(2, 2)):square() / (variance * 2 + NOISE ^ 2) * -0.5
end

local function apart(z) return (z:select(2, 1) - z:select(2, 2)):square():mean():sqrt():item() end
local exact = math.sqrt(1 / (1 / (2 * STD ^ 2) + 1 / NOISE ^ 2)) -- of the two Gaussians on the line

local sampler = sl.solve.dpmpp_sde { steps = steps } -- fresh noise forgets what early estimates got wrong
local fresh, pictures = prior:sample(1500, { seed = 1 }), {}
for i, strength in ipairs { 0, 1, 2, 4 } do
  local guided = sl.guidance.logp(process, score, log_likelihood, { scale = strength })
  local x = sampler(process, guided, { 1500, 2 }, { seed = 2 })
  pictures[i] = sl.plot { title = "strength " .. strength, width = 240, height = 262, aspect = "equal",
    xlim = { -3.2, 3.2 }, ylim = { -3.2, 3.2 } }
    :scatter(fresh, { color = "#d0d0d0" }):scatter(x, { radius = 1.5 })
  print(("strength %g: root mean square of x - y %.3f"):format(strength, apart(x))
    .. (strength == 1 and (", of the posterior %.3f"):format(exact) or ""))
end
sl.plot.grid(pictures):save(picture)
print("wrote " .. picture)
