-- sdelua scripts/reference.lua [--check]: writes docs/reference (a page a room and a C header) and types/sdelua.lua
-- from the rows and comments of the house. With --check it writes nothing and fails where a file is stale.
local HERE = arg[0]:match "^(.*)/[^/]*$" or "."
package.path = HERE .. "/reference/?.lua;" .. package.path
local cli = require "sdelua.train.cli"
local system = require "sdelua.core".system
local text = require "text"
local c_pages = require "c_pages"

local p = cli.parser("reference.lua", "Writes docs/reference and types/sdelua.lua.")
p:flag("--check", "Write nothing; fail where a file is stale.")
p:option("--folder", "The folder that holds docs and types.", HERE .. "/..")
local a = p:parse()

local HEADERS = HERE .. "/../include/sdelua"

local function pages()
  local made = require "lua_pages" ()
  for _, file in ipairs(system.list_folder(HEADERS)) do
    local name = file:match "^(%w+)%.h$"
    if name then made["c-" .. name] = c_pages.page(name, HEADERS .. "/" .. file) end
  end
  return made
end

local function index(made)
  local lua, c = {}, {}
  for name in pairs(made) do
    local list = name:find "^c%-" and c or lua
    list[#list + 1] = ("- [%s](%s.md)"):format(name:gsub("^c%-(.*)", "sdelua/%1.h"), name)
  end
  table.sort(lua)
  table.sort(c)
  return ("# Reference\n\nMade by scripts/reference.lua; `sl.help(x)` and `sl.apropos(text)` say the same.\n"
    .. "For lua-language-server, put the folder of types/sdelua.lua into its setting Lua.workspace.library.\n\n"
    .. "## Lua\n\n%s\n\n## C\n\n%s\n"):format(table.concat(lua, "\n"), table.concat(c, "\n"))
end

local stale, folder = {}, a.folder .. "/docs/reference"
local made = pages()
made.README = index(made)
if not a.check then
  system.make_folder(folder)
  system.make_folder(a.folder .. "/types")
end
for name, content in pairs(made) do text.write(("%s/%s.md"):format(folder, name), content, a.check, stale) end
for _, file in ipairs(system.kind(folder) == "folder" and system.list_folder(folder) or {}) do
  if not made[file:match "^(.*)%.md$" or ""] then
    if a.check then stale[#stale + 1] = folder .. "/" .. file else os.remove(folder .. "/" .. file) end
  end
end
text.write(a.folder .. "/types/sdelua.lua", require "stubs" (), a.check, stale)
if #stale > 0 then
  table.sort(stale)
  error("reference.lua: stale: " .. table.concat(stale, ", ") .. ": run sdelua scripts/reference.lua", 0)
end
