-- Colour bars: which numbers the colours of a layer stand for, at the right of the frame, with the option colorbar:
-- true, or words along it. A layer with one says in `draw` what it used, as self.shades = { map, lo, hi }.
local sl = require "sdelua"
local errors = require "sdelua.errors"
local options = require "sdelua.options"
local Axes = require "sdelua.plot.axes"
local colormap = require "sdelua.plot.colormap"
local colors = require "sdelua.plot.colors"
local scale = require "sdelua.plot.scale"

local colorbar = {}

local AWAY, WIDE, TICK, LABELS, WORDS = 10, 12, 3.5, 30, 16 -- LABELS, WORDS: room for the numbers, and for words
local SHADES, APART = 128, 36

--- Checks a layer's option.
function colorbar.read(self)
  local given = self.o.colorbar
  if given == nil or type(given) == "boolean" or type(given) == "string" then return end
  errors.raise("%s: option colorbar: expected true or words, got %s", self.who, options.show(given))
end

local function room(layer)
  local given = layer.o.colorbar
  if not given then return 0 end
  return AWAY + WIDE + TICK + 3 + LABELS + (type(given) == "string" and WORDS or 0)
end

--- How much wider a plot has to be with the bars of its layers.
function colorbar.width(layers)
  local width = 0
  for _, layer in ipairs(layers) do width = width + room(layer) end
  return width
end

local function box_path(canvas, x, y, width, height)
  canvas:path(sl.tensor({ { x, y }, { x + width, y }, { x + width, y + height }, { x, y + height } },
    { dtype = "float64" }), { stroke = colors.grey(0.55), width = 1, closed = true })
end

-- The numbers beside a bar, smaller where they need more room than there is; gives how wide they are.
local function draw_numbers(canvas, shades, x, y, height)
  local lo, hi = shades.lo, shades.hi
  local ticks = scale.all:find("linear").ticks(lo, hi, math.max(2, height // APART))
  local widest = 1
  for _, words in ipairs(ticks.labels) do widest = math.max(widest, canvas:measure(words, { size = Axes.SMALL })) end
  local style = { size = Axes.SMALL * math.min(1, LABELS / widest), color = Axes.INK }
  for i, v in ipairs(ticks.at) do
    local at = math.floor(y + height * (hi - v) / (hi - lo)) + 0.5
    canvas:path(sl.tensor({ { x, at }, { x + TICK, at } }, { dtype = "float64" }),
      { stroke = colors.grey(0.55), width = 1 })
    canvas:text(x + TICK + 3, at + style.size * 0.36, ticks.labels[i], style)
  end
  return math.min(widest, LABELS)
end

local function draw(layer, canvas, x, y, height)
  local shades, words = layer.shades, layer.o.colorbar
  local column = sl.linspace(shades.hi, shades.lo, SHADES):reshape { SHADES, 1 }
  canvas:image(colormap.apply(shades.map, column, shades.lo, shades.hi), x, y, WIDE, height, true)
  box_path(canvas, x + 0.5, y + 0.5, WIDE, height)
  local numbers = draw_numbers(canvas, shades, x + WIDE + 0.5, y, height)
  if type(words) == "string" then
    canvas:text(x + WIDE + TICK + 3 + numbers + WORDS, y + height / 2, words,
      { size = Axes.TEXT, anchor = 0.5, angle = 90, color = Axes.INK })
  end
end

--- Draws the bars of the layers, which are drawn already.
function colorbar.draw(layers, axes)
  local b = axes.box
  local x = b.x + b.width
  for _, layer in ipairs(layers) do
    if layer.o.colorbar then draw(layer, axes.canvas, x + AWAY, b.y, b.height) end
    x = x + room(layer)
  end
end

return colorbar
