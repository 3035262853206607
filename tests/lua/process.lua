-- For tests that run programs: local process = require "process".
local system = require "sdelua.core".system

local process = { program = arg[-1] } -- the sdelua that runs the tests

function process.quote(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

local here = io.popen "pwd":read "l"

--- A path that holds in every folder.
function process.absolute(path) return path:sub(1, 1) == "/" and path or here .. "/" .. path end

--- A new empty folder.
function process.folder()
  local path = os.tmpname()
  os.remove(path)
  system.make_folder(path)
  return path
end

--- Begins a command, with `before` (variables of the environment) in front; returns a function that waits for its exit
--- code and all of its output.
function process.start(before, ...)
  local words = { before }
  for _, word in ipairs { ... } do words[#words + 1] = process.quote(word) end
  local pipe = io.popen(table.concat(words, " ") .. " 2>&1", "r")
  return function()
    local text = pipe:read "a"
    local _, _, code = pipe:close()
    return code, text
  end
end

--- Exit code and all output of such a command.
function process.run(...) return process.start(...)() end

return process
