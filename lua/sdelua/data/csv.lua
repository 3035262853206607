-- Tables of numbers as text: RFC 4180 (quotes, doubled quotes, line ends within quotes), any separator, LF or CRLF.
local sl = require "sdelua"
local errors = require "sdelua.errors"
local options = require "sdelua.options"

local csv = {}

local function fail(where, line, text, ...)
  errors.raise("%s: line %d%s", where, line, text:format(...))
end

-- ---- fields ------------------------------------------------------------------------------------

-- What stands between quotes from `start` on, and the place behind the closing one.
local function read_quoted(text, start, where, line)
  local stop = start + 1
  while true do
    stop = text:find('"', stop, true)
    if not stop then fail(where, line, ": a quote is opened and never closed") end
    if text:byte(stop + 1) ~= 34 then break end -- a doubled quote stands for one
    stop = stop + 2
  end
  return text:sub(start + 1, stop - 1):gsub('""', '"'), stop + 1
end

local function line_ends(s)
  local _, n = s:gsub("\n", "")
  return n
end

local function trimmed(field) return field:find "[ \t]" and field:match "^[ \t]*(.-)[ \t]*$" or field end

-- for line, fields in records(...): the line a record starts at and its fields; blank lines are left out.
local function records(text, separator, where)
  local escaped = (separator:find "%w" and "" or "%") .. separator
  local mark, plain = "[" .. escaped .. "\r\n]", "([^" .. escaped .. "]*)" .. escaped
  local pos, line = text:sub(1, 3) == "\xef\xbb\xbf" and 4 or 1, 1
  -- The fields of a line without quotes, as most are; nil of another.
  local function read_plain()
    local stop = text:find("\n", pos, true) or #text + 1
    local record = text:sub(pos, text:byte(stop - 1) == 13 and stop - 2 or stop - 1)
    if record:find('["\r]') then return nil end
    local fields, n, blanks = {}, 0, record:find "[ \t]"
    for field in (record .. separator):gmatch(plain) do
      n = n + 1
      fields[n] = blanks and trimmed(field) or field
    end
    pos, line = stop + 1, line + 1
    return fields
  end
  local function read_field(first)
    if text:byte(pos) ~= 34 then
      local stop = text:find(mark, pos) or #text + 1
      return trimmed(text:sub(pos, stop - 1)), stop
    end
    local field, stop = read_quoted(text, pos, where, line)
    line = line + line_ends(field)
    if stop <= #text and not text:find("^" .. mark, stop) then
      fail(where, first, ": expected a separator behind a quoted field, got %q", text:sub(stop, stop))
    end
    return field, stop
  end
  local function read_record()
    local first, fields = line, read_plain()
    if fields then return first, fields, false end
    fields = {}
    while true do
      local field, stop = read_field(first)
      fields[#fields + 1] = field
      pos = stop + (text:sub(stop, stop + 1) == "\r\n" and 2 or 1)
      if text:sub(stop, stop) ~= separator then
        line = line + 1
        return first, fields, text:sub(stop - 1, stop - 1) == '"'
      end
    end
  end
  return function()
    while pos <= #text do
      local first, fields, quoted = read_record()
      if #fields > 1 or fields[1] ~= "" or quoted then return first, fields end
    end
  end
end

-- ---- values ------------------------------------------------------------------------------------

local WORDS = { inf = math.huge, infinity = math.huge }
local MISSING = { [""] = true, na = true, ["n/a"] = true, nan = true, null = true, none = true, ["?"] = true }

-- The number a field holds; nil and true where a value is missing, nil and false where it is something else.
local function number_of(field)
  local v = tonumber(field)
  if v and not field:find "[xX]" then return v end
  local sign, word = field:lower():match "^([+-]?)(.*)$"
  if WORDS[word] then return sign == "-" and -WORDS[word] or WORDS[word] end
  return nil, MISSING[field:lower()] or word == "nan" or false
end

local function titled(i, names)
  return names and ("column %d (%s)"):format(i, names[i]) or ("column %d"):format(i)
end

-- A header is a first record with a word that is no number and stands for none.
local function is_header(fields)
  for _, field in ipairs(fields) do
    local v, missing = number_of(field)
    if not v and not missing then return true end
  end
  return false
end

-- The index of a column that was asked for by its name or number.
local function column(o, names, width, wanted)
  if math.type(wanted) == "integer" and wanted >= 1 and wanted <= width then return wanted end
  for i = 1, names and width or 0 do
    if names[i] == wanted then return i end
  end
  errors.raise("%s: expected columns 1 to %d%s, got %s", o.where, width,
    names and " or one of " .. table.concat(names, ", ") or "", options.show(wanted))
end

-- The indices of the columns to read, in their order: those asked for, or all but the labels'.
local function chosen(o, names, width, labels)
  local list = {}
  for _, wanted in ipairs(o.columns or {}) do list[#list + 1] = column(o, names, width, wanted) end
  for i = 1, o.columns and 0 or width do
    if i ~= labels then list[#list + 1] = i end
  end
  return list
end

-- The values of a record's columns behind those before; false when the record is left out.
local function append(o, layout, line, fields, values)
  local n = #values
  if layout.labels and fields[layout.labels] == "" then
    if o.missing == "skip" then return false end
    fail(o.where, line, ", %s: the label is missing", titled(layout.labels, layout.names))
  end
  for k, i in ipairs(layout.columns) do
    local v, missing = number_of(fields[i])
    if missing and o.missing == "skip" then
      for j = n + k - 1, n + 1, -1 do values[j] = nil end
      return false
    elseif missing and o.missing == "error" then
      local words = ", %s: a value is missing: missing = \"nan\" or \"skip\" goes on without"
      fail(o.where, line, words, titled(i, layout.names))
    elseif not v and not missing then
      fail(o.where, line, ", %s: expected a number, got %q", titled(i, layout.names), fields[i])
    end
    values[n + k] = v or 0 / 0
  end
  return true
end

-- ---- labels ------------------------------------------------------------------------------------

-- int64 [n]: integers as they are, words by their place (from 0) in the sorted list of them, which comes too.
local function encode(words)
  local list, place, whole = {}, {}, true
  for _, word in ipairs(words) do
    whole = whole and math.tointeger(tonumber(word)) ~= nil
    if not place[word] then
      place[word] = 0
      list[#list + 1] = word
    end
  end
  table.sort(list)
  for i, word in ipairs(list) do place[word] = i - 1 end
  local codes = {}
  for i, word in ipairs(words) do codes[i] = whole and math.tointeger(tonumber(word)) or place[word] end
  return sl.tensor(codes, { dtype = "int64" }), not whole and list or nil
end

-- ---- reading -----------------------------------------------------------------------------------

-- Who reads what columns, from the first record; the second value is true when that is the header.
local function plan(o, first)
  local header = o.header
  if header == nil then header = is_header(first) end
  local names, width = header and first or nil, #first
  local labels = o.labels ~= nil and column(o, names, width, o.labels) or nil
  return { names = names, width = width, labels = labels, columns = chosen(o, names, width, labels) }, header
end

local function read_all(o, text)
  local values, words, rows, layout = {}, {}, 0, nil
  for line, fields in records(text, o.separator, o.where) do
    local is_names = false
    if not layout then layout, is_names = plan(o, fields) end
    if #fields ~= layout.width then
      fail(o.where, line, ": expected %d fields as in the first line, got %d", layout.width, #fields)
    end
    if not is_names and append(o, layout, line, fields, values) then
      rows = rows + 1
      words[rows] = layout.labels and fields[layout.labels]
    end
  end
  if not layout then errors.raise(o.where .. ": expected a table, got an empty file") end
  return values, words, rows, layout
end

local function read_options(path, opts)
  local o = options.read("data.csv", opts, {
    separator = ",", header = options.NONE, columns = options.NONE, labels = options.NONE, missing = "error",
    dtype = "float32",
  })
  if type(path) ~= "string" then
    errors.raise("data.csv: argument path: expected a path, got " .. options.show(path))
  elseif #o.separator ~= 1 or o.separator:find '["\r\n]' then
    errors.raise("data.csv: option separator: expected one character, got %q", o.separator)
  elseif not ({ error = 1, nan = 1, skip = 1 })[o.missing] then
    errors.raise('data.csv: option missing: expected "error", "nan" or "skip", got %q', o.missing)
  elseif o.header ~= nil and type(o.header) ~= "boolean" then
    errors.raise("data.csv: option header: expected true or false, got " .. options.show(o.header))
  elseif o.columns ~= nil and (type(o.columns) ~= "table" or #o.columns == 0) then
    errors.raise("data.csv: option columns: expected a list of names or numbers, got " .. options.show(o.columns))
  end
  o.where = "data.csv: " .. path
  return o
end

local function read_text(path)
  local file <close>, why = io.open(path, "rb")
  local text
  if file then text, why = file:read "a" end
  return text or errors.raise("data.csv: %s", why:find(path, 1, true) and why or path .. ": " .. why)
end

--- A table [n,columns] of a CSV file and the columns' names (nil without a header); then, with option labels, int64
-- labels [n] and, where those are words, the sorted list of them (label 0 is the first).
-- Options: separator = ","; header = true or false (default: whether the first line holds a word that is no number);
-- columns, a list of names or numbers to read (default: all but the labels'); labels, a column's name or number;
-- missing = "error", "nan" or "skip", for fields that are empty, NA, N/A, NaN, null, none or ? ("skip": the row is left
-- out); dtype = "float32".
function csv.load(path, opts)
  local o = read_options(path, opts)
  local values, words, rows, layout = read_all(o, read_text(path))
  local x = rows > 0 and sl.tensor(values, { dtype = o.dtype }) or sl.zeros({ 0 }, { dtype = o.dtype })
  local names = layout.names and {}
  for k, i in ipairs(names and layout.columns or {}) do names[k] = layout.names[i] end
  x = x:reshape { rows, #layout.columns }
  if not layout.labels then return x, names end
  return x, names, encode(words)
end

-- ---- writing -----------------------------------------------------------------------------------

-- Digits to try, and how near, beside the value, what is read back must come to be the same number.
local SINGLE, DOUBLE = { digits = { 6, 7, 8, 9 }, near = 2 ^ -25 }, { digits = { 6, 9, 12, 15, 16, 17 }, near = 0 }
for _, kind in ipairs { SINGLE, DOUBLE } do
  for i, digits in ipairs(kind.digits) do kind[i] = "%." .. digits .. "g" end
end

-- The shortest of a few notations that is read back as the same number; NaN is a missing value.
local function notation(v, single)
  if math.type(v) == "integer" then return tostring(v) end
  if v ~= v then return "" end
  if v == math.huge or v == -math.huge then return v > 0 and "inf" or "-inf" end
  local kind = single and SINGLE or DOUBLE
  for _, format in ipairs(kind) do
    local s = format:format(v)
    if math.abs(tonumber(s) - v) <= kind.near * math.abs(v) then return s end
  end
end

local function quoted(s, separator)
  local plain = s ~= "" and not s:find '["\r\n]' and not s:find(separator, 1, true) and not s:find "^[ \t]"
    and not s:find "[ \t]$"
  return plain and s or '"' .. s:gsub('"', '""') .. '"'
end

local function lines_of(x, o)
  local single, lines = x.dtype == "float32", {}
  if o.names then
    local names = {}
    for i, name in ipairs(o.names) do names[i] = quoted(tostring(name), o.separator) end
    lines[1] = table.concat(names, o.separator)
  end
  local empty = x:shape(2) == 1 and '""' or "" -- a row of one missing value is no blank line
  for _, row in ipairs(x:totable()) do
    for i, v in ipairs(row) do
      row[i] = notation(v, single)
      if row[i] == "" then row[i] = empty end
    end
    lines[#lines + 1] = table.concat(row, o.separator)
  end
  lines[#lines + 1] = ""
  return table.concat(lines, "\n")
end

--- Writes x [n,columns] as CSV, in as many digits as bring the same numbers back; NaN becomes an empty field.
-- Options: names, the header; separator = ",".
function csv.save(path, x, opts)
  local o = options.read("data.save_csv", opts, { names = options.NONE, separator = "," })
  if type(path) ~= "string" then
    errors.raise("data.save_csv: argument path: expected a path, got " .. options.show(path))
  end
  if not sl.is_tensor(x) or x:dim() ~= 2 then
    errors.raise("data.save_csv: argument x: expected a tensor [n,columns], got " .. options.show(x))
  elseif o.names and (type(o.names) ~= "table" or #o.names ~= x:shape(2)) then
    errors.raise("data.save_csv: option names: expected a list of %d, got %s", x:shape(2),
      type(o.names) == "table" and #o.names or options.show(o.names))
  elseif #o.separator ~= 1 or o.separator:find '["\r\n]' then
    errors.raise("data.save_csv: option separator: expected one character, got %q", o.separator)
  end
  sl.io.write(path, lines_of(x:detach(), o))
end

errors.named("data.csv", csv.load)
errors.named("data.save_csv", csv.save)

return csv
