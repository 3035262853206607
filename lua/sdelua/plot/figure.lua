-- A plot: layers over each other in one frame. figure:<layer>(…, options) adds what sdelua/plot/layers/<layer>.lua
-- describes, and gives the figure again; sl.plot.list() prints the layers.
local sl = require "sdelua"
local errors = require "sdelua.errors"
local options = require "sdelua.options"
local Axes = require "sdelua.plot.axes"
local Legend = require "sdelua.plot.legend"
local arguments = require "sdelua.plot.arguments"
local colorbar = require "sdelua.plot.colorbar"
local colors = require "sdelua.plot.colors"
local layers = require "sdelua.plot.layer"
local output = require "sdelua.plot.output"
local scales = require "sdelua.plot.scale"
local warn = require "sdelua.warn"

local Figure = {}

-- A method, else the function that adds a layer of that name.
Figure.__index = function(_, name) return rawget(Figure, name) or layers.adder(name) end
Figure.__name = "sdelua.Figure"
Figure.__names = function() return layers.methods(Figure) end

local OPTIONS = {
  title = "", xlabel = "", ylabel = "", width = 480, height = options.NONE, xlim = options.NONE, ylim = options.NONE,
  xscale = "linear", yscale = "linear", aspect = options.NONE, legend = true, axes = options.NONE,
}
local TITLE, EDGE, ROOM = 13, 6, 0.04 -- size of the title; least margin; share of the range around data
local ALONE = { -3, 3 }               -- limits where nothing sets any

--- A figure without layers; options as sl.plot has them.
function Figure.new(opts)
  local o = options.read("plot", opts, OPTIONS)
  if o.aspect ~= nil and o.aspect ~= "auto" and o.aspect ~= "equal" then
    errors.raise("plot: option aspect: expected auto or equal, got " .. options.show(o.aspect))
  end
  for _, name in ipairs { "xlim", "ylim" } do
    if o[name] then arguments.interval("plot", name, o[name]) end
  end
  for _, name in ipairs { "title", "xlabel", "ylabel" } do arguments.words("plot", name, o[name]) end
  if o.height then o.height = arguments.interval("plot", "height", { 0, o.height })[2] end
  -- turns: of the palette, taken; aside: how much of the width is the legend's, bars: and the colour bars'; least: see
  -- align
  local self = { o = o, layers = {}, turns = 0, aside = 0, bars = 0, least = {} }
  self.x, self.y = scales.axis("x", o), scales.axis("y", o)
  return setmetatable(self, Figure)
end

-- ---- limits -------------------------------------------------------------------------------------

-- Whether some layer says so.
local function any(self, key)
  for _, layer in ipairs(self.layers) do
    if layer.row[key] then return true end
  end
  return false
end

-- The range in a dimension of all layers' points that have a place, as the scale's forward has it.
local function range(self, dim)
  local lo, hi = math.huge, -math.huge
  for _, layer in ipairs(self.layers) do
    if layer.points and layer.points:numel() > 0 then
      local points = layer.points:reshape { -1, 2 }
      local u = { self.x.scale.forward(points:select(2, 1)), self.y.scale.forward(points:select(2, 2)) }
      local a, b = arguments.range(sl.where(arguments.finite(u[3 - dim]), u[dim], 0 / 0))
      if a then lo, hi = math.min(lo, a), math.max(hi, b) end
    end
  end
  if lo <= hi then return lo, hi end
end

-- Limits that show everything, with some room; a single value has one on either side.
local function found(self, dim, axis)
  local lo, hi = range(self, dim)
  if not lo then return scales.limits(axis.scale, axis.scale.admits(ALONE[1]) and ALONE or { 0.1, 10 }) end
  if hi - lo < 1e-12 * math.max(math.abs(lo), math.abs(hi), 1e-290) then
    local away = lo == 0 and 1 or math.max(math.abs(lo) * 0.1, 1e-300)
    return lo - away, hi + away
  end
  local room = any(self, "tight") and 0 or (hi - lo) * ROOM
  local grounded = dim == 2 and any(self, "grounded") and lo == 0
  return grounded and lo or lo - room, hi + room
end

local function set_limits(self)
  for dim, axis in ipairs { self.x, self.y } do
    if axis.given then
      axis.lo, axis.hi = scales.limits(axis.scale, axis.given)
    else
      local lo, hi = found(self, dim, axis)
      axis.lo, axis.hi = math.max(lo, axis.scale.widest[1]), math.min(hi, axis.scale.widest[2])
    end
  end
