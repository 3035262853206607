-- sdelua tests/lua/run.lua FILE...: runs test files; the last line counts.
local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/?.lua;" .. package.path
local check = require "check"
for _, file in ipairs(arg) do
  local chunk, err = loadfile(file)
  if not chunk then error(err, 0) end
  chunk(file)
end
print(("%d passed, %d failed"):format(check.passed, check.failed))
os.exit(check.failed == 0 and check.passed > 0, true)
