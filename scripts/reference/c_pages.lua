-- docs/reference/c-<header>.md: a page a header of include/sdelua, from its comments. A declaration's doc is the
-- comment last above it in its group (lines without an empty one between), and the one on its line; where there is
-- neither, an op has the line of its row. A comment above is of the first thing below it: what follows in the group
-- is told of only if the comment names it, or if it has a comment on its line or a row.
local core = require "sdelua.core"
local text = require "text"

-- A comment without its marks.
local function said(comment)
  local inner = comment:gsub("^%s*/%*%s*", ""):gsub("%s*%*/.*$", ""):gsub("\n ? ? ?", "\n")
  return (inner:gsub("^%-%-%-%-+%s*(.-)%s*%-%-+%s*$", ""):gsub("^%-%-%-%-+%s*.-%s*%-%-+\n", ""))
end

local Reader = {}
Reader.__index = Reader

-- Lines from here to the one that `done` finds, as one text.
function Reader:take(done)
  local first = self.i
  while not self.lines[self.i]:find(done) and self.i < #self.lines do self.i = self.i + 1 end
  self.i = self.i + 1
  return table.concat(self.lines, "\n", first, self.i - 1)
end

function Reader:comment()
  local whole = self:take "%*/"
  local section = whole:match "^/%* %-%-%-%-+%s*(.-)%s*%-%-%-"
  if section then table.insert(self.found, { kind = "section", name = section }) end
  local doc = said(whole):gsub("^%s+", "")
  self.doc = doc:find "%S" and doc or nil
  self.taken = false
  if section and self.doc then table.insert(self.found, { kind = "text", doc = self.doc }) end
end

local function op_doc(name) return core.op_docs[name:match "^sl_(.*)$"] end

-- Whether a comment has a name in it as a word, whole or without sl_.
local function names(comment, name)
  for _, word in ipairs { name, (name:gsub("^sl_", "")) } do
    if comment:find("%f[%w_]" .. word .. "%f[^%w_]") then return true end
  end
  return false
end

-- The text with the lines that a comment begun in it goes on for.
function Reader:closed(whole)
  local rest = whole:gsub("/%*.-%*/", "")
  return rest:find("/*", 1, true) and whole .. "\n" .. self:take "%*/" or whole
end

-- Adds an item. `own` is the comment that is its alone.
function Reader:add(item, own, row)
  local above, shares = self.doc, self.doc and self.taken
  local named = above and (not shares or names(above, item.name)) and above
  item.told = ((own or "") .. (row or "") .. (named or "")):find "%w" ~= nil
  self.taken = true
  table.insert(self.found, item)
  return above, shares
end

-- A declaration or a macro: what it says of itself is beside the code only where it shares an item.
function Reader:line(item, own, row)
  local above, shares = self:add(item, own, row)
  local docs = { above, own }
  if shares or not above then docs = { own or row or above } end
  item.doc = docs[1] and table.concat(docs, "\n") or nil
  item.shared = shares and (own or not row)
  item.note = own and (" /* %s */"):format(own) or ""
end

function Reader:declaration()
  local code, after = self:take ";":match "^(.-;)%s*(.*)$"
  after = self:closed(after)
  local name = code:match "([%w_]+)%s*%(" or code:match "([%w_]+)%[?[%w_]*%]?;$"
  local own = after:find "/%*" and said(after) or code:match "/%*%s*(.-)%s*%*/"
  self:line({ kind = "declaration", name = name, code = code:gsub("SL_API ", "") }, own, op_doc(name))
end

-- #define SL_NAME value, apart from what is there to declare functions.
function Reader:macro()
  local whole = self:closed(self:take "[^\\]$")
  local name = whole:match "^#define ([%w_]+)"
  if name == "SL_API" or name == "SL_PRINTF" or name:find "_OPS$" or name:find "^SL_DECLARE_" then return end
  local code, after = whole:match "^(.-)%s*(/%*.*)$"
  self:line({ kind = "macro", name = name, code = code or whole }, after and said(after))
end

