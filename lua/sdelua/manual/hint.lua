-- What an error that Lua raised of a name that nothing goes by was likely meant for: a line more in its text.
local KINDS = { field = { op = true, ["function"] = true, layer = true, row = true, room = true },
  method = { method = true }, global = { op = true, ["function"] = true, layer = true, row = true, room = true } }

-- "attempt to call a nil value (field 'heunn')": "field", "heunn"
local function missing(message)
  return message:match "attempt to %a+ a nil value %((%a+) '([%a_][%w_]*)'%)"
end

-- Names as they are written in a script.
local function written(entry)
  if entry.kind == "method" then return entry.name:match "[^.]+%.[^.]+$":gsub("%.", ":") end
  return "sl." .. entry.name
end

local function candidates(kind)
  local names = {}
  for _, entry in ipairs(require "sdelua.manual".entries()) do
    if KINDS[kind][entry.kind] then names[#names + 1] = (written(entry)) end
  end
  return names
end

--- A message, and where it tells of a name that is not there a suggestion.
return function(message)
  local kind, name = missing(message)
  if not KINDS[kind] then return message end
  return message .. require "sdelua.manual.nearest".hint(name, candidates(kind))
end
