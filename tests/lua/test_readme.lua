-- The README's Lua runs, with fewer steps.
local check = require "check"

check.test("the README's examples run", function()
  local file <close> = assert(io.open "README.md")
  local blocks = 0
  for code in file:read("a"):gmatch "```lua\n(.-)```" do
    code = code:gsub("progress%(%d+", "progress(2"):gsub("steps = %d+", "steps = 2")
    local env = setmetatable({ print = function() end }, { __index = _G })
    assert(load(code, "=README.md", "t", env))()
    blocks = blocks + 1
  end
  check.ok(blocks > 0, "no ```lua block found")
end)
