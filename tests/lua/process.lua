-- For tests that run programs: local process = require "process".
local system = require "sdelua.core".system

local process = { program = arg[-1] } -- the sdelua that runs the tests

function process.quote(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

--- A new empty folder.
function process.folder()
  local path = os.tmpname()
  os.remove(path)
  system.make_folder(path)
  return path
end

--- Exit code and all output of a command, with `before` (variables of the environment) in front.
function process.run(before, ...)
  local words = { before }
  for _, word in ipairs { ... } do words[#words + 1] = process.quote(word) end
  local pipe = io.popen(table.concat(words, " ") .. " 2>&1", "r")
  local text = pipe:read "a"
  local _, _, code = pipe:close()
  return code, text
end

return process
