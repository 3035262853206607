-- How what goes by a chain of names is called, "sl.loss.dsm" or "x:sum", as the manual has it; nil where that is not
-- told.
local manual = require "sdelua.manual"
local names = require "sdelua.complete.names"

-- The end that the manual's name of an object's method has: "Process.perturb" of "sde:perturb".
local function method_name(chain)
  local object, method = chain:match "^(.+):([%w_]+)$"
  local meta = object and debug.getmetatable(names.value(object))
  local class = type(meta) == "table" and rawget(meta, "__name")
  return type(class) == "string" and class:gsub("^sdelua%.", "") .. "." .. method or nil
end

local function is_method(entry, method)
  return method and entry.kind == "method" and ("." .. entry.name):sub(-#method - 1) == "." .. method
end

local function is_value(entry, value) return rawequal(entry.value, value) or rawequal(entry.made, value) end

return function(chain)
  local value, method, found = names.value(chain), method_name(chain), nil
  if value == nil then return nil end
  for _, entry in ipairs(manual.entries()) do
    if entry.arguments and is_method(entry, method) then return manual.signature(entry) end
    found = found or entry.arguments and is_value(entry, value) and entry
  end
  return found and manual.signature(found)
end
