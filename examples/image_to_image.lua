-- Image to image (Meng et al. 2022): a guide gets the noise of a time and comes back by the reverse process; the later
-- the time, the freer it is. Guides are an image, what strokes of a broad brush leave of it, and the image again where
-- its lower half alone may change. Writes a picture: each guide, and what becomes of it from 0.2, 0.4, 0.6, 0.8 of T.
-- sdelua examples/image_to_image.lua CHECKPOINT IMAGE [PICTURE [STEPS]]
local sl = require "sdelua"
local checkpoint, path, picture, steps = ...
if not path then error("usage: image_to_image.lua CHECKPOINT IMAGE [PICTURE [STEPS]]", 0) end
picture, steps = picture or "image_to_image.png", math.tointeger(tonumber(steps or 200))

local model = sl.train.load(checkpoint)
local height, width, channels = table.unpack(model.shape)
local image = sl.image.to_float(sl.image.load(path, { channels = channels, size = height })):unsqueeze(1)
local strokes = image:avg_pool(4):round():upsample(4) -- three tones
local lower = 1 - sl.inverse.masks.half({ height, width, channels }, { keep = "top" })

local seen = sl.inverse.denoise { shape = model.shape }
local function from(t0)
  if t0 == 0 then return sl.cat({ image, strokes, image }, 1) end
  local function edit(guide, mask)
    local method = sl.posterior.sdedit { t0 = t0, mask = mask, steps = steps }
    return (sl.no_grad(method, model.process, model.score, seen, guide, { seed = 1 }))
  end
  return sl.cat({ edit(image), edit(strokes), edit(image, lower) }, 1)
end

local columns = {}
for i, t0 in ipairs { 0, 0.2, 0.4, 0.6, 0.8 } do
  local images = sl.image.grid(from(t0):upsample(math.max(1, 112 // height)), { columns = 1 })
  columns[i] = sl.plot { title = t0 == 0 and "guide" or ("from %g T"):format(t0), width = images:shape(2) + 12 }
    :image(images)
end
sl.plot.grid(columns, { columns = #columns }):save(picture)
print(("wrote %s: an image, strokes, the lower half of an image"):format(picture))
