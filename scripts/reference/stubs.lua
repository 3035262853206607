-- types/sdelua.lua: what lua-language-server is to know of sdelua, from the entries of sl.manual.
local collection = require "sdelua.collection"
local manual = require "sdelua.manual"
local names_of = require("sdelua.options").names
local source = require "sdelua.manual.source"

local RESERVED = {}
for word in ("and break do else elseif end false for function goto if in local nil not or repeat return then true "
  .. "until while"):gmatch "%w+" do RESERVED[word] = true end

local OP_TYPES = {
  int = "integer", num = "number", bool = "boolean", dim = "integer", pos = "integer", dtype = "string",
  pair = "integer|integer[]", dims = "integer|integer[]", ints = "integer|integer[]",
}

-- What rows of a room make when they are called with options.
local MADE = {
  sde = "sdelua.sde.Process", solve = "sdelua.solve.Solver", inverse = "sdelua.inverse.Operator",
  posterior = "sdelua.posterior.Posterior", nn = "sdelua.Layer",
}

-- What calls of a room, and of its rows with other things than options, make.
local CALLED = { plot = "sdelua.plot.Figure" }

local CLASSES = {
  tensor = true, scope = true, Optimizer = true, EMA = true, Layer = true, Canvas = true, plot = true, sde = true,
}

local function type_name(name)
  local list = name:match "^(%w+)%[%]$"
  if list then return type_name(list) .. "[]" end
  if CLASSES[name:match "^%w+"] then return "sdelua." .. name end
  return (name:gsub("^any%.%.%.$", "any ..."))
end

