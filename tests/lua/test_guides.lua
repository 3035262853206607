-- Every page with Lua in it runs, each in an empty folder and a process of its own (see page.lua), and what pages point
-- to is there.
local check = require "check"
local files = require "files"
local process = require "process"
local system = require "sdelua.core".system

local absolute = process.absolute

local function pages()
  local list = { "README.md", "examples/README.md" }
  for _, folder in ipairs { "docs", "docs/guides" } do
    for _, name in ipairs(system.list_folder(folder)) do
      if name:find "%.md$" then list[#list + 1] = folder .. "/" .. name end
    end
  end
  table.sort(list)
  return list
end

-- Runs a page in a folder of its own.
local function run(path)
  local code, text
  files.with_folder(function(folder)
    code, text = process.run(("cd %s &&"):format(process.quote(folder)), absolute(process.program),
      absolute "tests/lua/page.lua", absolute(path))
  end)
  return code, text
end

for _, path in ipairs(pages()) do
  local text = files.read(path)
  if text:find("\n```lua\n", 1, true) then
    check.test("the Lua of " .. path .. " runs", function()
      local code, said = run(path)
      check.eq(code, 0, said)
    end)
  end
  check.test("what " .. path .. " points to is there", function()
    local folder = path:match "^(.*/)" or ""
    for target in text:gsub("```.-```", ""):gmatch "%]%(([^)]+)%)" do
      local file = target:match "^[^#]*"
      if file ~= "" and not file:find "^%w+:" then check.ok(system.kind(folder .. file), file) end
    end
  end)
end

check.test("a page that says what is not so fails, by its line", function()
  files.with_folder(function(folder)
    local path = folder .. "/page.md"
    local function says(text, ...)
      files.write(path, "# A page\n\n```lua\n" .. text .. "\n```\n")
      local code, said = run(path)
      check.ok(code ~= 0, said)
      for _, part in ipairs { ... } do check.ok(said:find(part, 1, true), said) end
    end
    says("print(1 + 1)   --> 3", "page.md:4: the page says that this prints:\n3\nand it prints:\n2")
    says("print 'a\\nb'  --> a\n--> c", "a\nc", "a\nb")
    says("if false then\n  print 'x'  --> x\nend", "page.md:5", "and it prints:\nnil")
    says("local x = nil + 1", "page.md:4: attempt")
  end)
end)
