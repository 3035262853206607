--- A list of layers, functions and modules: each is given what the one before returned. net:add(layer) puts one more at
-- its end.
local errors = require "sdelua.errors"
local options = require "sdelua.options"
local parts = require "sdelua.nn.module"

local Sequential = parts.Module "Sequential"

local function check(what, layer)
  if options.callable(layer) then return layer end
  return errors.raise("Sequential: argument %s: expected a layer, a network or a function, got %s", what,
    options.show(layer))
end

function Sequential:init(layers, ...)
  if layers ~= nil and (type(layers) ~= "table" or getmetatable(layers)) or select("#", ...) > 0 then
    errors.raise("Sequential: argument layers: expected a list, as in Sequential { a, b }, got %s%s",
      options.show(layers), select("#", ...) > 0 and " and more" or "")
  end
  for i, layer in ipairs(layers or {}) do self[i] = check(("layers[%d]"):format(i), layer) end
end

function Sequential:add(layer)
  self[#self + 1] = check("layer", layer)
  return self
end

function Sequential:forward(x)
  for i = 1, #self do x = self[i](x) end
  return x
end

return Sequential
