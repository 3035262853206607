--- A list of layers, functions and modules: each is given what the one before returned. net:add(layer) puts one more at
-- its end.
local options = require "sdelua.options"
local parts = require "sdelua.nn.module"

local Sequential = parts.Module "Sequential"

-- The layer, if it can be one: a function, or something to call; else an error at that level.
local function check(what, layer, level)
  local meta = type(layer) ~= "function" and debug.getmetatable(layer)
  if type(layer) == "function" or type(meta) == "table" and meta.__call then return layer end
  error(("Sequential: argument %s: expected a layer, a network or a function, got %s"):format(what,
    options.show(layer)), level)
end

function Sequential:init(layers, ...)
  if layers ~= nil and (type(layers) ~= "table" or getmetatable(layers)) or select("#", ...) > 0 then
    error(("Sequential: argument layers: expected a list, as in Sequential { a, b }, got %s%s"):format(
      options.show(layers), select("#", ...) > 0 and " and more" or ""), 3)
  end
  for i, layer in ipairs(layers or {}) do self[i] = check(("layers[%d]"):format(i), layer, 4) end
end

function Sequential:add(layer)
  self[#self + 1] = check("layer", layer, 3)
  return self
end

function Sequential:forward(x)
  for i = 1, #self do x = self[i](x) end
  return x
end

return Sequential