-- Types; and where it has an argument that may be left out, those with it, if they differ. Of a function in Lua nobody
-- says: it may give anything, and any number of things.
local function results(entry)
  if not entry.results and type(entry.arguments) == "table" then return "any ..." end
  local types, plain, with = {}, (entry.results or ""):match "^(.-) or (.*)$"
  for name in (plain or entry.results or ""):gmatch "[^%s,]+" do types[#types + 1] = type_name(name) end
  return table.concat(types, ", "), with
end

local Writer = {}
Writer.__index = Writer

function Writer:line(text, ...)
  self[#self + 1] = select("#", ...) > 0 and text:format(...) or text
end

function Writer:doc(doc)
  for line in ((doc or "") .. "\n"):gmatch "(.-)\n" do self:line("---" .. line) end
end

local function argument(name, kind, optional)
  return { name = RESERVED[name] and name .. "_" or name, type = kind, optional = optional }
end

-- Of an op's row.
local function op_arguments(list)
  local arguments = {}
  for i, a in ipairs(list) do
    local is = OP_TYPES[a.kind] or a.list and "(sdelua.tensor|number)[]" or "sdelua.tensor|number"
    arguments[i] = argument(a.name, is, a.optional)
  end
  return arguments
end

-- The type of what a text such as "float32" (with its quotes), 0.9 or false stands for.
local function type_of(value)
  if value:find '^"' then return "string" end
  if value == "true" or value == "false" then return "boolean" end
  return tonumber(value) and "number" or "any"
end

-- { dtype = "float32", grad = } as a type.
local function said_options(spec)
  local fields = {}
  for name, value in spec:gmatch "([%a_][%w_]*) =%s*([^,}]*)" do
    fields[#fields + 1] = ("%s?: %s"):format(name, type_of(value))
  end
  return "{ " .. table.concat(fields, ", ") .. " }"
end

-- "(shape, n = 1, {dtype = "float32"})" of the core's functions.
local function said_arguments(spec)
  local list, options = {}, nil
  if spec:find "^{" then return { argument("opts", said_options(spec), true) } end
  local inner = spec:sub(2, -2):gsub("=%s*{}", "= nil"):gsub("%b{}", function(braces)
    options = said_options(braces)
    return ""
  end)
  for word in inner:gmatch "[^,]+" do
    local name = word:match "%.%.%." or word:match "[%a_][%w_]*"
    if name then list[#list + 1] = argument(name, "any", word:find "=" ~= nil) end
  end
  if options then list[#list + 1] = argument("opts", options, true) end
  return list
end

local function named_arguments(names)
  local list = {}
  for i, name in ipairs(names) do
    local options = name == "opts" or name == "options" or name == "o"
    list[i] = argument(name, options and "table" or "any", options)
  end
  return list
end

local function arguments(entry)
  if type(entry.arguments) == "table" then return named_arguments(entry.arguments) end
  if entry.spec then return op_arguments(entry.spec) end
  return said_arguments(entry.arguments or "()")
end

local function shown(a) return ("%s%s: %s"):format(a.name, a.optional and "?" or "", a.type) end

local function joined(list, first, last)
  local words = {}
  for i = first, last do words[#words + 1] = shown(list[i]) end
  return table.concat(words, ", ")
end

-- Calls of an op with its last arguments in a table, sl.conv2d(x, w, { stride = 2 }), which may begin at the first that
-- can be left out, and at each behind it up to the first that has a default.
function Writer:by_name(sign, list, spec, out)
  local i = 1
  while list[i] and not list[i].optional do i = i + 1 end
  for k = i, #list do
    local before = (sign == ":" and "self: sdelua.tensor, " or "") .. joined(list, 1, k - 1)
    self:line("---@overload fun(%s, opts: { %s }): %s", (before:gsub(", $", "")), joined(list, k, #list), out)
    if spec[k].default then return end
  end
end

-- function OWNER.name(a, b) end, with what is said of it. A method's first argument is the object.
function Writer:fn(owner, sign, name, entry)
  local list, names, out, with = arguments(entry), {}, results(entry)
  local last = with and table.remove(list) -- another signature
  self:doc(entry.doc)
  for i, a in ipairs(list) do
    names[i] = a.name
    self:line("---@param %s%s %s", a.name, a.optional and a.name ~= "..." and "?" or "", a.type)
  end
  if out ~= "" then self:line("---@return " .. out) end
  if with then self:line("---@overload fun(self: sdelua.tensor, %s: %s): %s", last.name, last.type, with) end
  if entry.spec then self:by_name(sign, list, entry.spec, out) end
  if entry.results and #list == 2 and list[1].name == "shape" then -- sizes one by one: sl.zeros(2, 3)
    self:line("---@overload fun(...: integer): " .. out)
  end
  self:line("function %s%s%s(%s) end\n", owner, sign, name, table.concat(names, ", "))
end

-- The options of a row as a type: its own, and those of all in its collection.
local function literal(entry)
  local fields, options = {}, {}
  for _, one in ipairs(collection.all) do
    local row = one.collection:find(entry.name:match "[^.]+$")
    if row == entry.value then options = one.collection.known(row) end
  end
  for name, default in pairs(options) do
    local kind = type(default)
    local known = kind == "number" or kind == "string" or kind == "boolean"
    fields[#fields + 1] = ("%s?: %s"):format(name, known and kind or "any")
  end
  table.sort(fields)
  return #fields > 0 and "{ " .. table.concat(fields, ", ") .. " }" or "table"
end

function Writer:row(entry, name)
  local made = MADE[entry.name:match "^%w+"]
  local kind = made and ("fun(opts?: %s): %s"):format(literal(entry), made)
    or "fun(...): " .. (CALLED[entry.name:match "^%w+"] or "...")
  self:line("---@field %s %s # %s", name, kind, source.sentence(entry.doc))
end

-- Classes of the core and in Lua, with fields, operators and methods.
local OPERATORS = { "add", "sub", "mul", "div", "pow" }

function Writer:class(entry, entries)
  local name = "sdelua." .. entry.name
  self:doc(source.sentence(entry.doc or ""))
  self:line("---@class %s", name)
  for _, field in ipairs(manual.fields(entry.name)) do
    self:line("---@field %s %s # %s", field.name, type_name(field.type), field.doc)
  end
  if entry.name == "tensor" then
    self:line "---@field [integer] any" -- a tensor, or a number of a tensor of one dimension
    for _, op in ipairs(OPERATORS) do self:line("---@operator %s(sdelua.tensor|number): sdelua.tensor", op) end
    self:line "---@operator unm: sdelua.tensor\n---@operator len: integer"
  elseif MADE.nn == name or entry.path then
    self:line "---@overload fun(...): ..."
  end
  local own = entry.name:gsub("%.", "_") .. "_class"
  self:line("local %s = {}\n", own)
  for _, method in ipairs(entries) do
    if method.of == entry.name then self:fn(own, ":", method.name:match "[^.]+$", method) end
  end
end

local function begins(name, prefix) return name:sub(1, #prefix) == prefix end

-- What a room holds besides functions and rows: collections, and classes that are called.
function Writer:tables(entry, entries)
  for _, name in ipairs(names_of(entry.value)) do
    local full, value, told = entry.name .. "." .. name, entry.value[name], name:find "^_"
    for _, other in ipairs(entries) do told = told or other.name == full or begins(other.name, full .. ".") end
    if not told and type(value) == "table" and getmetatable(value) then self:line("---@field %s any", name) end
  end
end

-- One function may lie deeper: sl.inverse.masks.box.
function Writer:room(entry, entries)
  local nested = {}
  self:doc(source.sentence(entry.doc or ""))
  self:line("---@class sdelua.%s", entry.name)
  for _, other in ipairs(entries) do
    local name = begins(other.name, entry.name .. ".") and other.name:sub(#entry.name + 2)
    if name and other.kind == "row" and not name:find "%." then self:row(other, name) end
  end
  self:tables(entry, entries)
  if entry.callable then self:line("---@overload fun(...): %s", CALLED[entry.name] or "any") end
  self:line("sl.%s = {}\n", entry.name)
  for _, other in ipairs(entries) do
    local name = begins(other.name, entry.name .. ".") and other.name:sub(#entry.name + 2)
    if name and (other.kind == "function" or other.kind == "layer") then
      local inner = name:match "^(.*)%."
      if inner and not nested[inner] then self:line("sl.%s.%s = {}\n", entry.name, inner) end
      if inner then nested[inner] = true end
      self:fn("sl." .. entry.name, ".", name, other.kind == "layer" and { kind = "function", doc = other.doc,
        arguments = { "..." }, results = "Layer" } or other)
    end
  end
end

--- The file's text.
return function()
  local out, entries = setmetatable({}, Writer), manual.entries()
  out:line "---@meta sdelua\n-- Made by scripts/reference.lua from the rows and comments of the house; not to be run.\n"
  out:line "---@class sdelua\nlocal sl = {}\n"
  for _, entry in ipairs(entries) do
    if entry.kind == "class" then out:class(entry, entries) end
  end
  for _, entry in ipairs(entries) do
    if not entry.name:find "%." and (entry.kind == "op" or entry.kind == "function") then
      out:fn("sl", ".", entry.name, entry)
    end
  end
  for _, entry in ipairs(entries) do
    if entry.kind == "room" then out:room(entry, entries) end
  end
  out:line "return sl"
  return table.concat(out, "\n") .. "\n"
end
