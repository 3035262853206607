-- require "sdelua": the functions of the core, and rooms (sl.nn, sl.sde, sl.data …) that load when first used.
if _VERSION ~= "Lua 5.4" then
  error("sdelua needs Lua 5.4, and this is " .. tostring(_VERSION), 0)
end

local core = require "sdelua.core"
require "sdelua.errors" -- all of them are told where the library was called
local sl = {}
for name, value in pairs(core) do
  if type(value) ~= "table" then sl[name] = value end
end

-- A room is lua/sdelua/<name>.lua or <name>/init.lua, else a table of the core.
local function room(_, name)
  if type(name) ~= "string" or not name:find "^[%a_][%w_]*$" then return nil end
  local module = "sdelua." .. name
  local value = core[name]
  if package.preload[module] or package.searchpath(module, package.path) then value = require(module) end
  sl[name] = value
  return value
end

-- What completion offers beyond the fields that are there: every room.
local function names()
  local found = {}
  for name in pairs(core) do found[name] = true end
  local here = package.searchpath("sdelua", package.path)
  for _, file in ipairs(here and core.system.list_folder(here:match "^(.*)/[^/]*$" or ".") or {}) do
    local name = file:gsub("%.lua$", "")
    if name ~= "init" and package.searchpath("sdelua." .. name, package.path) then found[name] = true end
  end
  return found
end

return setmetatable(sl, { __index = room, __names = names })
