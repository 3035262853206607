-- What the scripts' command lines share.
local checkpoint = require "sdelua.train.checkpoint"
local errors = require "sdelua.errors"
local nearest = require "sdelua.manual.nearest"
local options = require "sdelua.options"
local system = require "sdelua.core".system

local cli = {}

-- parser:option or parser:argument, whose converters' refusals name what they refuse.
local function naming(what, make)
  return function(...)
    local element = make(...)
    local convert = element.convert
    function element:convert(converter)
      local label = self._aliases and self._aliases[#self._aliases] or self._name
      return convert(self, function(text)
        local value, expected = converter(text)
        return value, value == nil and ("%s '%s': %s"):format(what, label, expected) or nil
      end)
    end
    return element
  end
end

--- A parser of lua-argparse, whose errors are a line: the usage of a script with many options would hide it.
function cli.parser(name, description)
  local ok, argparse = pcall(require, "argparse")
  if not ok then
    io.stderr:write(("Error: %s reads its options with argparse: install Debian's package lua-argparse, or the rock "
      .. "argparse\n"):format(name))
    os.exit(1, true)
  end
  local parser = argparse(name, description):add_help "-h --help"
  parser.option, parser.argument = naming("option", parser.option), naming("argument", parser.argument)
  function parser.error(_, text)
    io.stderr:write(("Error: %s\n%s --help lists the options\n"):format(text, name))
    os.exit(1, true)
  end
  return parser
end

-- "who: what was wrong" of an error that names its function, without the place in the library; else nil.
local function named(e)
  if type(e) ~= "string" then return nil end
  local text = errors.bare(e)
  return text:find "^[%w_./-]+: " and text:match "^[^\n]*" or nil
end

--- What fn(...) gives. An error that names its function is printed alone, as those of the command line are; others with
-- where they came from.
function cli.run(fn, ...)
  local ok, result = xpcall(fn, function(e) return named(e) or debug.traceback(tostring(e), 2) end, ...)
  if ok then return result end
  io.stderr:write("Error: ", result, "\n")
  os.exit(1, true)
end

--- Makes the folder that a script is to write to, and those above it.
cli.make_out = errors.named("--out", function(folder) system.make_folder(folder) end)

--- The row of that name; or nil and what was expected, with the names that may be meant.
function cli.row(collection, name)
  local row = collection:find(name)
  if row then return row end
  return nil, ("expected a name that --list prints, got '%s'%s"):format(name, nearest.hint(name, collection:names()))
end

-- ---- converters: a value, or nil and what was expected --------------------------------------------

--- The checkpoint, of its path or of the run's folder.
cli.checkpoint = checkpoint.file

--- An integer from `lowest` on.
function cli.integer(lowest)
  return function(text)
    local n = math.tointeger(tonumber(text))
    if n and n >= lowest then return n end
    return nil, ("expected an integer >= %d, got '%s'"):format(lowest, text)
  end
end

--- A finite number above `low` (or equal, when inclusive) and, if given, below `high`.
function cli.number(low, inclusive, high)
  return function(text)
    local x = tonumber(text)
    if x and (x > low or inclusive and x == low) and x < (high or math.huge) then return x end
    return nil, ("expected a number %s %g%s, got '%s'"):format(inclusive and ">=" or ">", low,
      high and (" and < %g"):format(high) or "", text)
  end
end

-- What stands between commas, each turned by `convert` into a value; nil where one cannot be.
local function listed(text, convert)
  local list = {}
  for item in text:gmatch "[^,]+" do
    local value = convert(item)
    if value == nil then return nil end
    list[#list + 1] = value
  end
  return list
end

local function integer_from(lowest)
  return function(item)
    local n = math.tointeger(tonumber(item))
    return n and n >= lowest and n or nil
  end
end

--- Positive integers with commas between them, or nothing.
function cli.integers(text)
  local list = listed(text, integer_from(1))
  return list, not list and ("expected integers such as 1,2,2, got '%s'"):format(text) or nil
end

--- Classes, which count from 0, with commas between them.
function cli.classes(text)
  local list = listed(text, integer_from(0))
  if list and #list > 0 then return list end
  return nil, ("expected classes such as 3 or 3,7, got '%s'"):format(text)
end

--- Numbers with commas between them; `count` of them, where given.
function cli.numbers(count)
  return function(text)
    local list = listed(text, tonumber)
    if list and #list > 0 and #list == (count or #list) then return list end
    return nil, ("expected %snumbers such as 0.5,2, got '%s'"):format(count and count .. " " or "", text)
  end
end

local words = { ["true"] = true, ["false"] = false }

-- Numbers with commas between them as a list, else a number, true, false or the text.
local function value_of(text)
  if not text:find "," then
    if words[text] ~= nil then return words[text] end
    return tonumber(text) or text
  end
  local list = {}
  for item in text:gmatch "[^,]+" do
    list[#list + 1] = tonumber(item)
    if not list[#list] then return text end
  end
  return list
end

--- An option `flag` of the parser, given any number of times as <name>=<value>; `collect` makes a table of them.
function cli.add_assignments(parser, flag, text)
  return parser:option(flag, text):argname "<name>=<value>":count "*":convert(function(given)
    local name, value = given:match "^([%w_]+)=(.*)$"
    if not name then return nil, ("expected <name>=<value>, got '%s'"):format(given) end
    return { name = name, value = value_of(value) }
  end)
end

--- { name = value } of a list of assignments; what has a list for its default in `known` is one.
function cli.collect(assignments, known)
  local o = {}
  for _, a in ipairs(assignments) do
    local default = known and known[a.name]
    local list = type(default) == "table" and default ~= options.NONE and type(a.value) ~= "table"
    o[a.name] = list and { a.value } or a.value
  end
  return o
end

return cli
