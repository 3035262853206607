-- What a report writes HTML with.
local json = require "sdelua.json"

local html = {}

local ESCAPES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;" }

local function escaped(text) return (tostring(text):gsub("[&<>\"']", ESCAPES)) end

--- A template with its {names} filled in; what fills them is escaped, but for names in capitals, which are HTML.
function html.fill(template, values)
  return (template:gsub("{(%a[%w_]*)}", function(name)
    return name:find "^%u+$" and values[name] or escaped(values[name])
  end))
end

local DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

local TWO = {} -- the two digits of twelve bits
for n = 0, 4095 do TWO[n] = DIGITS:sub((n >> 6) + 1, (n >> 6) + 1) .. DIGITS:sub((n & 63) + 1, (n & 63) + 1) end

--- The digits of bytes, as data URIs have them.
function html.base64(bytes)
  local parts, over = {}, -#bytes % 3
  bytes = bytes .. ("\0"):rep(over)
  for at = 1, #bytes, 3 do
    local a, b, c = bytes:byte(at, at + 2)
    parts[#parts + 1] = TWO[a << 4 | b >> 4]
    parts[#parts + 1] = TWO[(b & 15) << 8 | c]
  end
  return table.concat(parts):sub(1, -1 - over) .. ("="):rep(over)
end

--- A row of cells, one for each run, and its head.
function html.row(head, cells)
  local parts = { ('<tr><th scope="row">%s</th>'):format(escaped(head)) }
  for i, cell in ipairs(cells) do parts[i + 1] = ('<td data-of="%d">%s</td>'):format(i - 1, escaped(cell)) end
  return table.concat(parts) .. "</tr>"
end

--- A table with a column for each run.
function html.table(runs, rows)
  local head = {}
  for i, run in ipairs(runs) do
    head[i] = ('<th scope="col" data-of="%d">%s</th>'):format(i - 1, escaped(run.name))
  end
  return ([[
<div class="scroll" tabindex="0" role="region" aria-label="Table"><table><thead><tr><td></td>%s</tr></thead>
<tbody>
%s
</tbody></table></div>]]):format(table.concat(head), table.concat(rows, "\n"))
end

--- A measured value as a cell has it: five digits.
function html.show(value)
  if value == nil then return "–" end
  return math.type(value) == "float" and ("%.5g"):format(value) or tostring(value)
end

--- A value that was set, with all its digits.
function html.exact(value)
  if value == nil then return "–" end
  return type(value) == "string" and value or json.encode(value)
end

return html
