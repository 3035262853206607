-- What operators ask of their options. Errors name the operator and have no place: it is not the caller's.
local sl = require "sdelua"
local errors = require "sdelua.errors"
local options = require "sdelua.options"

local shapes = {}

--- A list of anything, as shapes are printed.
function shapes.text(shape)
  local parts = {}
  for i, n in ipairs(shape) do parts[i] = tostring(n) end
  return "[" .. table.concat(parts, ",") .. "]"
end

--- How many values a tensor of that shape has.
function shapes.volume(shape)
  local n = 1
  for _, size in ipairs(shape) do n = n * size end
  return n
end

-- The sizes as integers, or nil where one is none.
local function sizes_of(shape)
  local sizes = {}
  for i, n in ipairs(type(shape) == "table" and shape or {}) do
    sizes[i] = math.tointeger(n)
    if not sizes[i] or sizes[i] < 1 then return nil end
  end
  return #sizes > 0 and sizes or nil
end

--- The shape [H,W,C] of an image that the option is, or an error in the name of `who`; of `channels` where given, and
-- with sides that are multiples of `factor`.
function shapes.image(who, shape, channels, factor)
  local sizes = sizes_of(shape)
  local fits = sizes and #sizes == 3 and (not channels or sizes[3] == channels)
  if fits and (not factor or sizes[1] % factor == 0 and sizes[2] % factor == 0) then return sizes end
  local given = "none"
  if type(shape) == "table" then given = shapes.text(shape) elseif shape ~= nil then given = tostring(shape) end
  errors.raise("%s: option shape: expected that of an image, [H,W,%s]%s, got %s", who, channels or "C",
    factor and (", with H and W multiples of %d"):format(factor) or "", given)
end

--- The shape, of any sizes, and how many values that is; `what` it is, unless the option shape.
function shapes.any(who, shape, what)
  local sizes = sizes_of(shape)
  if sizes then return sizes, shapes.volume(sizes) end
  errors.raise("%s: %s, got %s", who, what or "option shape: expected the sizes of one x",
    type(shape) == "table" and shapes.text(shape) or tostring(shape))
end

-- The mask of an image without its channels, with them.
local function with_channels(mask, shape)
  if #shape == 3 and mask:dim() == 2 then mask = mask:unsqueeze(3) end
  if #shape == 3 and mask:dim() == 3 and mask:shape(3) == 1 then
    mask = mask:expand { mask:shape(1), mask:shape(2), shape[3] }
  end
  return mask
end

--- A mask, ones and zeros, like one x of that shape; an image's may be given as [H,W] or [H,W,1].
function shapes.mask(who, given, shape)
  local mask = sl.is_tensor(given) and with_channels(given, shape)
  if not mask or shapes.text(mask:shape()) ~= shapes.text(shape) then
    errors.raise("%s: option mask: expected a tensor %s, got %s", who, shapes.text(shape), options.show(given))
  end
  for _, value in ipairs(given:reshape({ -1 }):totable()) do
    if value ~= 0 and value ~= 1 then
      errors.raise("%s: option mask: expected ones and zeros, got %g", who, value)
    end
  end
  return mask
end

--- An integer option, where given of at least `lowest`, or an error.
function shapes.integer(who, name, value, lowest)
  local n = math.tointeger(value)
  if n and n >= (lowest or n) then return n end
  errors.raise("%s: option %s: expected an integer%s, got %s", who, name, lowest and " >= " .. lowest or "",
    tostring(value))
end

--- The numbers of a list, or of a tensor; an error unless there is at least one, and all are finite.
function shapes.numbers(who, name, value)
  local list = sl.is_tensor(value) and value:dim() == 1 and value:totable() or value
  if type(list) == "number" then list = { list } end
  if type(list) ~= "table" or #list == 0 then
    errors.raise("%s: option %s: expected a list of numbers, got %s", who, name, options.show(value))
  end
  for i, v in ipairs(list) do
    if type(v) ~= "number" or v - v ~= 0 then
      errors.raise("%s: option %s: expected finite numbers, got %s at %d", who, name, options.show(v), i)
    end
  end
  return list
end

return shapes
