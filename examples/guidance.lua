-- What a Lua function says of the data, in the samples: eight Gaussians, whose score is known, and a measurement that
-- saw x and y to be the same but for noise of std 0.3. Writes a picture, samples of the prior in blue and guided ones
-- in orange.    sdelua examples/guidance.lua [PICTURE [STEPS]]
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

local sampler = sl.solve.dpmpp_sde { steps = steps } -- fresh noise forgets what early estimates got wrong
local guided = sl.guidance.logp(process, score, log_likelihood)
local free = sampler(process, score, { 2000, 2 }, { seed = 1 })
local x = sampler(process, guided, { 2000, 2 }, { seed = 2 })
sl.plot { height = 480, aspect = "equal" }
  :scatter(free, { label = "prior" })
  :scatter(x, { label = "guided" })
  :save(picture)

local function apart(z) return (z:select(2, 1) - z:select(2, 2)):square():mean():sqrt():item() end
local exact = math.sqrt(1 / (1 / (2 * STD ^ 2) + 1 / NOISE ^ 2)) -- of the two Gaussians on the line
print(("wrote %s: root mean square of x - y %.3f, of the posterior %.3f, of the prior %.3f")
  :format(picture, apart(x), exact, apart(free)))
return x
