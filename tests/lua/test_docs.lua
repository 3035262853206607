-- The tables of docs/samplers.md, docs/inverse.md and docs/guidance.md say what the files of samplers, processes,
-- objectives, metrics, networks, operators and methods say.
local check = require "check"
local process = require "process"

check.test("the pages are fresh", function()
  local code, text = process.run("", process.program, "scripts/docs.lua", "--check")
  check.eq(code, 0, text)
end)

local function read(path)
  local file <close> = assert(io.open(path))
  return file:read "a"
end

local function write(path, text)
  local file <close> = assert(io.open(path, "w"))
  file:write(text)
end

check.test("a stale table is found, and written anew", function()
  local folder, fresh = process.folder(), {}
  for _, page in ipairs { "samplers", "inverse", "guidance" } do
    fresh[page] = read("docs/" .. page .. ".md")
    write(("%s/%s.md"):format(folder, page), fresh[page])
  end
  for page, row in pairs { samplers = "`dpmpp_2m` | 2", inverse = "`superres` | yes", guidance = "`logp` | process" } do
    local path = ("%s/%s.md"):format(folder, page)
    write(path, (fresh[page]:gsub(row, row .. "?")))
    local code, text = process.run("", process.program, "scripts/docs.lua", "--check", "--folder", folder)
    check.ok(code ~= 0 and text:find(page .. ".md is stale: run sdelua scripts/docs.lua", 1, true), text)
    check.eq(process.run("", process.program, "scripts/docs.lua", "--folder", folder), 0)
    check.ok(read(path) == fresh[page])
  end
  os.execute("rm -r " .. process.quote(folder))
end)
