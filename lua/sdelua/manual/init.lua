--- sl.manual: everything public, with what is said of it, gathered at need from the rows of ops, layers and
-- collections, from the `---` comments above Lua functions, and from sdelua/manual/core.lua for the functions of the
-- core. help, apropos, docs/reference and the type stubs are made of it. An entry is a table
--
--   name       "likelihood.encode", "conv2d", "tensor.item", "solve.dpmpp_2m", "solve"
--   kind       "op", "function", "method", "layer", "row", "room" or "class"
--   arguments  a list of names, or the text in the brackets
--   spec       of an op and of a method that is one, the arguments as its row has them (sdelua/manual/spec.lua)
--   results    types, where they are known; "A or B": B where the last argument, which may be left out, is given
--   doc        what it does; nil where nobody said
--   value      the function or table itself; of a row, the row
local sl = require "sdelua"
local core = require "sdelua.core"
local Book = require "sdelua.manual.book"
local options = require "sdelua.options"
local said = require "sdelua.manual.core"

local manual = {}

--- The names of all rooms, in order. One that fails to load is left out: help has to serve all the same.
function manual.rooms()
  local rooms = {}
  for name in pairs(getmetatable(sl).__names()) do
    local ok, value = pcall(function() return sl[name] end)
    if ok and type(value) == "table" then rooms[#rooms + 1] = name end
  end
  table.sort(rooms)
  return rooms
end

--- Everything public, as a list of entries: functions and ops of sl, rooms with what they hold, rows, classes.
function manual.entries()
  local book, rooms = setmetatable({}, Book), manual.rooms()
  for _, name in ipairs(options.names(sl)) do
    local doc = core.op_docs[name]
    if doc then book:add_op(name, doc) elseif type(sl[name]) == "function" then book:add_function(name, sl[name]) end
  end
  for _, name in ipairs(rooms) do book:add_room(name, sl[name]) end
  book:add_rows()
  book:add_classes()
  return setmetatable(book, nil)
end

--- The fields of a class of the core: a list of { name, type, doc }.
function manual.fields(class)
  local fields = said.fields[class] or {}
  local list = {}
  for i, name in ipairs(options.names(fields)) do
    list[i] = { name = name, type = fields[name][1], doc = fields[name][2] }
  end
  return list
end

--- The names of fields and methods of a class in Lua whose fields are told, { name = true }; nil of another. The class
-- goes by the last part of its name, "Process".
function manual.told(class)
  local full, set = nil, {}
  for name in pairs(said.fields) do
    if name:match "%.([^.]+)$" == class then full = name end
  end
  if not full then return nil end
  for field in pairs(said.fields[full]) do set[field] = true end
  for _, entry in ipairs(manual.entries()) do
    if entry.of == full then set[entry.name:match "[^.]+$"] = true end
  end
  return set
end

--- How an entry is called: "likelihood.encode(process, score, x, opts)".
function manual.signature(entry)
  local a = entry.arguments or ""
  if type(a) == "table" then a = "(" .. table.concat(a, ", ") .. ")" end
  if a:find "^{" then a = " " .. a end
  local name = entry.kind == "method" and entry.name:gsub("%.([^.]*)$", ":%1") or entry.name
  return name .. a
end

--- An entry in a line or some: how it is called, and its doc.
function manual.text(entry)
  local origin = entry.source and " (" .. entry.source .. ")" or ""
  return manual.signature(entry) .. ": " .. (entry.doc or "(no doc)") .. origin
end

return manual
