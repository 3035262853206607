-- Drawings into files and pixels: what a figure and a grid of figures have in common. A drawing has size(canvas) ->
-- width, height, and paint(canvas, x, y, width, height).
local draw = require "sdelua.core".draw
local errors = require "sdelua.errors"
local options = require "sdelua.options"

local output = {}

local KINDS = { png = "raster", svg = "svg", pdf = "pdf" }

-- What the core says of a canvas, in the words of a plot; what a layer says stays in its own.
local new_canvas = errors.named("plot", function(...)
  local canvas = draw.canvas(...)
  return canvas
end)
local write = errors.named("plot.save", function(canvas, path) canvas:save(path) end)

-- A new canvas of that kind with the drawing on it.
local function painted(drawing, kind, scale)
  local width, height = drawing:size(new_canvas("raster", 1, 1))
  local canvas = new_canvas(kind, width, height, scale)
  drawing:paint(canvas, 0, 0, width, height)
  return canvas
end

--- Writes the drawing into a file, PNG, SVG or PDF by its ending.
function output.save(drawing, path, opts)
  local o = options.read("plot.save", opts, { scale = 1 })
  local ending = type(path) == "string" and path:lower():match "%.(%w+)$"
  if not KINDS[ending] then
    errors.raise("plot.save: argument path: expected a name that ends in .png, .svg or .pdf, got %s",
      options.show(path))
  end
  write(painted(drawing, KINDS[ending], o.scale), path)
end

--- uint8 [H,W,3] of the drawing.
function output.render(drawing, opts)
  local o = options.read("plot.render", opts, { scale = 1 })
  return painted(drawing, "raster", o.scale):pixels()
end

return output
