-- Everything public has a doc, in Lua and in C; docs/reference and types/sdelua.lua are what scripts/reference.lua
-- makes.
local check = require "check"
local sl = require "sdelua"
local core = require "sdelua.core"
local manual = require "sdelua.manual"
local said = require "sdelua.manual.core"
local process = require "process"

package.path = "scripts/reference/?.lua;" .. package.path
local c_pages, text = require "c_pages", require "text"

local function undocumented()
  local missing = {}
  for _, entry in ipairs(manual.entries()) do
    if not (entry.doc and entry.doc:find "%w") then missing[#missing + 1] = entry.name end
  end
  return table.concat(missing, ", ")
end

local function names()
  local set = {}
  for _, entry in ipairs(manual.entries()) do set[entry.name] = entry end
  return set
end

check.test("everything public in Lua has a doc", function() check.eq(undocumented(), "") end)

check.test("what is added without a doc is missed", function()
  local holders = { sl, sl.json, sl.train.Trainer }
  for _, holder in ipairs(holders) do holder.mine = function() end end
  local missing = undocumented()
  for _, holder in ipairs(holders) do holder.mine = nil end
  check.eq(missing, "mine, json.mine, train.Trainer.mine")
end)

check.test("every function in reach, every method and every class is told of", function()
  local known, hidden = names(), { op_docs = true }
  for name in pairs(getmetatable(sl).__names()) do local _ = sl[name] end
  for name, value in pairs(sl) do
    check.ok(known[name] or type(value) ~= "function" and type(value) ~= "table", name)
    for inner, f in pairs(type(value) == "table" and not hidden[name] and value or {}) do
      local told = known[name .. "." .. tostring(inner)]
      local module = type(f) == "table" and rawget(f, "is_module_class")
      check.ok(type(f) ~= "function" and not module or told, name .. "." .. tostring(inner))
      local class = type(f) == "table" and not module and rawget(f, "__index") and f
      for part, g in pairs(class or {}) do
        local full = ("%s.%s.%s"):format(name, inner, part)
        check.ok(type(g) ~= "function" or part:find "^_" or known[full], full)
      end
    end
  end
  for name in pairs(debug.getmetatable(sl.zeros(1)).methods) do check.ok(known["tensor." .. name], name) end
  for _, methods in ipairs { core.nn.methods, core.optim.methods, core.optim.ema_methods } do
    for name in pairs(methods) do
      check.ok(name:find "^_" or known["Layer." .. name] or known["Optimizer." .. name] or known["EMA." .. name], name)
    end
  end
  for _, class in ipairs { "sde.Process", "solve.Solver", "solve.Run", "train.Trainer", "noise.Noise" } do
    check.eq(known[class] and known[class].kind, "class", class)
  end
end)

check.test("nothing is told of that is not there", function()
  local known = names()
  for name in pairs(said.functions) do check.ok(known[name], name) end
  for name in pairs(said.rooms) do check.eq(known[name] and known[name].kind, "room", name) end
  for name in pairs(said.classes) do check.eq(known[name] and known[name].kind, "class", name) end
  for name in pairs(said.fields) do check.eq(known[name] and known[name].kind, "class", name) end
  for _, field in ipairs(manual.fields "tensor") do local _ = sl.zeros(1)[field.name] end
end)

-- ---- C ---------------------------------------------------------------------------------------

local HEADERS = "include/sdelua/"

-- How many declarations a header marks as public, apart from those that a macro makes, and how many constants it has.
local function marked(whole)
  local declarations, constants = 0, 0
  for line in whole:gmatch "[^\n]+" do
    if line:find "^SL_API " then declarations = declarations + 1 end
    if line:find "^#define SL_[%u%d_]+ " and not line:find "^#define SL_API " then constants = constants + 1 end
  end
  return { declarations, constants }
end

local function untold(items)
  local list = {}
  for _, item in ipairs(items) do
    if item.told == false then list[#list + 1] = item.name end
  end
  return table.concat(list, ", ")
end

check.test("everything public in C has a doc", function()
  local total = 0
  for _, file in ipairs(core.system.list_folder(HEADERS)) do
    local whole, items = text.read(HEADERS .. file), c_pages.read(HEADERS .. file)
    local declarations, constants = 0, 0
    for _, item in ipairs(items) do
      if item.kind == "declaration" then
        if not core.op_docs[item.name:sub(4)] or whole:find(item.name .. "(", 1, true) then
          declarations = declarations + 1
        end
        total = total + 1
      end
      if item.kind == "macro" and not item.code:find("^#define [%w_]+%(") then constants = constants + 1 end
    end
    check.eq(untold(items), "", file .. ": without a doc")
    check.eq({ declarations, constants }, marked(whole), file)
  end
  check.ok(total > 250, "only " .. total)
end)

-- What a header of these lines declares.
local function read(lines)
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write("/* head */\n\n", lines)
  file:close()
  local found = c_pages.read(path)
  os.remove(path)
  return found
end

check.test("a declaration without a comment is missed", function()
  local found = read "SL_API int sl_mine(int a);\n\n/* Told. */\nSL_API int sl_told(int a,\n  int b);\nint x;\n"
  check.eq({ found[1].name, found[1].doc, found[2].name, found[2].doc }, { "sl_mine", nil, "sl_told", "Told." })
  check.eq(untold(found), "sl_mine")
end)

check.test("a comment is of the first thing below it, and of what it names", function()
  local group = "/* Told; so are sl_by_name and short_name, but not sl_longer. */\nSL_API int sl_told(int a);\n"
  local function lacks(lines, missing) check.eq(untold(read(lines)), missing, lines) end
  lacks(group .. "SL_API int sl_shares(int a);\n", "sl_shares")
  lacks(group .. "SL_API int sl_long(int a);\nSL_API int sl_name(int a);\n", "sl_long, sl_name")
  lacks(group .. "SL_API int sl_by_name(int a);\nSL_API int sl_short_name(int a);\n", "")
  lacks(group .. "SL_API int sl_own(int a); /* on its line */\nSL_API int sl_exp(int a);\n", "")
  lacks(group .. "SL_API int sl_empty(int a); /* */\n", "sl_empty")
  lacks(group .. "/* Another. */\nSL_API int sl_other(int a);\n", "")
  lacks("/* Told. */\ntypedef int sl_one;\nSL_API int sl_shares(sl_one a);\ntypedef int sl_two;\n", "sl_shares, sl_two")
end)

check.test("a type without a comment is missed", function()
  local found = read [[
typedef struct sl_foo { int a; } sl_foo;

typedef struct sl_long {
  int a;
} sl_long;

struct sl_bare {
  int a;
};

typedef int sl_made(int a,
                    int b);

typedef int (*sl_pointer)(int a);

typedef int sl_list[3];

/* Told. */
typedef struct sl_above sl_above;

typedef struct sl_beside sl_beside; /* told */

typedef struct sl_inside {
  int a; /* told */
} sl_inside;
]]
  check.eq(untold(found), "sl_foo, sl_long, sl_bare, sl_made, sl_pointer, sl_list")
  check.eq(#found, 9)
end)

check.test("a macro without a comment is missed", function()
  local found = read [[
#define SL_API
#define SL_UNARY_OPS(F) \
  F(exp)
#define SL_DECLARE_UNARY(name) SL_API int sl_##name(int x);
#define SL_SOMETHING 3

#define SL_TWO_LINES \
  4

#define SL_WITH(x) (x)

#define SL_BESIDE 5 /* told */

/* Told. */
#define SL_ABOVE 6
#define SL_SHARES 7
]]
  check.eq(untold(found), "SL_SOMETHING, SL_TWO_LINES, SL_WITH, SL_SHARES")
  check.eq({ found[4].name, found[4].code, found[4].doc }, { "SL_BESIDE", "#define SL_BESIDE 5", "told" })
end)

-- ---- what is generated -------------------------------------------------------------------------

check.test("docs/reference and types/sdelua.lua are fresh", function()
  local code, output = process.run("", process.program, "scripts/reference.lua", "--check")
  check.eq(code, 0, output)
end)

check.test("stale files are found, and written anew", function()
  local folder = process.folder()
  local function run(...) return process.run("", process.program, "scripts/reference.lua", "--folder", folder, ...) end
  check.eq(run(), 0)
  check.eq(run "--check", 0)
  check.ok(text.read(folder .. "/docs/reference/solve.md") == text.read "docs/reference/solve.md")
  for _, name in ipairs { "docs/reference/solve.md", "docs/reference/gone.md", "types/sdelua.lua" } do
    local path = folder .. "/" .. name
    local file = assert(io.open(path, "a"))
    file:write "more"
    file:close()
    local code, output = run "--check"
    check.ok(code ~= 0 and output:find(path .. ": run sdelua scripts/reference.lua", 1, true), output)
    check.eq(run(), 0)
    check.eq(run "--check", 0)
  end
  os.execute("rm -r " .. process.quote(folder))
end)

-- ---- the stubs -----------------------------------------------------------------------------------

local TAGS = { meta = 1, class = 1, field = 1, operator = 1, overload = 1, param = 1, ["return"] = 1 }

check.test("the type stubs are Lua, and their annotations are whole", function()
  local stubs = text.read "types/sdelua.lua"
  check.ok(stubs:find "^%-%-%-@meta sdelua\n")
  local made = assert(load(stubs, "=types/sdelua.lua", "t", {}))()
  for name, value in pairs(sl) do
    if type(value) == "function" then check.eq(type(made[name]), "function", name) end
  end
  local classes, params = {}, {}
  for class in stubs:gmatch "\n%-%-%-@class ([%w_.]+)" do
    check.eq(classes[class], nil, class)
    classes[class] = true
  end
  for line in stubs:gmatch "[^\n]+" do
    local tag, rest = line:match "^%-%-%-@(%w+)%s*(.*)$"
    check.ok(not tag or TAGS[tag], line)
    for class in (tag and rest:gsub("#.*", "") or ""):gmatch "sdelua[%w_.]*" do
      check.ok(classes[class:gsub("%.+$", "")] or tag == "meta", line)
    end
    if tag == "param" then params[#params + 1] = rest:match "^[%w_.]+" end
    local arguments = line:match "^function [%w_.:]+%((.-)%) end$"
    if arguments then
      check.eq(table.concat(params, ", "), arguments, line)
      params = {}
    end
  end
  for _, operator in ipairs { "add", "sub", "mul", "div", "pow", "unm", "len" } do
    check.ok(stubs:find("---@operator " .. operator, 1, true), operator)
  end
end)

check.test("editors know that an op takes a table of options in each place that it may begin at", function()
  local stubs, tensor = require "stubs" (), "sdelua.tensor|number"
  local conv = ("fun(x: %s, w: %s, %%sopts: { %%sstride?: integer|integer[], "):format(tensor, tensor)
  local b = "b?: " .. tensor .. ", "
  for _, overload in ipairs {
    conv:format("", b), conv:format(b, ""),
    "fun(xs: (sdelua.tensor|number)[], opts: { dim?: integer }): sdelua.tensor\n",
    "fun(self: sdelua.tensor, opts: { dims?: integer|integer[], keepdim?: boolean }): sdelua.tensor\n",
  } do check.ok(stubs:find("\n---@overload " .. overload, 1, true), overload) end
  check.ok(stubs:find("---@return sdelua.tensor\nfunction sl.exp(x) end", 1, true), "exp has no options")
end)

check.test("methods with a comment of two dashes, and what is called with a dot, are the house's own", function()
  local known = names()
  for _, name in ipairs { "plot.Axes.settle", "plot.Legend", "plot.Figure.align", "plot.Figure.new" } do
    check.eq(known[name], nil, name)
  end
  for _, name in ipairs { "plot.Axes.place", "plot.Figure.save" } do check.ok(known[name], name) end
end)