end

-- ---- layout -----------------------------------------------------------------------------------------

-- Whether there are pictures and nothing else.
local function only_bare(self)
  for _, layer in ipairs(self.layers) do
    if not layer.row.bare then return false end
  end
  return #self.layers > 0
end

local function has_axes(self)
  if self.o.axes ~= nil then return self.o.axes end
  return not only_bare(self)
end

local function is_equal(self) return self.o.aspect == "equal" or self.o.aspect == nil and only_bare(self) end

-- What is around the frame: { left, right, top, bottom }.
local function margins(self, axes)
  local o, m = self.o, { left = EDGE, right = EDGE, top = EDGE, bottom = EDGE }
  if o.title ~= "" then m.top = m.top + TITLE + 9 end
  if o.ylabel ~= "" then m.left = m.left + Axes.TEXT + 6 end
  if o.xlabel ~= "" then m.bottom = m.bottom + Axes.TEXT + 7 end
  if axes.x.ticks then
    m.left = m.left + axes:label_width() + 8
    m.bottom = m.bottom + Axes.SMALL + 7
    m.right = m.right + axes:width(axes.x.ticks.labels[#axes.x.ticks.labels] or "") / 2
    m.top = math.max(m.top, EDGE + Axes.SMALL / 2)
  end
  m.right = m.right + self.bars + self.aside
  for side, least in pairs(self.least) do m[side] = math.max(m[side], least) end
  return m
end

-- Units of y over units of x, as long as each other.
local function ratio(self) return (self.y.hi - self.y.lo) / (self.x.hi - self.x.lo) end

-- The height that makes units as long along both axes.
local function equal_height(self, axes, width)
  local guess = width * 0.75
  for _ = 1, 2 do
    if has_axes(self) then axes:choose_ticks(width * 0.85, guess * 0.85) end
    local m = margins(self, axes)
    local inner = math.max(20, width - m.left - m.right)
    guess = math.min(math.max(inner * ratio(self), width / 8), width * 8) + m.top + m.bottom
  end
  return math.floor(guess + 0.5)
end

-- Limits that nobody gave become wider, or the frame narrower, until units are as long along both axes.
local function make_equal(self, b)
  local wanted = b.height / b.width
  local narrow, wide = self.y, self.x -- the axis that has room, and the other
  if ratio(self) > wanted then narrow, wide = self.x, self.y end
  if not narrow.given then
    local length = narrow == self.x and (wide.hi - wide.lo) / wanted or (wide.hi - wide.lo) * wanted
    local middle = (narrow.lo + narrow.hi) / 2
    narrow.lo, narrow.hi = middle - length / 2, middle + length / 2
  elseif narrow == self.x then
    local width = b.height / ratio(self)
    b.x, b.width = b.x + (b.width - width) / 2, width
  else
    local height = b.width * ratio(self)
    b.y, b.height = b.y + (b.height - height) / 2, height
  end
end

-- The frame within a rectangle, with ticks chosen. Ticks need its size, and its margins the ticks' labels: the third
-- time they agree.
local function settle(self, axes, x, y, width, height)
  local b = { width = width * 0.85, height = height * 0.85 }
  for _ = 1, 3 do
    if has_axes(self) then axes:choose_ticks(b.width, b.height) end
    local m = margins(self, axes)
    b = {
      x = math.floor(x + m.left), y = math.floor(y + m.top),
      width = math.max(10, math.floor(width - m.left - m.right)),
      height = math.max(10, math.floor(height - m.top - m.bottom)),
    }
    set_limits(self)
    if is_equal(self) then make_equal(self, b) end
  end
  axes:settle(b)
end

-- Settles; where a legend would cover data, once more with it beside the frame.
local function arrange(self, canvas, x, y, width, height)
  local axes = Axes.new(canvas, self.x, self.y)
  settle(self, axes, x, y, width, height)
  local legend = self.o.legend and Legend.new(canvas, self.layers, width) or nil
  if legend and self.aside == 0 and not legend:fits(axes) then
    self.aside = legend:aside()
    settle(self, axes, x, y, width, height)
  end
  return axes, legend
end

-- The axes, the height, and the legend, in the width; with limits anew.
local function plan(self, canvas, x, y, width, height)
  self.aside, self.bars = 0, colorbar.width(self.layers)
  set_limits(self)
  if height then return arrange(self, canvas, x, y, width, height) end
  if not is_equal(self) then return math.floor(width * 0.75) end
  local axes = Axes.new(canvas, self.x, self.y)
  arrange(self, canvas, x, y, width, equal_height(self, axes, width)) -- which may put the legend aside
  return equal_height(self, axes, width)
end

--- Its width and height, in points; canvas is there to measure words.
function Figure:size(canvas)
  local o = self.o
  return o.width, o.height or plan(self, canvas, 0, 0, o.width)
end

-- What is around the frame where it is painted at that size, { left =, right =, top =, bottom = }.
function Figure:around(canvas, width, height)
  self.least = {}
  return margins(self, (plan(self, canvas, 0, 0, width, height)))
end

-- From here on there is at least so much around the frame: what a grid's frames stand in line by.
function Figure:align(least) self.least = least end

-- ---- drawing ---------------------------------------------------------------------------------------------

-- Where the middle of words is that are `long`, between `from` and `to`: at `middle`, or as near as they fit.
local function within(middle, long, from, to)
  return math.min(math.max(middle, from + EDGE + long / 2), to - EDGE - long / 2)
end

-- The title over the frame's middle, or as near as it fits; smaller where it is wider than the plot; in a grid as high
-- as those of its row, whose frames may be higher.
local function draw_title(self, axes, x, y, width)
  local style = { size = TITLE, anchor = 0.5, bold = true, color = Axes.INK }
  local long = Axes.fit(axes.canvas, self.o.title, style, width - 2 * EDGE)
  local middle = within(axes.box.x + axes.box.width / 2, long, x, x + width)
  local top = self.least.top and math.floor(y + self.least.top) or axes.box.y
  axes.canvas:text(middle, top - 9, self.o.title, style)
end

-- Labels over the frame's middle, or as near as they fit; smaller where they are longer than the plot.
local function draw_labels(self, axes, x, y, width, height)
  local o, b, canvas = self.o, axes.box, axes.canvas
  local style = { size = Axes.TEXT, anchor = 0.5, color = Axes.INK }
  local long = Axes.fit(canvas, o.xlabel, style, width - 2 * EDGE)
  canvas:text(within(b.x + b.width / 2, long, x, x + width), y + height - EDGE - 2, o.xlabel, style)
  style = { size = Axes.TEXT, anchor = 0.5, color = Axes.INK, angle = 90 }
  long = Axes.fit(canvas, o.ylabel, style, height - 2 * EDGE)
  canvas:text(x + EDGE + Axes.TEXT - 2, within(b.y + b.height / 2, long, y, y + height), o.ylabel, style)
end

-- Layers whose points are finite, and none of them on the scale of an axis.
local function tell_of_hidden(self)
  for _, layer in ipairs(self.layers) do
    for dim, axis in ipairs { self.x, self.y } do
      local values = layer.points and layer.points:numel() > 0 and layer.points:select(-1, dim)
      if values and arguments.range(values) and not arguments.range(axis.scale.forward(values)) then
        warn("%s: nothing to draw on a %s scale: expected %s", layer.who, axis.scale.name, axis.scale.expected)
      end
    end
  end
end

local function white(canvas, x, y, width, height)
  canvas:path(sl.tensor { { x, y }, { x + width, y }, { x + width, y + height }, { x, y + height } },
    { fill = colors.grey(1), closed = true })
end

--- Draws it into that rectangle of the canvas.
function Figure:paint(canvas, x, y, width, height)
  local axes, legend = plan(self, canvas, x, y, width, height)
  local b = axes.box
  tell_of_hidden(self)
  white(canvas, x, y, width, height)
  if axes.x.ticks then axes:draw_grid() end
  canvas:clip(b.x, b.y, b.width + 1, b.height + 1)
  for _, layer in ipairs(self.layers) do sl.no_grad(layer.row.draw, layer, axes) end
  canvas:unclip()
  if axes.x.ticks then axes:draw_frame() end
  colorbar.draw(self.layers, axes)
  draw_labels(self, axes, x, y, width, height)
  draw_title(self, axes, x, y, width)
  if legend then legend:draw(axes, self.bars) end
end

--- Writes it to a file, PNG, SVG or PDF by the ending; gives the figure. Options: scale = 1, dots of a PNG to a point.
function Figure:save(path, opts)
  output.save(self, path, opts)
  return self
end

--- uint8 [H,W,3]: the picture. Options: scale = 1, dots to a point.
function Figure:render(opts) return output.render(self, opts) end

return Figure
