--- sl.inverse.masks: which values of an image [H,W,C] are known (1) and which are not (0), as sl.inverse.inpaint takes
-- them; and which frequencies, as sl.inverse.mri does.
local sl = require "sdelua"
local errors = require "sdelua.errors"
local chance = require "sdelua.inverse.chance"
local options = require "sdelua.options"
local shapes = require "sdelua.inverse.shapes"

local masks = {}

-- float32 [H,W,C] of inside(row, column), both from 1.
local function draw(shape, inside)
  local h, w, rows = shape[1], shape[2], {}
  for i = 1, h do
    rows[i] = {}
    for j = 1, w do rows[i][j] = inside(i, j) and 1 or 0 end
  end
  return sl.tensor(rows):reshape({ h, w, 1 }):expand({ h, w, shape[3] }):contiguous()
end

local SIDES = {
  left = function(_, j, _, w) return j <= w // 2 end, right = function(_, j, _, w) return j > w - w // 2 end,
  top = function(i, _, h) return i <= h // 2 end, bottom = function(i, _, h) return i > h - h // 2 end,
}

--- One half is known: keep = "left", "right", "top" or "bottom".
function masks.half(shape, opts)
  local o = options.read("masks.half", opts, { keep = "left" })
  local side = SIDES[o.keep]
  if not side then
    errors.raise('masks.half: option keep: expected "left", "right", "top" or "bottom", got %s', o.keep)
  end
  shape = shapes.image("masks.half", shape)
  return draw(shape, function(i, j) return side(i, j, shape[1], shape[2]) end)
end

--- All but a square in the middle is known: box, the length of its side, is half that of the image's shorter one unless
-- given.
function masks.box(shape, opts)
  local o = options.read("masks.box", opts, { box = options.NONE })
  shape = shapes.image("masks.box", shape)
  local h, w = shape[1], shape[2]
  local size = shapes.integer("masks.box", "box", o.box or math.min(h, w) // 2, 1)
  if size > math.min(h, w) then
    errors.raise("masks.box: option box: expected at most %d, got %d", math.min(h, w), size)
  end
  local top, left = (h - size) // 2, (w - size) // 2
  return draw(shape, function(i, j) return i <= top or i > top + size or j <= left or j > left + size end)
end

--- Pixels at random are known: `share` of them, rounded, are lost with all their colours. Options: share = 0.9, seed =
-- 0.
function masks.random(shape, opts)
  local o = options.read("masks.random", opts, { share = 0.9, seed = 0 })
  shape = shapes.image("masks.random", shape)
  if not (o.share >= 0 and o.share < 1) then
    errors.raise("masks.random: option share: expected a number in [0,1), got %g", o.share)
  end
  local h, w = shape[1], shape[2]
  local back = chance.inverse(chance.permutation(h * w, shapes.integer("masks.random", "seed", o.seed)))
  local kept = math.max(1, h * w - math.floor(o.share * h * w + 0.5))
  return draw(shape, function(i, j) return back[(i - 1) * w + j] <= kept end)
end

--- Columns of frequencies [H,W], the frequency 0 at [H//2+1, W//2+1], as a scanner that goes line by line measures
-- them: a band in the middle, the share `centre` of all, and others at random, W/acceleration in all. Options:
-- acceleration = 4.0, centre = 0.08, seed = 0.
function masks.lines(shape, opts)
  local o = options.read("masks.lines", opts, { acceleration = 4.0, centre = 0.08, seed = 0 })
  shape = shapes.image("masks.lines", shape)
  if not (o.acceleration >= 1 and o.acceleration < math.huge) then
    errors.raise("masks.lines: option acceleration: expected at least 1, got %g", o.acceleration)
  end
  options.shares("masks.lines", o, { "centre" })
  local w, known = shape[2], {}
  local band = math.max(1, math.floor(o.centre * w + 0.5))
  local left = math.max(0, math.floor(w / o.acceleration + 0.5) - band)
  for j = 1, band do known[w // 2 + 1 - band // 2 + j - 1] = true end
  for _, j in ipairs(chance.permutation(w, shapes.integer("masks.lines", "seed", o.seed))) do
    if left > 0 and not known[j] then known[j], left = true, left - 1 end
  end
  return draw({ shape[1], w, 1 }, function(_, j) return known[j] end):reshape { shape[1], w }
end

return masks
