-- The names of the options that something called takes, from what says so: a row's table of options; an op's row; the
-- arguments of a layer or a function of the core; of a Lua function the options.read in it, or where it hands its
-- options on to; at last its doc.
local collection = require "sdelua.collection"
local source = require "sdelua.manual.source"

local keys = {}

local DEPTH = 4 -- of functions that hand options on

-- Adds the names in a table of options.
local function add_known(set, known)
  for name in pairs(known or {}) do
    if type(name) == "string" then set[name] = true end
  end
end

-- ---- code -------------------------------------------------------------------------------------------------

-- "common.CALL" of what the function has from around it.
local function outer(f, name)
  local first, rest = name:match "^([%a_][%w_]*)(.*)$"
  for i = 1, debug.getinfo(f, "u").nups do
    local own, value = debug.getupvalue(f, i)
    if own == first then
      for field in rest:gmatch "%.([%a_][%w_]*)" do value = type(value) == "table" and rawget(value, field) or nil end
      return value
    end
  end
end

-- The names in "{ columns = options.NONE, range = { -1, 1 } }".
local function add_literal(set, text)
  local inside = text:sub(2, -2):gsub('".-"', "0"):gsub("%b{}", "0")
  for key in inside:gmatch "([%a_][%w_]*)%s*=" do set[key] = true end
end

-- The third argument of options.read: a table written there, or one from around the function.
local function add_read(set, f, text)
  local literal = text:match "options%.read%([^\n{]-,%s*[%w_]+,%s*(%b{})"
  local name = text:match "options%.read%([^\n{]-,%s*[%w_]+,%s*([%a_][%w_.]*)%)"
  local known = name and outer(f, name)
  if literal then add_literal(set, literal) elseif type(known) == "table" then add_known(set, known) end
end

local function add_code(set, f, depth)
  local text = source.text(f)
  add_read(set, f, text)
  if next(set) or depth == 0 then return end
  for name, given in text:gmatch "([%a_][%w_.]*)(%b())" do
    local inner = given:find "%f[%w_]opts%f[^%w_]" and outer(f, name)
    if type(inner) == "function" then add_code(set, inner, depth - 1) end
  end
end

-- ---- docs ------------------------------------------------------------------------------------------------

-- A piece of a list of options begins with the name: "padding = 2", "columns (default: …)", "a and b = 3".
local function add_piece(set, piece)
  local name, rest = piece:gsub("^%s*and ", ""):match "^%s*([%a_][%w_]*)%s*(.*)$"
  local second = rest and rest:match "^and ([%a_][%w_]*)"
  if second then rest = rest:sub(#second + 5):gsub("^%s+", "") end
  if not name or not (rest == "" or rest:find "^[=(:]") then return end
  set[name] = true
  if second then set[second] = true end
end

-- What follows "Options:" up to the end of the sentence, cut at commas, semicolons and ends of lines.
local function add_doc(set, doc)
  local text = doc:gsub('".-"', "0"):gsub("%b()", "()"):gsub("%b{}", "{}"):match "Options?[%a ]*:%s+(.*)$"
  for piece in (text or ""):gsub("%.%s+%u.*$", ""):gsub("%.%s*$", ""):gmatch "[^,;\n]+" do add_piece(set, piece) end
end

-- ---- entries ----------------------------------------------------------------------------------------------

local function add_row(set, entry)
  for _, known in ipairs(collection.all) do
    if known.room == entry.name:match "^%w+" then add_known(set, known.collection.known(entry.value)) end
  end
end

-- "{ in_channels, kernel_size = 3 }" of a layer, "(x, {dtype = …})" of a function of the core.
local function add_arguments(set, arguments)
  for inside in arguments:gmatch "%b{}" do
    for name in inside:gsub('".-"', "0"):gsub("=%s*[^%s,}]+", ""):gmatch "[%a_][%w_]*" do set[name] = true end
  end
end

-- What an op may be told by name: its numbers, and tensors that it can do without.
local function add_spec(set, list)
  for _, argument in ipairs(list) do
    if argument.optional or not argument.tensor then set[argument.name] = true end
  end
end

-- What the manual says of it, but for docs.
local function add_entry(set, entry)
  if entry.kind == "row" then add_row(set, entry)
  elseif entry.spec then add_spec(set, entry.spec)
  elseif type(entry.arguments) == "string" then add_arguments(set, entry.arguments) end
end

local function called_by(value)
  if type(value) == "function" then return value end
  local meta = debug.getmetatable(value)
  local call = type(meta) == "table" and rawget(meta, "__call")
  return type(call) == "function" and call or nil
end

-- Methods that a class makes of rows, such as p:line of a plot, are known by the row's name.
local function add_named(set, name, entries)
  for _, entry in ipairs(entries) do
    if entry.kind == "row" and entry.name:match "[^.]+$" == name then add_row(set, entry) end
  end
end

--- The set of names that options of what is called may have: a value, the manual's entries, and its name.
function keys.of(value, entries, name)
  local set, docs, f = {}, {}, called_by(value)
  for _, entry in ipairs(entries) do
    if entry.value == value or entry.made == value then
      add_entry(set, entry)
      if f and source.place(f) then docs[#docs + 1] = entry.doc end
    end
  end
  local path, line
  if f then path, line = source.place(f) end
  if path and next(set) == nil then add_code(set, f, DEPTH) end
  if path and next(set) == nil then
    docs[#docs + 1] = source.above(path, line)
    for _, doc in ipairs(docs) do add_doc(set, doc) end
  end
  if f and next(set) == nil then add_named(set, name, entries) end
  return set
end

return keys
