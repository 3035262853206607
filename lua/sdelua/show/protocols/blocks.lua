-- One character for two pixels, one above the other: an upper half block in the colour of the first, on the second's.
local options = require "sdelua.options"

local BLOCK = "▀"
local CUBE = { [0] = 0, 95, 135, 175, 215, 255 } -- the levels of the 256 colours' cube

local function has_true_color()
  local said = os.getenv "COLORTERM"
  return said == "truecolor" or said == "24bit"
end

local function true_color(r, g, b) return ("2;%d;%d;%d"):format(r, g, b) end

local function level(v)
  local best = 0
  for i = 1, 5 do
    if math.abs(CUBE[i] - v) < math.abs(CUBE[best] - v) then best = i end
  end
  return best
end

local function distance(r, g, b, x, y, z) return (r - x) ^ 2 + (g - y) ^ 2 + (b - z) ^ 2 end

-- The nearest of the cube of 6 x 6 x 6 colours and the 24 greys 8, 18, … 238.
local function of_256(r, g, b)
  local i, j, k = level(r), level(g), level(b)
  local grey = math.max(0, math.min(23, math.floor(((r + g + b) / 3 - 8) / 10 + 0.5)))
  local v = 8 + 10 * grey
  if distance(r, g, b, v, v, v) < distance(r, g, b, CUBE[i], CUBE[j], CUBE[k]) then return "5;" .. 232 + grey end
  return "5;" .. 16 + 36 * i + 6 * j + k
end

-- A line of characters from two lines of pixels; the second may be missing. A colour is said when it changes.
local function line(upper, lower, code)
  local parts, front, back = {}, nil, nil
  for x, pixel in ipairs(upper) do
    local new_front = code(pixel[1], pixel[2], pixel[3])
    local new_back = lower and code(lower[x][1], lower[x][2], lower[x][3])
    if new_front ~= front then parts[#parts + 1] = "\27[38;" .. new_front .. "m" end
    if new_back ~= back then parts[#parts + 1] = "\27[48;" .. new_back .. "m" end
    parts[#parts + 1] = BLOCK
    front, back = new_front, new_back
  end
  return table.concat(parts) .. "\27[0m\n"
end

return {
  doc = "Half blocks in 24-bit colour, or 256 colours where COLORTERM says neither truecolor nor 24bit.",
  source = "ECMA-48 SGR; xterm's 256 colours",
  arguments = { "x" }, options = { width = options.NONE },
  -- A pixel is as wide as a column.
  fit = function(picture, o)
    local h, w = picture:shape(1), picture:shape(2)
    local k = math.min((o.width or w) / w, o.columns / w, 2 * o.rows / h)
    return math.max(1, math.floor(h * k + 0.5)), math.max(1, math.floor(w * k + 0.5))
  end,
  draw = function(picture)
    local rows, lines, code = picture:totable(), {}, has_true_color() and true_color or of_256
    for y = 1, #rows, 2 do lines[#lines + 1] = line(rows[y], rows[y + 1], code) end
    return table.concat(lines)
  end,
}
