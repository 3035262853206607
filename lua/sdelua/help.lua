--- sl.help(x): what x is and how it is called. x is a name ("conv2d", "solve", "likelihood.encode", "tensor:item"), or
-- the thing itself: a function, a room, a tensor, a process, a sampler, a network. sl.help() lists all.
local manual = require "sdelua.manual"
local source = require "sdelua.manual.source"

local WHO = "help: argument name: expected the name of an op, sampler, process or the like, got %s"

-- A class or a room with a line for each thing in it.
local function with_members(entries, entry)
  local lines = { manual.text(entry) }
  local prefix = entry.name .. "."
  for _, other in ipairs(entries) do
    if other.name:sub(1, #prefix) == prefix and (entry.kind == "room") == (other.kind ~= "method") then
      lines[#lines + 1] = ("  %s: %s"):format(other.name:sub(#prefix + 1), source.sentence(other.doc or "(no doc)"))
    end
  end
  return table.concat(lines, "\n")
end

local function text(entries, entry)
  if entry.kind == "room" or entry.kind == "class" then return with_members(entries, entry) end
  return manual.text(entry)
end

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

local function all(entries)
  local lines = {}
  for _, entry in ipairs(entries) do
    if entry.kind ~= "method" and entry.kind ~= "class" then
      local whole = entry.kind == "op" or entry.kind == "row"
      lines[#lines + 1] = whole and manual.text(entry) or entry.name .. ": " .. source.sentence(entry.doc or "(no doc)")
    end
  end
  table.sort(lines)
  return table.concat(lines, "\n")
end

--- The doc of x, a name or the thing itself, as a text; of everything without x.
return function(x)
  local entries = manual.entries()
  if x == nil then return all(entries) end
  local lines = {}
  for _, entry in ipairs(type(x) == "string" and by_name(entries, x) or by_value(entries, x)) do
    lines[#lines + 1] = text(entries, entry)
  end
  if #lines == 0 then error(WHO:format(tostring(x)), 2) end
  return table.concat(lines, "\n")
end
