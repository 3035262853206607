-- Globals, and what fields and methods a value offers: its keys, those of the tables that it indexes instead, of
-- userdata too, and the __names of metatables, a set or a function that gives one; of an object whose fields the manual
-- tells these, and methods, and nothing else. Behind a colon these are functions alone. Names that begin with "_" are
-- offered to who types it.
local names = {}

local DEPTH = 8 -- of __index chains

-- How many "_", of two at most, a name begins with.
local function private(name) return #name:match "^_?_?" end

local function add_keys(set, t, part)
  for key in next, t do
    local fits = type(key) == "string" and key:sub(1, #part) == part and key:find "^[%a_][%w_]*$"
    if fits and private(key) <= private(part) then set[key] = true end
  end
end

-- Adds what the value offers; returns what it indexes instead.
local function add_own(set, value, part)
  if type(value) == "table" then add_keys(set, value, part) end
  local meta = debug.getmetatable(value)
  if type(meta) ~= "table" then return nil end
  local named = rawget(meta, "__names")
  if type(named) == "function" then named = select(2, pcall(named)) end
  if type(named) == "table" then add_keys(set, named, part) end
  return rawget(meta, "__index")
end

local function index(value, name) return value[name] end

--- The value of "sl.solve.heun"; nil where there is none, or asking for it fails.
function names.value(chain)
  local value = _G
  for name in chain:gmatch "[^.:]*" do
    local ok, field = pcall(index, value, name)
    value = ok and field
    if not ok or field == nil then return nil end
  end
  return value
end

-- What the manual tells of an object whose class has its fields told: { name = true }; nil of other things.
local function told(value)
  local meta = debug.getmetatable(value)
  local name = type(meta) == "table" and rawget(meta, "__name")
  local class = type(name) == "string" and name:match "^sdelua%.(.*)$"
  if not class then return nil end
  return require "sdelua.manual".told(class)
end

local function is_method(value, key)
  local ok, field = pcall(index, value, key)
  return ok and type(field) == "function"
end

-- The names that begin with `part` and that the value offers.
local function offered(value, part)
  local set, known = {}, part:find "^_" == nil and told(value)
  for key in pairs(known or {}) do
    if key:sub(1, #part) == part then set[key] = true end
  end
  for _ = 1, known and 0 or DEPTH do
    if value == nil then break end
    value = add_own(set, value, part)
    if type(value) ~= "table" and type(value) ~= "userdata" then value = nil end
  end
  return set
end

local function find(place)
  local head, part = place.word:match "^(.-)([^.:]*)$"
  local value, words = _G, {}
  if head ~= "" then value = names.value(head:sub(1, -2)) end
  local object = head:sub(-1) == ":" and value
  for key in pairs(offered(value, part)) do
    if not object or is_method(object, key) then words[#words + 1] = key end
  end
  return words, part, ""
end

return setmetatable(names, { __call = function(_, place) return find(place) end })
