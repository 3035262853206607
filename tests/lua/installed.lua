-- For tests of what is installed: the tree of the build that runs them, and programs built against it.
local process = require "process"

local installed = { source = assert(io.popen "pwd"):read "l" }

local function realpath(path) return assert(io.popen("realpath " .. process.quote(path))):read "l" end

--- The build folder: where the program lies.
installed.build = realpath(process.program):match "^(.*)/"

--- Runs a command that has to end well, with `before` (variables of the environment) in front; what it printed.
function installed.run(before, ...)
  local code, text = process.run(before, ...)
  if code ~= 0 then error(table.concat({ ... }, " ") .. ":\n" .. text, 2) end
  return text
end

--- A new folder with all of it: installed for the prefix /opt/somewhere below a DESTDIR, so that nothing lies at the
-- place that it was installed for.
function installed.tree()
  local folder = process.folder()
  local destination = "DESTDIR=" .. process.quote(folder)
  installed.run(destination, "cmake", "--install", installed.build, "--prefix", "/opt/somewhere")
  return folder, folder .. "/opt/somewhere"
end

return installed
