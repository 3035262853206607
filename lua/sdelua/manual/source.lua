-- Doc comments of Lua files, read at need: lines that follow `---` and stand right above a function.
local source = {}

local files = {}

local function lines_of(path)
  if files[path] then return files[path] end
  local lines, file <close> = {}, io.open(path)
  for line in file and file:lines() or function() end do lines[#lines + 1] = line end
  files[path] = lines
  return lines
end

-- A comment's lines as one text; an empty line, and lines that are set further in, begin anew.
local function joined(lines, first, last)
  local parts = {}
  for i = first, last do
    local text = lines[i]:gsub("^%s*%-%-%-? ?", "")
    local new = text == "" or text:find "^%s%s" or i > first and lines[i - 1]:find "^%s*%-%-%-?%s%s%s"
    parts[#parts + 1] = (i == first and "" or new and "\n" or " ") .. text
  end
  return (table.concat(parts):gsub("%s+$", ""):gsub("\n\n+", "\n\n"):gsub("\n (%S)", "\n%1"))
end

--- What a file's first comment says, or nil.
function source.header(path)
  local lines, last = lines_of(path), 0
  while lines[last + 1] and lines[last + 1]:find "^%-%-" do last = last + 1 end
  return last > 0 and joined(lines, 1, last) or nil
end

-- Functions of one line that follow each other share the comment above the first.
local function above_neighbours(lines, line)
  while line > 1 and lines[line - 1]:find "^%s*function .* end$" do line = line - 1 end
  return line
end

--- What the `---` comment above that line says, or nil.
function source.above(path, line)
  local lines = lines_of(path)
  local last = above_neighbours(lines, line) - 1
  local first, at = nil, last
  while at > 0 and lines[at]:find "^%s*%-%-" do
    if lines[at]:find "^%s*%-%-%- " then first = at end
    at = at - 1
  end
  return first and joined(lines, first, last)
end

--- The comment above a call that makes the function `name`: define("name", …).
function source.above_call(path, name)
  for i, line in ipairs(lines_of(path)) do
    if line:match '^%w+%("([%w_]+)"' == name then return source.above(path, i) end
  end
end

--- What comments say of fields in the lines where they are set, "depth = 3, -- hidden blocks": a list of name and doc,
--- in order.
function source.beside(path)
  local said = {}
  for _, line in ipairs(lines_of(path)) do
    local name, doc = line:match "^%s%s([%a_][%w_]*) = [^\"]-,%s*%-%- (.+)$"
    if name then said[#said + 1] = { name = name, doc = doc } end
  end
  return said
end

-- "x, y" of "function A:b(x, y)".
local function names_in(text)
  local names = {}
  for name in text:gmatch "[^%s,]+" do names[#names + 1] = name end
  return names
end

-- What the file's first comment says of a method, in a line such as "run:normal([shape])   the next draw".
local function in_header(lines, method)
  for i, line in ipairs(lines) do
    if not line:find "^%-%-" then return nil end
    local name, column = line:match "^%-%-%s+%w+:([%w_]+)%(.-%)%s%s+()"
    if name == method then
      local parts = { line:sub(column) }
      while lines[i + #parts]:find("^%-%-" .. (" "):rep(column - 3) .. "%S") do
        parts[#parts + 1] = lines[i + #parts]:match "^%-%-%s*(.*)"
      end
      return table.concat(parts, " ")
    end
  end
end

-- Whether the method in that line is one of the house's own, which a comment of two dashes says.
local function is_inside(lines, i) return i > 1 and lines[i - 1]:find "^%-%-" ~= nil end

local function public(classes)
  local list = {}
  for _, class in ipairs(classes) do
    if #class.methods > 0 or not class.has_inside then list[#list + 1] = class end
  end
  return list
end

--- The classes of a file, in order: tables with an __index or a __name. Each is a table of name (that of errors, or the
--- local one), own (the local name), and methods, a list of { name, arguments, doc }: what objects are told with a
--- colon, but for what has a comment of two dashes and no more. A class that has nothing else is left out.
function source.classes(path)
  local found, by_name = {}, {}
  for i, line in ipairs(lines_of(path)) do
    local own = line:match "^([%a]%w*)%.__index =" or line:match "^([%a]%w*)%.__name ="
      or line:match "^local (%w+) = {.*__name ="
    if own and not by_name[own] then
      by_name[own] = { name = own, own = own, methods = {} }
      found[#found + 1] = by_name[own]
    end
    local title = own and line:match '__name = "sdelua%.(%w+)"'
    if title then by_name[own].name = title end
    local class, method, arguments = line:match "^function (%w+):([%a][%w_]*)%((.-)%)"
    class = by_name[class]
    local doc = class and (source.above(path, i) or in_header(lines_of(path), method))
    if class and (doc or not is_inside(lines_of(path), i)) then
      class.methods[#class.methods + 1] = { name = method, arguments = names_in(arguments), doc = doc }
    elseif class then
      class.has_inside = true
    end
  end
  return public(found)
end

--- The file and line of a Lua function; nil for one of the core.
function source.place(f)
  local info = debug.getinfo(f, "S")
  local path = info.source:match "^@(.*)"
  if info.what ~= "C" and path then return path, info.linedefined end
end

--- The lines of a Lua function, as a text; "" for one of the core or of no file.
function source.text(f)
  local path, info = source.place(f), debug.getinfo(f, "S")
  return path and table.concat(lines_of(path), "\n", info.linedefined, math.min(info.lastlinedefined, #lines_of(path)))
    or ""
end

--- The names of a function's arguments, self left out.
function source.arguments(f)
  local info, names = debug.getinfo(f, "u"), {}
  for i = 1, info.nparams do
    local name = debug.getlocal(f, i)
    if name ~= "self" then names[#names + 1] = name end
  end
  if info.isvararg then names[#names + 1] = "..." end
  return names
end

--- A doc's first sentence.
function source.sentence(doc)
  local text = doc:gsub("\n.*", "")
  return text:match "^(.-[%.!?])%s+%u" or text
end

return source
