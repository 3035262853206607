-- Colours as lists { red, green, blue, opacity } of numbers in [0,1].
local errors = require "sdelua.errors"
local options = require "sdelua.options"

local colors = {}

-- Okabe and Ito's palette, which also reads without red-green vision; layers take its colours in turn.
local PALETTE = {
  blue = "#0072b2", orange = "#d55e00", green = "#009e73", pink = "#cc79a7", amber = "#e69f00", sky = "#56b4e9",
  black = "#000000", white = "#ffffff", grey = "#808080",
}
local TURN = { "blue", "orange", "green", "pink", "amber", "sky", "black" }

local EXPECTED = "%s: option color: expected a name (%s), \"#rrggbb\", { r, g, b } in [0,1] or the number of a turn, "
  .. "got %s"

local function from_hex(text)
  local list = { 0, 0, 0, 1 }
  for i = 1, 3 do list[i] = tonumber(text:sub(2 * i, 2 * i + 1), 16) / 255 end
  return list
end

local function from_list(list)
  if #list ~= 3 and #list ~= 4 then return nil end
  for _, v in ipairs(list) do
    if type(v) ~= "number" or not (v >= 0 and v <= 1) then return nil end
  end
  return { list[1], list[2], list[3], list[4] or 1 }
end

--- The colour whose turn is the n-th.
function colors.turn(n) return from_hex(PALETTE[TURN[(n - 1) % #TURN + 1]]) end

--- A colour as options give it: a name, "#rrggbb", { r, g, b }, or the number of its turn. Errors begin with `who`.
function colors.read(who, color)
  local found
  if math.type(color) == "integer" and color > 0 then found = colors.turn(color) end
  if type(color) == "table" then found = from_list(color) end
  if type(color) == "string" then
    local hex = PALETTE[color] or color
    found = hex:find "^#%x%x%x%x%x%x$" and from_hex(hex)
  end
  return found or errors.raise(EXPECTED:format(who, table.concat(options.names(PALETTE), ", "), options.show(color)))
end

--- That colour, with its opacity times `opacity`.
function colors.fade(color, opacity) return { color[1], color[2], color[3], color[4] * opacity } end

--- A grey of that lightness.
function colors.grey(lightness) return { lightness, lightness, lightness, 1 } end

return colors
