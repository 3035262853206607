-- What tests/lua/files.lua removes, and what it must leave.
local check = require "check"
local files = require "files"
local process = require "process"
local system = require "sdelua.core".system

check.test("removing a folder takes the links in it, not what they lead to", function()
  local kept, folder = process.folder(), process.folder()
  files.write(kept .. "/precious", "x")
  system.make_folder(folder .. "/below")
  files.write(folder .. "/below/file", "x")
  for _, link in ipairs { "/link", "/below/link" } do
    check.eq(process.run("", "ln", "-s", kept, folder .. link), 0)
  end
  files.remove(folder)
  check.eq(system.kind(folder), nil)
  check.eq(files.read(kept .. "/precious"), "x")
  files.remove(kept)
  check.eq(system.kind(kept), nil)
end)
