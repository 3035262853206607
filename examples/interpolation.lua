-- From one image to another. The flow encodes both, exactly but for the solver's error (Song et al. 2021, appendix
-- D.5): the first row decodes codes between theirs, from the first image to the second. The second row gives mixtures
-- of the images the noise of 0.3 T, the same for each, and comes back (Ho et al. 2020, section 4.3).
-- sdelua examples/interpolation.lua CHECKPOINT IMAGE IMAGE [PICTURE [TOLERANCE]]
local sl = require "sdelua"
local checkpoint, from, to, picture, tolerance = ...
if not to then error("usage: interpolation.lua CHECKPOINT IMAGE IMAGE [PICTURE [TOLERANCE]]", 0) end
picture, tolerance = picture or "interpolation.png", tonumber(tolerance or 1e-5)
local COUNT, STEPS = 7, 100

local model = sl.train.load(checkpoint)
local process, score = model.process, model.score
local function load(path)
  return sl.image.to_float(sl.image.load(path, { channels = model.shape[3], size = model.shape[1] }))
end
local images = sl.stack({ load(from), load(to) }, 1)

local function by_codes()
  local o = { rtol = tolerance, atol = tolerance, eps = 1e-3 }
  local z = sl.likelihood.encode(process, score, images, o)
  local path = sl.likelihood.interpolate(z:narrow(1, 1, 1), z:narrow(1, 2, 1), COUNT)
  return (sl.likelihood.decode(process, score, path:reshape { COUNT, table.unpack(model.shape) }, o))
end

local function by_noise()
  local w = sl.arange(COUNT):reshape { COUNT, 1, 1, 1 } / (COUNT - 1)
  local guides = images:narrow(1, 1, 1) * (1 - w) + images:narrow(1, 2, 1) * w
  local edit = sl.posterior.sdedit { t0 = 0.3, steps = STEPS }
  local same = sl.zeros({ COUNT }, { dtype = "int64" }) -- every guide has the noise of sample 0
  return (edit(process, score, sl.inverse.denoise { shape = model.shape }, guides, { seed = 1, index = same }))
end

local first, second = sl.no_grad(by_codes), sl.no_grad(by_noise)
local ends = sl.cat({ first:narrow(1, 1, 1), first:narrow(1, COUNT, 1) }, 1)
print(("encoded and decoded: off by %.2g in the mean, %.2g at worst, of values in [-1,1]"):format(
  (ends - images):abs():mean():item(), (ends - images):abs():amax():item()))
local factor = math.max(1, 112 // model.shape[1])
local columns = {}
for i = 1, COUNT do
  local both = sl.cat({ first:narrow(1, i, 1), second:narrow(1, i, 1) }, 1):upsample(factor)
  local title, pair = ("%.0f %%"):format(100 * (i - 1) / (COUNT - 1)), sl.image.grid(both, { columns = 1 })
  columns[i] = sl.plot { title = title, width = pair:shape(2) + 12 }:image(pair)
end
sl.plot.grid(columns, { columns = COUNT }):save(picture)
print("wrote " .. picture)
return first, second
