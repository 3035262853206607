--- sl.plot: pictures of curves, points and functions of the plane. sl.plot { title = "…", xlabel = "x" } is a plot,
-- whose methods add layers over each other and give the plot again: p:line(x, y):scatter(points):save "x.png". They are
-- what the files sdelua/plot/layers/<name>.lua describe; sl.plot.list() prints them all, and sl.plot.<name>(…) is
-- sl.plot {}:<name>(…). Options of a plot, with their defaults:
--   title, xlabel, ylabel = ""     words
--   width = 480, height            in points, of which a PNG has one dot unless save is told scale =; height is three
--                                  quarters of width, or with aspect = "equal" what that asks for
--   xlim, ylim = { lo, hi }        what is shown; without, all data
--   xscale, yscale = "linear"      or "log"; sdelua/plot/scales/<name>.lua
--   aspect                         "equal": a unit is as long along x as along y; "auto": not so; without, as the
--                                  layers want it
--   legend = true                  of the layers with a label =, in a corner without data, else at the right
--   axes                           false: no ticks, no frame; without, as the layers want it
-- Colours are names ("blue", "orange", "green", "pink", "amber", "sky", "black", "white", "grey"), "#rrggbb",
-- { r, g, b } in [0,1], or the number of a turn in Okabe and Ito's palette, whose colours layers otherwise take in
-- turn. A row of layers/ holds, besides doc, source and options,
--   arguments  names of what comes before the options, for signatures
--   read       function(self, ...): checks the arguments and keeps what is needed; self.o are the options, self.who
--              what errors begin with, self.color its colour where `color` is an option. self.points, a float64 tensor
--              [...,2], is what the limits must show.
--   draw       function(self, axes): draws on axes.canvas (sl.draw) through axes:place(points), unrecorded; see
--              sdelua/plot/axes.lua
--   key        what stands in the legend (sdelua/plot/key.lua), where `label` is an option
--   turn       it takes the next colour of the palette; else it has that of the layer before
--   joined     its points are a line; field: it fills the frame: both for the legend's choice of place
--   shades     set in draw where `colorbar` is an option (sdelua/plot/colorbar.lua)
--   tight      limits without room around the data; grounded: none below 0; bare: needs no axes
-- Needs cairo: Debian's libcairo2-dev when sdelua is built.
local Figure = require "sdelua.plot.figure"
local layer = require "sdelua.plot.layer"
local colormap = require "sdelua.plot.colormap"
local scale = require "sdelua.plot.scale"

local plot = { layers = layer.all, colormaps = colormap.all, scales = scale.all, grid = require "sdelua.plot.grid" }

layer.all:open(plot, { "name", "arguments", "doc" }, function(row)
  return function(...)
    local figure = Figure.new()
    return figure[row.name](figure, ...)
  end
end)

getmetatable(plot).__call = function(_, opts) return Figure.new(opts) end

return plot
