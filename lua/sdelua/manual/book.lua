-- Gathers the manual's entries (sdelua/manual/init.lua says what one holds): each method adds one, or all of a kind.
local sl = require "sdelua"
local core = require "sdelua.core"
local collection = require "sdelua.collection"
local options = require "sdelua.options"
local said = require "sdelua.manual.core"
local source = require "sdelua.manual.source"
local spec = require "sdelua.manual.spec"

local Book = {}
Book.__index = Book

--- Adds an entry, and gives it back.
function Book:add(entry)
  self[#self + 1] = entry
  return entry
end

-- ---- functions --------------------------------------------------------------------------------

-- "(a, b) -> tensor: doc" or "{ a = } …" of the core's.
local function read_line(entry, line)
  entry.arguments, entry.results, entry.doc = line:match "^(%b())%s*%->%s*([^:]+):%s*(.*)$"
  if not entry.doc then entry.arguments, entry.doc = line:match "^(%b()):%s*(.*)$" end
  if not entry.doc then entry.arguments, entry.results, entry.doc = line:match "^(%b{})%s*%->%s*([^:]+):%s*(.*)$" end
  if not entry.doc then entry.arguments, entry.doc = line:match "^(%b{}):%s*(.*)$" end
  return entry
end

-- The comment above a function; where it is what its file returns, that at the file's top.
local function lua_doc(f, whole)
  local path, line = source.place(f)
  return path and (source.above(path, line) or whole and source.header(path)) or nil
end

local function is_whole(f)
  local path = source.place(f)
  local module = path and path:match "^.*/(sdelua/[^.]*)%.lua$"
  return module and package.loaded[(module:gsub("/init$", ""):gsub("/", "."))] == f
end

--- Adds a function: of the core as sdelua/manual/core.lua says, else with the comment above it.
function Book:add_function(name, f, kind)
  local entry = { name = name, kind = kind or "function", value = f }
  if said.functions[name] then return self:add(read_line(entry, said.functions[name])) end
  if source.place(f) then
    entry.arguments, entry.doc = source.arguments(f), lua_doc(f, is_whole(f))
    entry.doc = entry.doc or source.above_call(source.place(f), name:match "[%w_]+$")
  end
  return self:add(entry)
end

-- What an op's line says: the arguments, those of a method without the tensor itself, and the doc.
local function read_op(line, is_method)
  local words, doc = line:match "^[%w_]+%((.-)%):%s*(.*)$"
  local list = spec.of_op(words)
  if is_method then table.remove(list, 1) end
  return list, doc
end

--- Adds an op from its line.
function Book:add_op(name, line)
  local list, doc = read_op(line)
  self:add {
    name = name, kind = "op", value = sl[name], spec = list, arguments = spec.call(list), results = "tensor", doc = doc,
  }
end

-- ---- rooms ---------------------------------------------------------------------------------------

local function is_class(v) return type(v) == "table" and (rawget(v, "__index") ~= nil or rawget(v, "__name") ~= nil) end

local function is_collection(v)
  for _, known in ipairs(collection.all) do
    if known.collection == v then return true end
  end
end

-- What is made at first use from a collection's row is told with the row.
local function made_of_row(room, name)
  for _, known in ipairs(collection.all) do
    if known.room == room and known.collection:find(name) then return true end
  end
end

local function kinds()
  local by_name = {}
  for _, row in ipairs(core.nn.kinds) do by_name[row.name] = row end
  return by_name
end

--- Adds a kind of layer from its row.
function Book:add_layer(name, row)
  self:add {
    name = "nn." .. name, kind = "layer", value = sl.nn[name], doc = row.doc, inputs = row.inputs,
    arguments = spec.made(spec.of_layer(row.options)), results = "Layer",
  }
end

-- A class of modules in Lua: told like a layer, with what its file begins with.
local function is_module(v) return type(v) == "table" and rawget(v, "is_module_class") end

--- Adds a class of modules.
function Book:add_module(name, class)
  self:add {
    name = name, kind = "layer", value = class, doc = source.header(source.place(class.init)),
    arguments = source.arguments(class.init), results = "Layer",
  }
end

-- Tables of methods are told with their classes.
local METHODS = {
  ["nn.methods"] = true, ["nn.kinds"] = true, ["optim.methods"] = true, ["optim.ema_methods"] = true,
  ["draw.methods"] = true,
}

--- Adds the functions of a class that are called without an object of it: "train.Trainer.new".
function Book:add_makers(class_name, class)
  for _, name in ipairs(options.names(class)) do
    local f = class[name]
    local is_maker = type(f) == "function" and not name:find "^_" and debug.getlocal(f, 1) ~= "self"
    if is_maker then self:add_function(class_name .. "." .. name, f) end
  end
end

--- Adds what a room has under a name, and what is in that.
function Book:add_member(room, name, value)
  local full, layers = room .. "." .. name, room == "nn" and kinds() or {}
  if layers[name] then return self:add_layer(name, layers[name]) end
  if name:find "^_" or METHODS[full] or made_of_row(room, name) then return end
  if is_module(value) then return self:add_module(full, value) end
  if is_collection(value) then return end
  if is_class(value) then return self:add_makers(full, value) end
  if type(value) == "function" then self:add_function(full, value) end
  if type(value) ~= "table" or room:find("%.") then return end
  for _, inner in ipairs(options.names(value)) do self:add_member(full, inner, value[inner]) end
end

local function room_doc(name)
  local path = package.searchpath("sdelua." .. name, package.path)
  return path and source.header(path) or said.rooms[name]
end

--- Adds a room and what it holds.
function Book:add_room(name, value)
  local meta = getmetatable(value)
  self:add { name = name, kind = "room", value = value, doc = room_doc(name), callable = meta and meta.__call ~= nil }
  if name == "op_docs" then return end
  for _, member in ipairs(options.names(value)) do self:add_member(name, member, value[member]) end
end

-- ---- rows ------------------------------------------------------------------------------------------

local function row_arguments(row, all)
  local given, arguments = {}, row.arguments or all.arguments
  for name, v in pairs(row.options or {}) do given[#given + 1] = spec.option(name, v) end
  table.sort(given)
  local opts = #given > 0 and "{ " .. table.concat(given, ", ") .. " }" or "{}"
  if not arguments then return " " .. opts end
  return ("(%s, %s)"):format(table.concat(arguments, ", "), opts)
end

-- A row as a method of its collection's class.
local function add_method(book, class, row)
  local arguments = table.move(row.arguments, 1, #row.arguments, 1, {})
  arguments[#arguments + 1] = "opts"
  book:add {
    name = class .. "." .. row.name, kind = "method", of = class, arguments = arguments, results = class,
    doc = row.doc,
  }
end

--- Adds the rows of all collections.
function Book:add_rows()
  for _, known in ipairs(collection.all) do
    for name, row in known.collection:each() do
      self:add {
        name = known.room .. "." .. name, kind = "row", value = row, made = rawget(sl[known.room] or {}, name),
        arguments = row_arguments(row, known.collection), doc = row.doc, source = row.source,
      }
      if known.collection.class then add_method(self, known.collection.class, row) end
    end
  end
end

-- ---- classes -----------------------------------------------------------------------------------------

local function add_methods(book, class, methods)
  for _, name in ipairs(options.names(methods)) do
    local f, op = methods[name], core.op_docs[name:gsub("_$", "")]
    if type(f) == "function" and not name:find "^_" then
      if class == "tensor" and op then
        local list, doc = read_op(op, true)
        if name:find "_$" then doc = "In place: " .. doc end
        book:add { name = "tensor." .. name, kind = "method", of = "tensor", op = name:gsub("_$", ""), value = f,
          spec = list, arguments = spec.call(list), results = "tensor", doc = doc }
      else
        book:add_function(class .. "." .. name, f, "method").of = class
      end
    end
  end
end

-- Every Lua file below a folder, in order.
local function lua_files(folder, found)
  local names = core.system.list_folder(folder)
  table.sort(names)
  for _, name in ipairs(names) do
    local path = folder .. "/" .. name
    if core.system.kind(path) == "folder" then lua_files(path, found)
    elseif name:find "%.lua$" then found[#found + 1] = path end
  end
  return found
end

-- The classes of a file of the room's: "solve.Run". Operators and the like have no methods but metamethods.
local function add_lua_classes(book, room, path)
  for _, class in ipairs(source.classes(path)) do
    local full = room .. "." .. class.name
    book:add { name = full, kind = "class", path = path, doc = source.header(path) }
    for _, method in ipairs(class.methods) do
      book:add {
        name = full .. "." .. method.name, kind = "method", of = full, arguments = method.arguments, doc = method.doc,
        path = path,
      }
    end
  end
end

--- Adds the classes of the core, and those of every Lua file.
function Book:add_classes()
  local tensor, scope = debug.getmetatable(sl.zeros(1)), debug.getmetatable(sl.scope())
  local methods = {
    tensor = tensor.methods, scope = scope.__index, Optimizer = core.optim.methods, EMA = core.optim.ema_methods,
    Layer = core.nn.methods, Canvas = core.draw.methods,
  }
  for _, name in ipairs(options.names(methods)) do
    self:add { name = name, kind = "class", doc = said.classes[name], value = methods[name] }
    add_methods(self, name, methods[name])
  end
  local house = package.searchpath("sdelua", package.path):match "^(.*)/[^/]*$"
  for _, path in ipairs(lua_files(house, {})) do
    add_lua_classes(self, path:sub(#house + 2):match "^%w+", path)
  end
end

return Book
