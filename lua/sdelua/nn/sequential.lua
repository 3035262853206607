--- Sequential { layer, function, module, ... }: each is given what the one before returned.
local parts = require "sdelua.nn.module"

local Sequential = parts.Module "Sequential"

function Sequential:init(list)
  for i, layer in ipairs(list or {}) do self[i] = layer end
end

function Sequential:add(layer)
  self[#self + 1] = layer
  return self
end

function Sequential:forward(x)
  for i = 1, #self do x = self[i](x) end
  return x
end

return Sequential
