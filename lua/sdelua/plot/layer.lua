-- Layers: what the files sdelua/plot/layers/<name>.lua describe (see sdelua/plot/init.lua), as methods of figures.
local sl = require "sdelua"
local collection = require "sdelua.collection"
local errors = require "sdelua.errors"
local options = require "sdelua.options"
local arguments = require "sdelua.plot.arguments"
local colors = require "sdelua.plot.colors"
local warn = require "sdelua.warn"

local layer = { all = collection "sdelua.plot.layers" }
layer.all.class = "plot.Figure"

-- Else a frame is drawn, and nothing in it.
local function tell_of_nothing(self)
  local points = self.points
  if points and points:numel() > 0 and arguments.finite(points):amin(points:dim()):amax():item() == 0 then
    warn("%s: nothing to draw: no point is finite", self.who)
  end
end

-- The layer that a row makes of its arguments; turn: how many before it had a turn in the palette.
local function new(row, turn, ...)
  local who, n = "plot." .. row.name, #row.arguments
  local o = options.read(who, (select(n + 1, ...)), row.options)
  local self = { row = row, o = o, who = who }
  if o.label ~= nil then arguments.words(who, "label", o.label) end
  if row.options.color then self.color = colors.read(who, o.color or turn) end
  row.read(self, ...)
  tell_of_nothing(self)
  if self.traces then sl.keep(self.traces) end
  return sl.keep(self) -- a plot may be drawn when the scope that it was filled in is closed
end

local adders = {}

--- The method that adds a layer of that name, or nil.
function layer.adder(name)
  if adders[name] then return adders[name] end
  local row = layer.all:find(name)
  if not row then return nil end
  for key, kind in pairs { arguments = "table", options = "table", read = "function", draw = "function" } do
    if type(row[key]) ~= kind then
      errors.raise("sdelua.plot.layers.%s: field %s: expected a %s, got %s", name, key, kind, type(row[key]))
    end
  end
  errors.named("plot." .. name, row.draw) -- what the canvas finds wrong is wrong with the layer's options
  adders[name] = function(figure, ...)
    local turn = row.turn and figure.turns + 1 or math.max(1, figure.turns)
    local made = new(row, turn, ...)
    if row.turn and made.o.color == nil then figure.turns = turn end
    figure.layers[#figure.layers + 1] = made
    return figure
  end
  return adders[name]
end

--- The names of a class's methods and of all layers, for completion.
function layer.methods(class)
  local names = {}
  for _, name in ipairs(layer.all:names()) do names[name] = true end
  for name, value in pairs(class) do
    if type(value) == "function" and not name:find "^_" and name ~= "new" then names[name] = true end
  end
  return names
end

return layer
