-- for name, process in every_process() do … end: each process of the collection, the house's and the reader's own.
local sl = require "sdelua"

local levels = {}
for i = 1, 100 do levels[i] = 0.02 end

-- Options without which a process can't be made.
local OWN = { discrete = { betas = levels }, CLD = { features = 1 } }

return function()
  local each = sl.sde.processes:each()
  return function()
    local name = each()
    if name then return name, sl.sde[name](OWN[name] or {}) end
  end
end
