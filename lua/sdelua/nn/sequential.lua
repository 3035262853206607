--- A list of layers, functions and modules: each is given what the one before returned. net:add(layer) puts one more at
-- its end.
local parts = require "sdelua.nn.module"

local Sequential = parts.Module "Sequential"

function Sequential:init(layers)
  for i, layer in ipairs(layers or {}) do self[i] = layer end
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
