-- The module in its host, be it the program or stock lua5.4.
local check = require "check"
local sl = require "sdelua"

check.test("one Lua in the process", function()
  local maps = io.open "/proc/self/maps"
  if not maps then return end
  local found, count = {}, 0
  for line in maps:lines() do
    local library = line:match "/[^%s]*liblua[^%s]*$"
    if library and not found[library] then
      found[library] = true
      count = count + 1
    end
  end
  maps:close()
  check.ok(count <= 1, count .. " Lua libraries")
end)

check.test("another Lua gets a clear message", function()
  local path = assert(package.searchpath("sdelua", package.path))
  local chunk = assert(loadfile(path, "t", { _VERSION = "Lua 5.1", error = error, tostring = tostring }))
  check.raises(chunk, "sdelua needs Lua 5.4, and this is Lua 5.1")
end)

check.test("rooms load on first use, and unknown ones are nil", function()
  check.eq(type(sl.help), "function")
  check.ok(rawget(sl, "help"))
  check.eq(sl.no_such_room, nil)
  check.eq(sl["../etc"], nil)
  check.eq(sl[1], nil)
end)

check.test("threads, instruction set and memory", function()
  local n = sl.threads()
  sl.set_threads(1)
  check.eq(sl.threads(), 1)
  sl.set_threads(n)
  check.ok(({ baseline = true, avx2 = true, avx512 = true })[sl.isa()])
  local m = sl.memory()
  check.ok(m.peak >= m.live and math.type(m.live) == "integer")
end)
