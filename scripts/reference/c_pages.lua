-- docs/reference/c-<header>.md: a page a header of include/sdelua, from its comments. A declaration's doc is the
-- comment last above it in its group (lines without an empty one between), and the one on its line; where there is
-- neither, an op has the line of its row.
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
  self.shared = false
  if section and self.doc then table.insert(self.found, { kind = "text", doc = self.doc }) end
end

local function op_doc(name) return core.op_docs[name:match "^sl_(.*)$"] end

function Reader:declaration()
  local whole = self:take ";"
  local code, after = whole:match "^(.-;)%s*(.*)$"
  while after:find "/%*" and not after:find "%*/" do after = after .. "\n" .. self:take "%*/" end
  local name = code:match "([%w_]+)%s*%(" or code:match "([%w_]+)%[?%]?;$"
  local own = after:find "/%*" and said(after) or code:match "/%*%s*(.-)%s*%*/"
  local row, joins = op_doc(name), self.doc and self.shared
  local docs = { self.doc, own }
  if joins or not self.doc then docs = { own or row or self.doc } end
  local shared = joins and (own or not row)
  local note = shared and own and (" /* %s */"):format(own) or ""
  table.insert(self.found, {
    kind = "declaration", name = name, shared = shared, code = code:gsub("SL_API ", "") .. note,
    doc = docs[1] and table.concat(docs, "\n") or nil,
  })
  self.shared = true
end

-- A typedef, struct or enum of one line or more.
function Reader:type()
  local first, depth = self.i, 0
  repeat
    local line = self.lines[self.i]:gsub("/%*.-%*/", "")
    for brace in line:gmatch "[{}]" do depth = depth + (brace == "{" and 1 or -1) end
    self.i = self.i + 1
  until depth == 0 and line:find ";" or self.i > #self.lines
  local code = table.concat(self.lines, "\n", first, self.i - 1)
  table.insert(self.found, { kind = "type", code = code, doc = self.doc })
end

-- SL_UNARY_OPS(SL_DECLARE_UNARY) declares a function for each F(name) of the list.
function Reader:listed()
  local list = self.whole:match("#define " .. self.lines[self.i]:match "^[%u_]+" .. "%(F%)(.-[^\\])\n")
  local code = self.whole:match("#define " .. self.lines[self.i]:match "%(([%u_]+)%)" .. "%(name%) SL_API (.-)\n")
  for name in list:gmatch "F%(([%w_]+)%)" do
    table.insert(self.found, {
      kind = "declaration", name = "sl_" .. name, code = code:gsub("##name", name), doc = op_doc("sl_" .. name),
    })
  end
  self.i = self.i + 1
end

--- What a header declares, in order: { kind = "section" | "text" | "declaration" | "type", name, code, doc }.
local function read(path)
  local whole = assert(text.read(path), path)
  local self = setmetatable({ lines = {}, found = {}, i = 1, whole = whole }, Reader)
  for line in whole:gmatch "(.-)\n" do self.lines[#self.lines + 1] = line end
  while self.i <= #self.lines do
    local line = self.lines[self.i]
    if line:find "^/%*" then self:comment()
    elseif line:find "^SL_API " then self:declaration()
    elseif line:find "^typedef " or line:find "^struct .*{" or line:find "^enum .*{" then self:type()
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

-- Declarations under one comment, as one item. What a line says of itself is in the code.
local function together(items)
  local list = {}
  for _, item in ipairs(items) do
    local before = list[#list]
    if item.shared and before and before.kind == "declaration" then
      before.name, before.code = before.name .. "`, `" .. item.name, before.code .. "\n" .. item.code
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
      if item.name then out[#out + 1] = ("### `%s`\n"):format(item.name) end
      if item.doc and item.doc ~= last then out[#out + 1] = plain(item.doc) end
      out[#out + 1] = "```c\n" .. item.code .. "\n```\n"
      last = item.kind == "type" and item.doc or nil
    end
  end
  return table.concat(out, "\n")
end

return { read = read, page = page }
