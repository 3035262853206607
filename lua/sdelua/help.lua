--- sl.help(x): what x is and how it is called. x is a name ("conv2d", "solve", "likelihood.encode", "tensor:item"), or
-- the thing itself: a function, a room, a tensor, a process, a sampler, a network; or the name of an option. sl.help()
-- says what there is.
local collection = require "sdelua.collection"
local errors = require "sdelua.errors"
local manual = require "sdelua.manual"
local nearest = require "sdelua.manual.nearest"
local source = require "sdelua.manual.source"
local spec = require "sdelua.manual.spec"

local WHO = "help: argument name: expected the name of an op, sampler, process or the like, got %s"

local MANY = 40 -- methods: of that many the names alone

-- Rooms that nobody but the house enters.
local INSIDE = {}
for name in ("collection complete interrupt manual op_docs options prompt testing"):gmatch "%a[%w_]*" do
  INSIDE[name] = true
end

-- What is in a class or a room.
local function members_of(entries, entry)
  local members, prefix = {}, entry.name .. "."
  for _, other in ipairs(entries) do
    if other.name:sub(1, #prefix) == prefix and (entry.kind == "room") == (other.kind ~= "method") then
      members[#members + 1] = other
    end
  end
  return members
end

local function own_name(entry) return entry.name:match "[^.]+$" end

-- Names of a class with many methods, in a line for each group: { "ops", "abs add …" }.
local function groups_of(entry, members)
  local names, groups = { {}, {}, {}, {} }, {}
  for i, field in ipairs(manual.fields(entry.name)) do names[1][i] = field.name end
  for _, other in ipairs(members) do
    local group = not other.op and 2 or own_name(other):find "_$" and 4 or 3
    table.insert(names[group], own_name(other))
  end
  for i, title in ipairs { "fields", "methods", "ops", "in place" } do
    groups[#groups + 1] = #names[i] > 0 and { title, table.concat(names[i], " ") } or nil
  end
  return groups
end

-- A class or a room with a line for each thing in it; with their names alone where methods would fill the screen.
local function with_members(entries, entry)
  local lines, members = { manual.text(entry) }, members_of(entries, entry)
  if entry.kind == "class" and #members > MANY then
    for _, group in ipairs(groups_of(entry, members)) do
      lines[#lines + 1] = ("  %-8s  %s"):format(table.unpack(group))
    end
    lines[#lines + 1] = ('help "%s.%s" says more of one.'):format(entry.name, own_name(members[#members]))
    return table.concat(lines, "\n")
  end
  for _, other in ipairs(members) do
    local name = other.name:sub(#entry.name + 2)
    lines[#lines + 1] = ("  %s: %s"):format(name, source.sentence(other.doc or "(no doc)"))
  end
  return table.concat(lines, "\n")
end

-- ---- rows -------------------------------------------------------------------------------------------

local function collection_of(row)
  for _, known in ipairs(collection.all) do
    if known.collection:find(row.name) == row then return known.collection end
  end
end

-- The options that a row's things share with all of its room, and how such a thing is called in its turn.
local function shared(row, all, room)
  local lines, others = {}, {}
  for name, default in pairs(all.known(row)) do
    if (row.options or {})[name] == nil then others[#others + 1] = spec.option(name, default) end
  end
  table.sort(others)
  if #others > 0 then lines[1] = ("  options of all in sl.%s: "):format(room) .. table.concat(others, ", ") end
  if all.called then lines[#lines + 1] = "  called as " .. all.called end
  return lines
end

-- What stands beside options in the row's file.
local function beside(row, all)
  local lines, path = {}, package.searchpath(all.prefix .. row.name, package.path)
  for _, said in ipairs(path and source.beside(path) or {}) do
    if (row.options or {})[said.name] ~= nil then lines[#lines + 1] = ("  %s: %s"):format(said.name, said.doc) end
  end
  return lines
end

local function row_text(entry)
  local lines, all = { manual.text(entry) }, collection_of(entry.value)
  local room = entry.name:match "^%w+"
  for _, more in ipairs(all and { beside(entry.value, all), shared(entry.value, all, room) } or {}) do
    table.move(more, 1, #more, #lines + 1, lines)
  end
  return table.concat(lines, "\n")
end

-- ---- texts ------------------------------------------------------------------------------------------

-- A doc that sends its reader to a file is followed by what that begins with.
local function with_file(text, doc)
  local name = doc and doc:match "see sdelua/([%w_/]+)%.lua"
  local path = name and package.searchpath("sdelua/" .. name, package.path)
  local header = path and source.header(path)
  return header and text .. "\n" .. header or text
end

local function text(entries, entry)
  if entry.kind == "room" or entry.kind == "class" then return with_members(entries, entry) end
  if entry.kind == "row" then return row_text(entry) end
  return with_file(manual.text(entry), entry.doc)
end

-- ---- what is meant -----------------------------------------------------------------------------------

-- Those of that full name, and rows of that name; where there are none, whatever ends in it.
local function by_name(entries, name)
  name = name:gsub("^sl%.", ""):gsub(":", ".")
  local exact, rows, ends = {}, {}, {}
  for _, entry in ipairs(entries) do
    if entry.name == name then exact[#exact + 1] = entry
    elseif entry.name:match "[^.]+$" == name or entry.name:sub(-#name - 1) == "." .. name then
      local list = entry.kind == "row" and rows or ends
      list[#list + 1] = entry
    end
  end
  table.move(rows, 1, #rows, #exact + 1, exact)
  return #exact > 0 and exact or ends
end

-- Whether one of the metatable's functions was written in that file.
local function written_in(meta, path)
  for _, f in pairs(meta) do
    if type(f) == "function" and source.place(f) == path then return true end
  end
end

-- Whether a class in Lua goes by the name of the metatable, where that has one.
local function named_as(meta, entry)
  local name = rawget(meta, "__name")
  return type(name) ~= "string" or entry.name:match "[^.]+$" == name:gsub("^sdelua%.", "")
end

-- The methods' tables of the core's classes, by what its objects index.
local function is_of(meta, entry)
  if entry.kind ~= "class" then return false end
  if entry.path then return named_as(meta, entry) and written_in(meta, entry.path) end
  if entry.name == "Layer" then return meta.__name == "sdelua.Layer" or meta == require "sdelua.core".nn.methods end
  return meta.methods == entry.value or rawequal(meta.__index, entry.value) or "sdelua." .. entry.name == meta.__name
end

-- The row that an object was made from: by its class, its own field row, or the name it goes by.
local function is_row(x, meta, entry)
  if entry.kind ~= "row" then return false end
  local row = type(x) == "table" and rawget(x, "row")
  return entry.value == row or entry.value == meta or entry.value == x
    or row == nil and type(x) == "table" and entry.name == "sde." .. tostring(rawget(x, "name"))
end

local function by_value(entries, x)
  local found, meta = {}, debug.getmetatable(x)
  if x == nil then return found end
  for _, entry in ipairs(entries) do
    if entry.value == x or entry.made == x then found[#found + 1] = entry end
  end
  if #found > 0 then return { found[1] } end
  for _, entry in ipairs(entries) do
    if type(meta) == "table" and type(x) ~= "string" and (is_row(x, meta, entry) or is_of(meta, entry)) then
      found[#found + 1] = entry
    end
  end
  return found
end

-- What rooms say of an option, in the lines that begin with its name.
local function said_of_option(entries, name)
  local lines = {}
  for _, entry in ipairs(entries) do
    for line in (entry.kind == "room" and entry.doc or ""):gmatch "[^\n]+" do
      if line:match "^%s+([%w_]+)%s%s" == name then
        lines[#lines + 1] = ("option of sl.%s: %s"):format(entry.name, (line:gsub("^%s+", ""):gsub("%s%s+", ": ")))
      end
    end
  end
  return lines
end

-- The rows that have an option of their own.
local function with_option(entries, name)
  local lines = {}
  for _, entry in ipairs(entries) do
    local own = entry.kind == "row" and entry.value.options
    if own and own[name] ~= nil then
      lines[#lines + 1] = ("option %s of %s"):format(spec.option(name, own[name]), entry.name)
    end
  end
  return lines
end

local function refuse(entries, x)
  if x == nil then return WHO:format "nil, which is what a name that nothing has stands for" end
  if type(x) ~= "string" then return WHO:format(tostring(x)) end
  local names = {}
  for i, entry in ipairs(entries) do names[i] = entry.name end
  local hint = nearest.hint(x, names)
  return WHO:format(x) .. (hint ~= "" and hint or ('; apropos "%s" looks into the texts as well'):format(x))
end

-- ---- all ---------------------------------------------------------------------------------------------

local function names_of(entries, kind)
  local names = {}
  for _, entry in ipairs(entries) do
    if entry.kind == kind and not entry.name:find "[.]" then names[#names + 1] = entry.name end
  end
  return table.concat(names, " ")
end

-- The rooms in a line each, functions and ops by name.
local function overview(entries)
  local lines = { 'help "heun", help(sl.solve) or help(x) says more of one thing, apropos "langevin" searches.', "" }
  for _, entry in ipairs(entries) do
    if entry.kind == "room" and not INSIDE[entry.name] then
      local said = (entry.doc or "(no doc)"):gsub("^sl%.[%w_]+[^:]*: ", ""):gsub("[.]%s.*", ".")
      lines[#lines + 1] = ("  %-10s  %s"):format(entry.name, said)
    end
  end
  lines[#lines + 1] = "\nfunctions: " .. names_of(entries, "function")
  lines[#lines + 1] = "\nops, also methods of tensors, whose options may stand in place as well: "
    .. names_of(entries, "op")
  return table.concat(lines, "\n")
end

local function lines_of(entries, x)
  local lines, is_name = {}, type(x) == "string"
  for _, entry in ipairs(is_name and by_name(entries, x) or by_value(entries, x)) do
    lines[#lines + 1] = text(entries, entry)
  end
  local said = is_name and said_of_option(entries, x) or {}
  table.move(said, 1, #said, #lines + 1, lines)
  return #lines == 0 and is_name and with_option(entries, x) or lines
end

--- The doc of x, a name or the thing itself, as a text; without x what there is.
return function(...)
  local entries = manual.entries()
  if select("#", ...) == 0 then return overview(entries) end
  local x = ...
  local lines = lines_of(entries, x)
  if #lines == 0 then errors.raise(refuse(entries, x)) end
  return table.concat(lines, "\n")
end
