local sl = require "sdelua"
local core = require "sdelua.core"
local options = require "sdelua.options"
local pixels = require "sdelua.show.pixels"

local BAND = 6 -- rows of pixels in a row of sixels

-- As a terminal answers once, and is asked once.
local says_so

-- 4 among the primary device attributes.
local function asked()
  local said = core.system.terminal_attributes()
  return said ~= nil and (";" .. said .. ";"):find(";4;", 1, true) ~= nil
end

local function percent(v) return math.floor(v * 100 / 255 + 0.5) end

local function palette(colors)
  local parts = {}
  for i, c in ipairs(colors) do
    parts[i] = ("#%d;2;%d;%d;%d"):format(i - 1, percent(c[1]), percent(c[2]), percent(c[3]))
  end
  return table.concat(parts)
end

-- n times the same sixel; short runs are shorter without a count.
local function run(bits, n)
  local letter = string.char(63 + bits)
  return n > 3 and "!" .. n .. letter or letter:rep(n)
end

-- Of each colour in the band, where it is: runs of { first column, bits, count }.
local function runs_of(rows, top, width)
  local by_color = {}
  for x = 1, width do
    local bits = {}
    for k = 0, math.min(BAND, #rows - top + 1) - 1 do
      local c = rows[top + k][x]
      bits[c] = (bits[c] or 0) | 1 << k
    end
    for c, b in pairs(bits) do
      local runs = by_color[c] or {}
      local last = runs[#runs]
      if last and last[1] + last[3] == x and last[2] == b then last[3] = last[3] + 1
      else runs[#runs + 1] = { x, b, 1 } end
      by_color[c] = runs
    end
  end
  return by_color
end

-- $ goes back to the band's beginning, for the next colour.
local function band(rows, top, width, count)
  local by_color, lines = runs_of(rows, top, width), {}
  for c = 0, count - 1 do
    local at, parts = 1, { "#" .. c }
    for _, r in ipairs(by_color[c] or {}) do
      parts[#parts + 1] = run(0, r[1] - at) .. run(r[2], r[3])
      at = r[1] + r[3]
    end
    if by_color[c] then lines[#lines + 1] = table.concat(parts) end
  end
  return table.concat(lines, "$")
end

return {
  doc = "Sixels, of at most 256 colours.",
  source = "DEC VT330/VT340 programmer reference, volume 2, chapter 14",
  arguments = { "x" }, options = { width = options.NONE },
  speaks = function()
    if says_so == nil then says_so = asked() end
    return says_so
  end,
  fit = pixels.fit,
  draw = function(picture)
    local index, colors = sl.image.palette(picture, 256)
    local rows, bands = index:totable(), {}
    local height, width = #rows, #rows[1]
    for top = 1, height, BAND do bands[#bands + 1] = band(rows, top, width, colors:shape(1)) end
    return ("\27P0;1q\"1;1;%d;%d%s%s\27\\\n"):format(width, height, palette(colors:totable()), table.concat(bands, "-"))
  end,
}
