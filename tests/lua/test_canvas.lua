-- sl.draw: canvases, their pixels, what they write, and what they refuse.
local check = require "check"
local files = require "files"
local process = require "process"
local sl = require "sdelua"

local folder = process.folder()
local WHITE = { 255, 255, 255 }

local function float64(list) return sl.tensor(list, { dtype = "float64" }) end

-- Colour of the dot in that row and column, from 0.
local function dot(picture, row, column) return picture:select(1, row + 1):select(1, column + 1):totable() end

check.test("a canvas: paths, marks, clips and pictures where they belong", function()
  local v = sl.draw.canvas("raster", 40, 30)
  v:path(sl.tensor { { 0, 10 }, { 40, 10 } }, { stroke = { 1, 0, 0 }, width = 4 })
  v:path(sl.tensor { { 20, 20 }, { 40, 20 }, { 40, 30 }, { 20, 30 } }, { fill = { 0, 0, 1, 0.5 }, closed = true })
  v:marks(sl.tensor { { 5, 25 }, { 0 / 0, 3 }, { 1e300, -math.huge } }, 3, { fill = { 0, 1, 0 } })
  v:clip(0, 0, 10, 5):path(sl.tensor { { 0, 2 }, { 40, 2 } }, { stroke = { 0, 0, 0 }, width = 4 }):unclip()
  v:image(sl.tensor({ { { 9 }, { 200 } } }, { dtype = "uint8" }), 30, 0, 8, 4)
  local p = v:pixels()
  check.eq(p:shape(), { 30, 40, 3 })
  check.eq({ dot(p, 9, 3), dot(p, 10, 39) }, { { 255, 0, 0 }, { 255, 0, 0 } })
  check.close(dot(p, 25, 30), { 127.5, 127.5, 255 }, 0, 1)
  check.eq({ dot(p, 25, 5), dot(p, 1, 9), dot(p, 1, 10) }, { { 0, 255, 0 }, { 0, 0, 0 }, WHITE })
  check.eq({ dot(p, 1, 31), dot(p, 1, 36) }, { { 9, 9, 9 }, { 200, 200, 200 } })
  check.eq(sl.draw.canvas("raster", 40, 30, 2.5):pixels():shape(), { 75, 100, 3 })
end)

check.test("lines that leave the canvas for far places keep their direction; gaps stay open", function()
  local v = sl.draw.canvas("raster", 40, 40)
  v:path(float64 { { 0, 0 }, { 1e30, 1e30 } }, { stroke = { 1, 0, 0 }, width = 3 })
  v:path(float64 { { -1e12, 30 }, { 1e12, 30 } }, { stroke = { 0, 0, 1 }, width = 2 })
  v:path(float64 { { 0, 20 }, { 9, 20 }, { 0 / 0, 20 }, { 30, 20 }, { 40, 20 } }, { stroke = { 0, 0, 0 }, width = 2 })
  local p = v:pixels()
  check.eq({ dot(p, 12, 12), dot(p, 38, 38), dot(p, 30, 5) }, { { 255, 0, 0 }, { 255, 0, 0 }, { 0, 0, 255 } })
  check.eq({ dot(p, 20, 5), dot(p, 19, 35), dot(p, 19, 15) }, { { 0, 0, 0 }, { 0, 0, 0 }, WHITE })
end)

check.test("words: measured, anchored, and text in SVG whatever they are", function()
  local v = sl.draw.canvas("svg", 100, 50)
  local width = v:measure("σ∇ log p", { size = 10 })
  check.close(v:measure("σ∇ log p", { size = 20 }), 2 * width, 1e-3)
  check.ok(v:measure "mm" > v:measure "ii" and v:measure "" == 0)
  v:text(50, 20, "a < b & \"c\" > é\1", { anchor = 1, angle = 90 }):save(folder .. "/words.svg")
  local content = files.read(folder .. "/words.svg")
  check.ok(content:find('>a &lt; b &amp; "c" &gt; é </text>', 1, true), content)
  check.ok(content:find('text-anchor="end" transform="rotate(-90 50 20)"', 1, true), content)
end)

check.test("what a canvas refuses", function()
  local v, x = sl.draw.canvas("pdf", 10, 10), sl.zeros(2, 2)
  local function refused(part, f, ...)
    local arguments = table.pack(...)
    check.raises(function() f(table.unpack(arguments, 1, arguments.n)) end, part)
  end
  refused("canvas: argument kind: expected", sl.draw.canvas, "png", 1, 1)
  refused("canvas: argument size: expected", sl.draw.canvas, "raster", 0 / 0, 10)
  refused("canvas: argument size: expected", sl.draw.canvas, "raster", 19000, 19000)
  refused("canvas.path: argument points: expected [n,2] or [m,n,2], got shape [3]", v.path, v, sl.zeros(3))
  refused("canvas.marks: argument points: expected [n,2], got shape [1,2,2]", v.marks, v, sl.zeros(1, 2, 2), 1)
  refused("canvas.marks: argument radius: expected a length", v.marks, v, x, -1)
  refused("unknown option colour", v.path, v, x, { colour = 1 })
  refused("option fill: expected a list", v.path, v, x, { fill = "red" })
  refused("option stroke: expected numbers in [0,1], got", v.path, v, x, { stroke = { 1, 2, 3 } })
  refused("argument dash", v.path, v, x, { dash = { 0, 0 } })
  refused("option dash: expected a list of at most 8", v.path, v, x, { dash = { 1, 1, 1, 1, 1, 1, 1, 1, 1 } })
  refused("canvas.text: argument words: expected UTF-8", v.text, v, 1, 1, "\xff")
  refused("canvas.text: argument words: expected UTF-8", v.text, v, 1, 1, "\xe2\x82")
  refused("without zero bytes", v.text, v, 1, 1, "a\0b")
  refused("canvas.text: argument size", v.text, v, 1, 1, "a", { size = 0 })
  refused("canvas.image: argument image: expected uint8, got float32", v.image, v, sl.zeros(2, 2, 3), 0, 0, 1, 1)
  refused("expected [H,W,1|3|4], got shape [2,2,2]", v.image, v, sl.zeros({ 2, 2, 2 }, { dtype = "uint8" }), 0, 0, 1, 1)
  refused("canvas.unclip: expected a clip to end", v.unclip, v)
  refused("canvas.pixels: expected a raster, got PDF", v.pixels, v)
  refused("canvas.save: argument path", v.save, v, "a\0b")
  v:save(folder .. "/x.pdf")
  refused("canvas.path: this canvas was saved as PDF", v.path, v, x, {})
  refused("/nowhere/", sl.draw.canvas("svg", 9, 9).save, sl.draw.canvas("svg", 9, 9), "/nowhere/x.svg")
end)
