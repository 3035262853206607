-- Lists of rows that print as a table: setmetatable(rows, listing { "name", "order", … }) with the columns' keys.
local function text(v)
  if v == nil or v == false then return "" end
  if v == true then return "yes" end
  if type(v) == "table" then return table.concat(v, ", ") end
  return math.type(v) == "float" and ("%g"):format(v) or tostring(v)
end

local function cells(rows, keys)
  local lines = { keys }
  for i, row in ipairs(rows) do
    local line = {}
    for j, key in ipairs(keys) do line[j] = text(row[key]) end
    lines[i + 1] = line
  end
  return lines
end

return function(keys)
  return {
    __tostring = function(rows)
      local lines, widths, out = cells(rows, keys), {}, {}
      for _, line in ipairs(lines) do
        for j, cell in ipairs(line) do widths[j] = math.max(widths[j] or 0, #cell) end
      end
      for i, line in ipairs(lines) do
        local padded = {}
        for j, cell in ipairs(line) do padded[j] = cell .. (" "):rep(widths[j] - #cell) end
        out[i] = table.concat(padded, "  "):gsub("%s+$", "")
      end
      return table.concat(out, "\n")
    end,
  }
end
