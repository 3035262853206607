--- sl.prompt: what the program's prompt has beyond Lua's: the globals sl, help, apropos, quit and exit, and how it
-- prints what was typed.
local sl = require "sdelua"
local options = require "sdelua.options"
local wrap = require "sdelua.manual.wrap"

local prompt = {}

local GREETING = 'help() says what there is, help "heun" or help(x) more of one thing, apropos "langevin" searches.\n'
  .. "Tab completes, Ctrl-D leaves."
local MOST, DEPTH = 16, 2 -- entries of a table that are printed, and tables inside one another

-- ---- globals --------------------------------------------------------------------------------------

-- Called, f; typed alone, the words.
local function command(words, f)
  return setmetatable({}, { __call = function(_, ...) return f(...) end, __tostring = function() return words end })
end

-- Prints what find(...) returns, or what it objects to, as wide as the terminal.
local function answer(find, ...)
  local _, text = pcall(find, ...)
  local columns = wrap.terminal()
  text = tostring(text)
  print(columns and wrap.text(text, columns) or text)
end

--- What a session begins with: its globals, and for a person a greeting.
function prompt.begin(greet)
  local leave = command("Ctrl-D leaves, and so does quit()", function() os.exit(true, true) end)
  rawset(_G, "sl", sl)
  rawset(_G, "help", command(GREETING, function(...) answer(sl.help, ...) end))
  rawset(_G, "apropos", command('apropos "langevin" finds what has that in its name or doc', function(...)
    answer(sl.apropos, ...)
  end))
  rawset(_G, "quit", leave)
  rawset(_G, "exit", leave)
  if greet then print(GREETING) end
end

-- ---- values ---------------------------------------------------------------------------------------

local readable

-- What stands for the key in { key = … }; nothing for those of a list.
local function key_text(key, n)
  if math.type(key) == "integer" and key >= 1 and key <= n then return "" end
  return (type(key) == "string" and key:find "^[%a_][%w_]*$" and key or "[" .. readable(key, 0) .. "]") .. " = "
end

local function before(a, b)
  if type(a) == type(b) and (type(a) == "number" or type(a) == "string") then return a < b end
  return type(a) == "number" and type(b) ~= "number" or type(a) == "string" and type(b) ~= "number"
    and type(b) ~= "string"
end

-- { 3, 4, name = "x" } of a table without a metatable.
local function table_text(t, depth)
  local keys, parts = {}, {}
  for key in next, t do keys[#keys + 1] = key end
  if #keys == 0 then return "{}" end
  if depth == 0 then return "{ … }" end
  table.sort(keys, before)
  for i = 1, math.min(#keys, MOST) do
    parts[i] = key_text(keys[i], #t) .. readable(rawget(t, keys[i]), depth - 1)
  end
  if #keys > MOST then parts[#parts + 1] = ("… %d in all"):format(#keys) end
  return "{ " .. table.concat(parts, ", ") .. " }"
end

function readable(v, depth)
  if type(v) == "table" and getmetatable(v) == nil then return table_text(v, depth) end
  if type(v) == "string" then return ("%q"):format(v) end
  if math.type(v) == "float" and v ~= math.floor(v) then return ("%.6g"):format(v) end
  return sl.is_tensor(v) and options.show(v) or tostring(v)
end

--- The values, with a text for each plain table, which says what is in it.
function prompt.readable(...)
  local values = table.pack(...)
  for i = 1, values.n do
    local v = values[i]
    if type(v) == "table" and getmetatable(v) == nil then values[i] = table_text(v, DEPTH) end
  end
  return table.unpack(values, 1, values.n)
end

return prompt
