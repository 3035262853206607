-- sdelua scripts/inpaint.lua CHECKPOINT IMAGE... [--help]: fills in the unknown part of images: scripts/restore.lua
-- with the operator inpaint.
local cli = require "sdelua.train.cli"
local restore = require "sdelua.inverse.restore"

-- What goes with a mask of that name.
local OWN = { half = { "keep" }, box = { "box" }, random = { "share", "mask_seed" } }

-- White is known, black is not.
local function from_file(path, shape)
  local mask = restore.mask(path)
  if mask:shape(1) ~= shape[1] or mask:shape(2) ~= shape[2] then
    error(("inpaint: --mask: expected a picture of [%d,%d], got [%d,%d]"):format(shape[1], shape[2], mask:shape(1),
      mask:shape(2)), 0)
  end
  return mask
end

local function refuse_others(a, parser)
  for name, keys in pairs(OWN) do
    for _, key in ipairs(keys) do
      if a[key] and a.mask ~= name then
        parser:error(("option '--%s': expected --mask %s with it"):format(key:gsub("_", "-"), name))
      end
    end
  end
end

restore.main {
  name = "inpaint", operator = "inpaint", method = "ddrm",
  about = "Fills in the unknown part of images.",
  add = function(parser)
    parser:option("--mask", "What is known: half, box, random, or a picture, white where it is known.", "box")
    parser:option("--keep", "With --mask half: the half that is known, left, right, top or bottom.")
    parser:option("--box", "With --mask box: side of the square in the middle that is lost.")
      :convert(cli.integer(1))
    parser:option("--share", "With --mask random: share of the pixels that is lost.")
      :convert(cli.number(0, true, 1))
    parser:option("--mask-seed", "With --mask random: which ones (default: 0)."):target "mask_seed"
      :convert(cli.integer(0))
  end,
  read = function(a, _, shape, parser)
    refuse_others(a, parser)
    local o = { shape = shape, mask = a.mask, keep = a.keep, box = a.box, share = a.share, seed = a.mask_seed }
    if not OWN[a.mask] then o.mask = from_file(a.mask, shape) end
    return o
  end,
}
