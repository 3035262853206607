-- For tests that write files: a folder of their own.
local system = require "sdelua.core".system

local files = {}

--- A file, or a folder with all that is in it. Of a link goes the link, never what it leads to.
function files.remove(path)
  if os.remove(path) or system.kind(path) ~= "folder" then return end
  for _, name in ipairs(system.list_folder(path)) do files.remove(path .. "/" .. name) end
  os.remove(path)
end

--- fn(path) with a new folder, which goes with all that is in it.
function files.with_folder(fn)
  local path = os.tmpname()
  os.remove(path)
  system.make_folder(path)
  local ok, err = xpcall(fn, debug.traceback, path)
  files.remove(path)
  if not ok then error(err, 0) end
end

function files.write(path, bytes)
  local file <close> = assert(io.open(path, "wb"))
  file:write(bytes)
end

function files.read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

return files
