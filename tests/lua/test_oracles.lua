-- Values of published code, in tests/fixtures: tests/lua/oracles/*.lua replay them, and every case is either replayed
-- or left out for a reason that is printed.
local oracle = require "oracle"

local parts = (require "sdelua.collection" "oracles"):names()
for _, part in ipairs(parts) do require("oracles." .. part) end
oracle.report { "sde", "sampling", "likelihood", "loss", "control", "inverse", "ops", "models" }
