-- The tables of docs/samplers.md say what the files of samplers, processes, objectives, metrics and networks say.
local check = require "check"
local process = require "process"

check.test("docs/samplers.md is fresh", function()
  local code, text = process.run("", process.program, "scripts/docs.lua", "--check")
  check.eq(code, 0, text)
end)

check.test("a stale table is found, and written anew", function()
  local path = os.tmpname()
  local file <close> = assert(io.open "docs/samplers.md")
  local fresh = file:read "a"
  local function write(text)
    local copy <close> = assert(io.open(path, "w"))
    copy:write(text)
  end
  write((fresh:gsub("`dpmpp_2m` | 2", "`dpmpp_2m` | 3")))
  local code, text = process.run("", process.program, "scripts/docs.lua", "--check", "--file", path)
  check.ok(code ~= 0 and text:find("is stale: run sdelua scripts/docs.lua", 1, true), text)
  check.eq(process.run("", process.program, "scripts/docs.lua", "--file", path), 0)
  local again <close> = assert(io.open(path))
  check.ok(again:read "a" == fresh)
  os.remove(path)
end)
