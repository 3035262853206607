--- sl.help "conv2d": what an op takes and does, from its row in the table of ops; sl.help "dpmpp_2m" the same of
-- whatever comes one a file: samplers, processes, objectives … sl.help() lists them all.
local sl = require "sdelua"
local docs = require "sdelua.core".op_docs
local collection = require "sdelua.collection"
local options = require "sdelua.options"

-- The rows of all rooms; a room's collections are there once it is loaded.
local function collections()
  for room in pairs(getmetatable(sl).__names()) do local _ = sl[room] end
  return ipairs(collection.all)
end

local function default(v)
  if v == options.NONE then return "nil" end
  return type(v) == "string" and ("%q"):format(v) or type(v) == "table" and "{ ... }" or tostring(v)
end

local function text(room, row)
  local given = {}
  for name, v in pairs(row.options or {}) do given[#given + 1] = name .. " = " .. default(v) end
  table.sort(given)
  return ("%s.%s { %s }: %s%s"):format(room, row.name, table.concat(given, ", "), row.doc,
    row.source and " (" .. row.source .. ")" or "")
end

return function(name)
  local lines = {}
  if name ~= nil then lines[1] = docs[name] end
  for _, known in collections() do
    if name ~= nil then
      local row = known.collection:find(name)
      if row then lines[#lines + 1] = text(known.room, row) end
    else
      for _, row in known.collection:each() do lines[#lines + 1] = text(known.room, row) end
    end
  end
  if name ~= nil and #lines == 0 then
    error(("help: argument name: expected the name of an op, sampler, process or the like, got %s")
      :format(tostring(name)), 2)
  end
  if name == nil then
    for _, doc in pairs(docs) do lines[#lines + 1] = doc end
    table.sort(lines)
  end
  return table.concat(lines, "\n")
end
