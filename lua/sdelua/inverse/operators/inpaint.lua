local sl = require "sdelua"
local errors = require "sdelua.errors"
local chance = require "sdelua.inverse.chance"
local masks = require "sdelua.inverse.masks"
local options = require "sdelua.options"
local shapes = require "sdelua.inverse.shapes"

-- Where the values that are known are, then the others, from 1; and how many are known.
local function order_of(mask)
  local order, unknown = {}, {}
  for i, value in ipairs(mask:reshape({ -1 }):totable()) do
    table.insert(value == 1 and order or unknown, i)
  end
  local count = #order
  if count == 0 then errors.raise("inpaint: option mask: expected a value that is known, got none") end
  return table.move(unknown, 1, #unknown, count + 1, order), count
end

local DEFAULTS = {
  mask = options.NONE, shape = options.NONE, keep = "left", box = options.NONE, share = 0.9, seed = 0,
}

local NAMED = { half = { "keep" }, box = { "box" }, random = { "share", "seed" } }

-- Raises where an option says something that this mask has no use for.
local function check_heeded(o)
  for mask, keys in pairs(NAMED) do
    for _, key in ipairs(keys) do
      local default = DEFAULTS[key] ~= options.NONE and DEFAULTS[key] or nil
      if mask ~= o.mask and o[key] ~= default then
        errors.raise('inpaint: option %s: goes with mask = "%s", got %s', key, mask, options.show(o[key]))
      end
    end
  end
end

local function named_mask(o)
  local own = {}
  for _, key in ipairs(NAMED[o.mask]) do own[key] = o[key] end
  return masks[o.mask](shapes.image("inpaint", o.shape), own)
end

-- The mask like one x.
local function mask_of(o)
  if NAMED[o.mask] then return named_mask(o) end
  if not sl.is_tensor(o.mask) or o.mask:dim() == 0 then
    errors.raise('inpaint: option mask: expected a tensor like one x, "half", "box" or "random", got '
      .. options.show(o.mask))
  end
  return shapes.mask("inpaint", o.mask, o.shape and shapes.any("inpaint", o.shape) or o.mask:shape())
end

return {
  doc = "The values where the mask is 1, in order. mask is a tensor like one x; or with shape, that of an image, "
    .. "[H,W] or a name: \"half\" (keep = \"left\", \"right\", \"top\" or \"bottom\"), \"box\" (a square of side "
    .. "box is lost), \"random\" (share of the pixels lost, seed).",
  source = "Song et al. 2021, appendix I.2",
  options = DEFAULTS,
  make = function(o)
    check_heeded(o)
    local mask = mask_of(o)
    local shape, size = mask:shape(), mask:numel()
    local order, count = order_of(mask)
    local all, back = chance.indices(order), chance.indices(chance.inverse(order))
    local known = all:narrow(1, 1, count)
    local function flat(x) return x:reshape { x:shape(1), size } end
    local function padded(y) return y:pad({ 0, 0 }, { 0, size - count }) end
    local function V(c) return c:index_select(back, 2):reshape { c:shape(1), table.unpack(shape) } end
    local function apply(x) return flat(x):index_select(known, 2) end
    local function spread(y) return V(padded(y)) end
    return {
      shape = shape, measured = { count }, apply = apply, adjoint = spread, pinv = spread, damaged = apply,
      svd = function()
        return {
          s = padded(sl.ones({ 1, count }, { dtype = "float64" })):reshape { size }, V = V,
          Vt = function(x) return flat(x):index_select(all, 2) end, Ut = padded,
        }
      end,
    }
  end,
}
