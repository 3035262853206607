-- Things that come one a file: samplers, processes, objectives. A collection "sdelua.solve.samplers" holds what the
-- files sdelua/solve/samplers/<name>.lua return, in every folder that package.path names: a file of your own beside a
-- script is found, listed and tested like those of the house. Each is a table, its row:
--
--   doc       what it is, in a line                      options   names and defaults of what may be set
--   source    paper and equation
--
-- and what its room asks for.
local errors = require "sdelua.errors"
local listing = require "sdelua.listing"
local system = require "sdelua.core".system

local Collection = {}
Collection.__index = Collection

--- The row called `name`, or by an alias; or nil.
function Collection:find(name)
  name = self.aliases[name] or name
  if type(name) ~= "string" or not name:find "^[%a_][%w_]*$" then return nil end
  local module = self.prefix .. name
  if not (package.preload[module] or package.searchpath(module, package.path)) then return nil end
  local row = require(module)
  if type(row) ~= "table" or type(row.doc) ~= "string" then
    errors.raise("%s: expected a table with a doc line, got %s", module, tostring(row))
  end
  row.name = name
  return row
end

-- What help tells besides of all rows: collection.arguments, names of what is given before the options where a row says
-- none of its own; collection.called, how what a row makes is called in its turn.

--- What may be set of a row's things, with defaults; a room whose rows have more options in common says so.
function Collection.known(row) return row.options or {} end

--- All names, in order.
function Collection:names()
  local seen, names = {}, {}
  for template in package.path:gmatch "[^;]+" do
    local folder = template:match "^(.*)%?%.lua$"
    folder = folder and folder .. self.prefix:gsub("%.", "/")
    for _, file in ipairs(folder and system.kind(folder) == "folder" and system.list_folder(folder) or {}) do
      local name = file:match "^([%a_][%w_]*)%.lua$"
      if name and not seen[name] then
        seen[name] = true
        names[#names + 1] = name
      end
    end
  end
  table.sort(names)
  return names
end

--- for name, row in collection:each() do … end, in order of the names.
function Collection:each()
  local names, i = self:names(), 0
  return function()
    i = i + 1
    if names[i] then return names[i], self:find(names[i]) end
  end
end

--- Makes `room` that of the collection: room.<name> is make(row), made at first use; room.list() gives for each row a
-- table of name and the other `columns`, which prints as those; completion knows the names. fact(row, column), where
-- given, stands for row[column].
function Collection:open(room, columns, make, fact)
  --- A list of what the room's files hold, one row each, that prints as a table.
  function room.list()
    local list = {}
    for _, row in self:each() do
      local line = { doc = row.doc, source = row.source }
      for _, key in ipairs(columns) do
        if fact then line[key] = fact(row, key) else line[key] = row[key] end
      end
      list[#list + 1] = line
    end
    return setmetatable(list, listing(columns))
  end
  return setmetatable(room, {
    __index = function(_, name)
      local row = self:find(name)
      if row then room[name] = make(row) end
      return rawget(room, name)
    end,
    __names = function()
      local names = {}
      for _, name in ipairs(self:names()) do names[name] = true end
      return names
    end,
  })
end

-- The collections made so far, which help reads: { room = "solve", collection = … }; room is what their rows' names
-- begin with, of a collection that is no room's main one "plot.colormaps". A collection's field `class`, where set, is
-- the class that has a method for each row.
local all = {}

return setmetatable({ all = all }, {
  __call = function(_, folder, aliases, room)
    local self = setmetatable({ prefix = folder .. ".", aliases = aliases or {} }, Collection)
    all[#all + 1] = { room = room or folder:match "^sdelua%.(%w+)", collection = self }
    return self
  end,
})
