--- Lists of rows that print as a table: setmetatable(rows, listing { "name", "order", … }) with the columns' keys. A
-- table is no wider than the terminal, and elsewhere than COLUMNS says: the widest columns are wrapped. Of docs it has
-- the first sentence; help has the rest.
local source = require "sdelua.manual.source"
local wrap = require "sdelua.manual.wrap"

local GAP = 2         -- between columns
local ELSEWHERE = 120 -- the width where there is no terminal and no COLUMNS

local function text(v, key)
  if v == nil or v == false then return "" end
  if key == "doc" then return source.sentence(v) end
  if v == true then return "yes" end
  if type(v) == "table" then return table.concat(v, ", ") end
  return math.type(v) == "float" and ("%g"):format(v) or tostring(v)
end

local function cells(rows, keys)
  local lines = { keys }
  for i, row in ipairs(rows) do
    local line = {}
    for j, key in ipairs(keys) do line[j] = text(row[key], key) end
    lines[i + 1] = line
  end
  return lines
end

-- How wide each column is, and how wide its longest word.
local function measure(lines)
  local widths, least = {}, {}
  for _, line in ipairs(lines) do
    for j, cell in ipairs(line) do
      widths[j], least[j] = math.max(widths[j] or 0, wrap.width(cell)), least[j] or 0
      for word in cell:gmatch "%S+" do least[j] = math.max(least[j], wrap.width(word)) end
    end
  end
  return widths, least
end

-- Takes from the widest column that can be narrower until all fit.
local function fit(widths, least, columns)
  local total = GAP * (#widths - 1)
  for _, width in ipairs(widths) do total = total + width end
  for _ = columns + 1, total do
    local widest
    for j, width in ipairs(widths) do
      if width > least[j] and width > (widths[widest] or 0) then widest = j end
    end
    if not widest then return end
    widths[widest] = widths[widest] - 1
  end
end

-- A row of cells, over as many lines as its cells need.
local function put(out, line, widths)
  local wrapped, height = {}, 1
  for j, cell in ipairs(line) do
    wrapped[j] = wrap.width(cell) > widths[j] and wrap.lines(cell, widths[j]) or { cell }
    height = math.max(height, #wrapped[j])
  end
  for i = 1, height do
    local padded = {}
    for j, parts in ipairs(wrapped) do
      local part = parts[i] or ""
      padded[j] = part .. (" "):rep(widths[j] - wrap.width(part))
    end
    out[#out + 1] = table.concat(padded, (" "):rep(GAP)):gsub("%s+$", "")
  end
end

--- The metatable of a list whose rows print as a table with these keys for its columns.
return function(keys)
  return {
    __tostring = function(rows)
      local lines, out = cells(rows, keys), {}
      local widths, least = measure(lines)
      fit(widths, least, wrap.terminal() or math.tointeger(tonumber(os.getenv "COLUMNS")) or ELSEWHERE)
      for _, line in ipairs(lines) do put(out, line, widths) end
      return table.concat(out, "\n")
    end,
  }
end
