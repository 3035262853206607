-- JSON for metrics and for the texts of a checkpoint: numbers, strings, booleans, lists and tables with string keys.
-- Encoding is deterministic (keys sorted, numbers in the fewest digits that read back the same).
local errors = require "sdelua.errors"
local json = {}

local MAX_DEPTH = 32

local escapes = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }

local function encode_string(s)
  return '"' .. s:gsub('[%c"\\]', function(c) return escapes[c] or ("\\u%04x"):format(c:byte()) end) .. '"'
end

local function encode_number(x)
  if math.type(x) == "integer" then return ("%d"):format(x) end
  if x - x ~= 0 then errors.raise("json.encode: expected a finite number, got " .. x) end
  for digits = 15, 17 do
    local text = ("%." .. digits .. "g"):format(x)
    if tonumber(text) == x then return text:find("[.e]") and text or text .. ".0" end
  end
end

-- Of a list, which has neither holes nor other keys.
local function size_of(list)
  local n = 0
  for key in pairs(list) do
    if math.type(key) ~= "integer" or key < 1 or key > #list then
      errors.raise("json.encode: expected the keys of a list or strings, got both or others: " .. tostring(key))
    end
    n = n + 1
  end
  if n < #list then errors.raise("json.encode: expected a list without holes, got %d of %d items", n, #list) end
  return n
end

local encode_value

local function encode_table(t, depth)
  if depth > MAX_DEPTH then errors.raise("json.encode: expected at most " .. MAX_DEPTH .. " levels of tables") end
  local parts = {}
  if #t > 0 or next(t) == nil then
    for i = 1, size_of(t) do parts[i] = encode_value(t[i], depth) end
    return "[" .. table.concat(parts, ",") .. "]"
  end
  local keys = {}
  for k in pairs(t) do
    if type(k) ~= "string" then errors.raise("json.encode: expected string keys, got " .. tostring(k)) end
    keys[#keys + 1] = k
  end
  table.sort(keys)
  for i, k in ipairs(keys) do parts[i] = encode_string(k) .. ":" .. encode_value(t[k], depth) end
  return "{" .. table.concat(parts, ",") .. "}"
end

function encode_value(v, depth)
  local kind = type(v)
  if kind == "table" then return encode_table(v, depth + 1) end
  if kind == "number" then return encode_number(v) end
  if kind == "string" then return encode_string(v) end
  if kind == "boolean" then return tostring(v) end
  errors.raise("json.encode: expected a number, string, boolean or table, got " .. kind)
end

--- An empty table is written as a list.
function json.encode(value) return encode_value(value, 0) end

-- ---- reading: each function takes a place in the text and returns a value and the place after it ----

local function fail(text, at, expected)
  local got = at > #text and "the end" or ("%q"):format(text:sub(at, at + 15))
  errors.raise("json.decode: byte %d: expected %s, got %s", at, expected, got)
end

local function skip(text, at) return text:find("[^ \t\r\n]", at) or #text + 1 end

local unescapes = { ['"'] = '"', ["\\"] = "\\", ["/"] = "/", b = "\b", f = "\f", n = "\n", r = "\r", t = "\t" }

local function decode_unicode(text, at)
  local hex = text:match("^%x%x%x%x", at) or fail(text, at, "four hexadecimal digits")
  local code = tonumber(hex, 16)
  if code < 0xD800 or code > 0xDFFF then return utf8.char(code), at + 4 end
  local low = code < 0xDC00 and text:match("^\\u([Dd][C-Fc-f]%x%x)", at + 4) or fail(text, at, "a pair of surrogates")
  return utf8.char(0x10000 + (code - 0xD800) * 0x400 + tonumber(low, 16) - 0xDC00), at + 10
end

local function decode_string(text, at)
  local parts = {}
  at = at + 1
  while true do
    local stop = text:find('[%c"\\]', at) or #text + 1
    parts[#parts + 1] = text:sub(at, stop - 1)
    local c = text:sub(stop, stop)
    if c == '"' then return table.concat(parts), stop + 1 end
    if c ~= "\\" then fail(text, stop, "the rest of a string") end
    c, at = text:sub(stop + 1, stop + 1), stop + 2
    if c == "u" then
      parts[#parts + 1], at = decode_unicode(text, at)
    else
      parts[#parts + 1] = unescapes[c] or fail(text, stop, "an escape")
    end
  end
end

local function decode_number(text, at)
  local digits = text:match("^-?%d+", at) or fail(text, at, "a value")
  if digits:find("^-?0%d") then fail(text, at, "a number without leading zeros") end
  local stop = at + #digits
  local fraction = text:match("^%.%d+", stop) or ""
  local exponent = text:match("^[eE][+-]?%d+", stop + #fraction) or ""
  return tonumber(digits .. fraction .. exponent), stop + #fraction + #exponent
end

local decode_value

-- The items between an opening bracket at `at` and `close`; item(at) reads one and returns the place after it.
local function decode_items(text, at, close, item)
  at = skip(text, at + 1)
  if text:sub(at, at) == close then return at + 1 end
  while true do
    at = skip(text, item(skip(text, at)))
    local c = text:sub(at, at)
    if c == close then return at + 1 end
    if c ~= "," then fail(text, at, "',' or '" .. close .. "'") end
    at = at + 1
  end
end

local function decode_list(text, at, depth)
  local list = {}
  return list, decode_items(text, at, "]", function(i)
    list[#list + 1], i = decode_value(text, i, depth)
    return i
  end)
end

local function decode_object(text, at, depth)
  local object = {}
  return object, decode_items(text, at, "}", function(i)
    if text:sub(i, i) ~= '"' then fail(text, i, "a key") end
    local key, stop = decode_string(text, i)
    if object[key] ~= nil then fail(text, i, "a key that is new") end
    stop = skip(text, stop)
    if text:sub(stop, stop) ~= ":" then fail(text, stop, "':'") end
    object[key], stop = decode_value(text, skip(text, stop + 1), depth)
    return stop
  end)
end

local words = { t = { "true", true }, f = { "false", false } }

function decode_value(text, at, depth)
  if depth > MAX_DEPTH then fail(text, at, "at most " .. MAX_DEPTH .. " levels") end
  local c = text:sub(at, at)
  if c == "{" then return decode_object(text, at, depth + 1) end
  if c == "[" then return decode_list(text, at, depth + 1) end
  if c == '"' then return decode_string(text, at) end
  local word = words[c]
  if word and text:sub(at, at + #word[1] - 1) == word[1] then return word[2], at + #word[1] end
  return decode_number(text, at)
end

--- null is refused: a Lua table can't hold it.
function json.decode(text)
  if type(text) ~= "string" then errors.raise("json.decode: argument text: expected a string, got " .. type(text)) end
  local value, at = decode_value(text, skip(text, 1), 0)
  at = skip(text, at)
  if at <= #text then fail(text, at, "the end") end
  return value
end

return json