-- A typedef, struct or enum of one line or more. Comments in it are its own, and in the code.
function Reader:type()
  local first, depth = self.i, 0
  repeat
    local line = self.lines[self.i]:gsub("/%*.-%*/", "")
    for brace in line:gmatch "[{}]" do depth = depth + (brace == "{" and 1 or -1) end
    self.i = self.i + 1
  until depth == 0 and line:find ";" or self.i > #self.lines
  local code = self:closed(table.concat(self.lines, "\n", first, self.i - 1))
  local bare = code:gsub("/%*.-%*/", ""):gsub("{.*}", "")
  local name = bare:match "%(%*([%w_]+)%)" or bare:match "([%w_]+)%s*[%(%[]" or bare:match "([%w_]+)%s*;"
  local item = { kind = "type", name = name or bare, code = code }
  item.doc = self:add(item, code:match "/%*(.-)%*/")
end

-- SL_UNARY_OPS(SL_DECLARE_UNARY) declares a function for each F(name) of the list.
function Reader:listed()
  local list = self.whole:match("#define " .. self.lines[self.i]:match "^[%u_]+" .. "%(F%)(.-[^\\])\n")
  local code = self.whole:match("#define " .. self.lines[self.i]:match "%(([%u_]+)%)" .. "%(name%) SL_API (.-)\n")
  for name in list:gmatch "F%(([%w_]+)%)" do
    table.insert(self.found, {
      kind = "declaration", name = "sl_" .. name, code = code:gsub("##name", name), doc = op_doc("sl_" .. name),
      told = op_doc("sl_" .. name) ~= nil,
    })
  end
  self.i = self.i + 1
end

--- What a header declares, in order: { kind = "section" | "text" | "declaration" | "macro" | "type", name, code, doc,
--- told }. `told` is false where nothing says what it is.
local function read(path)
  local whole = assert(text.read(path), path)
  local self = setmetatable({ lines = {}, found = {}, i = 1, whole = whole }, Reader)
  for line in whole:gmatch "(.-)\n" do self.lines[#self.lines + 1] = line end
  while self.i <= #self.lines do
    local line = self.lines[self.i]
    if line:find "^/%*" then self:comment()
    elseif line:find "^SL_API " then self:declaration()
    elseif line:find "^typedef " or line:find "^struct .*{" or line:find "^enum .*{" then self:type()
    elseif line:find "^#define SL_" then self:macro()
    elseif line:find "^SL_[%u_]+%(SL_DECLARE" then self:listed()
    else
      if line == "" then self.doc = nil end
      self.i = self.i + 1
    end
  end
  return self.found
end

local function head(path)
  local comment = assert(text.read(path)):match "^/%*.-%*/"
  return comment and said(comment) or ""
end

-- Declarations or macros under one comment, as one item. What a line says of itself is in the code.
local function together(items)
  local list = {}
  for _, item in ipairs(items) do
    local before = list[#list]
    if item.shared and before and before.kind == item.kind then
      before.name, before.code = before.name .. "`, `" .. item.name, before.code .. "\n" .. item.code .. item.note
    else
      list[#list + 1] = item
    end
  end
  return list
end

local function plain(doc) return text.markdown((doc:gsub("\n%s+", "\n"))) .. "\n" end

local function page(name, path)
  local out, last = { ("# sdelua/%s.h\n"):format(name), "```\n" .. head(path) .. "\n```\n" }, nil
  for _, item in ipairs(together(read(path))) do
    if item.kind == "section" then out[#out + 1] = ("## %s\n"):format(item.name)
    elseif item.kind == "text" then
      out[#out + 1] = "```\n" .. item.doc .. "\n```\n"
      last = item.doc
    else
      if item.kind ~= "type" then out[#out + 1] = ("### `%s`\n"):format(item.name) end
      if item.doc and item.doc ~= last then out[#out + 1] = plain(item.doc) end
      out[#out + 1] = "```c\n" .. item.code .. "\n```\n"
      last = item.kind ~= "declaration" and item.doc or nil
    end
  end
  return table.concat(out, "\n")
end

return { read = read, page = page }
