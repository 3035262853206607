-- What rows of ops and layers say of their arguments, "x w b? stride:pair=1 …", as Lua has it: dimensions and positions
-- count from 1.
local NONE = require "sdelua.options".NONE

local spec = {}

local FROM_ONE = { dim = true, pos = true } -- kinds that rows of ops count from 0
local WRITTEN = { ["()"] = "{}", inf = "math.huge", ["-inf"] = "-math.huge" }

--- A list of { name, kind, default, optional, tensor, list } of the words of a layer's row: kind as the row names it,
-- default a text, optional where it may be left out, tensor where it is one or, with list, some in a list.
function spec.of_layer(words)
  local list = {}
  for word in words:gmatch "%S+" do
    local name, mark, kind, default = word:match "^([%w_]+)([?*]?):?(%w*)=?(.*)$"
    list[#list + 1] = {
      name = name, kind = kind, default = default ~= "" and (WRITTEN[default] or default) or nil, tensor = kind == "",
      list = mark == "*", optional = mark == "?" or kind == "dims" or default ~= "", -- no dims: all of them
    }
  end
  return list
end

--- The same of an op's row.
function spec.of_op(words)
  local list = spec.of_layer(words)
  for _, a in ipairs(list) do
    local n = FROM_ONE[a.kind] and a.default and math.tointeger(tonumber(a.default))
    if n and n >= 0 then a.default = tostring(n + 1) end
  end
  return list
end

-- "{ stride = 1, padding = 0 }" of those that say a default, with `all` of all of them; "" where there are none.
local function options_of(list, all)
  local options = {}
  for _, a in ipairs(list) do
    if a.default then options[#options + 1] = a.name .. " = " .. a.default
    elseif all then options[#options + 1] = a.name end
  end
  return #options > 0 and "{ " .. table.concat(options, ", ") .. " }" or ""
end

--- "(x, w, b?, { stride = 1, … })": how an op is called; what has a default may as well stand in its place.
function spec.call(list)
  local given, options = {}, options_of(list)
  for _, a in ipairs(list) do
    if not a.default then given[#given + 1] = a.name .. (a.optional and "?" or "") end
  end
  given[#given + 1] = options ~= "" and options or nil
  return "(" .. table.concat(given, ", ") .. ")"
end

--- "{ in_features, out_features, bias = true }": how a layer is made.
function spec.made(list) return options_of(list, true) end

local function default(v)
  return type(v) == "string" and ("%q"):format(v) or type(v) == "table" and "{ ... }" or tostring(v)
end

--- An option as signatures show it: "steps = 1000"; its name alone where nothing is its default.
function spec.option(name, v) return v == NONE and name or name .. " = " .. default(v) end

return spec
