-- sl.plot: pixels where they are certain, SVG as a parser reads it, PDF from end to end; what is refused.
local check = require "check"
local process = require "process"
local sl = require "sdelua"

local folder = process.folder()
local BLUE, ORANGE, WHITE = { 0, 114, 178 }, { 213, 94, 0 }, { 255, 255, 255 }

local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

local function svg(plot)
  plot:save(folder .. "/x.svg")
  return read(folder .. "/x.svg")
end

-- A plot without anything around its frame, which is 88 points wide and high, from 6 to 94.
local function bare(o)
  local known = { width = 100, height = 100, axes = false, xlim = { 0, 1 }, ylim = { 0, 1 } }
  for key, value in pairs(o or {}) do known[key] = value or nil end
  return sl.plot(known)
end

-- Colour of the dot in that row and column, from 0.
local function dot(picture, row, column) return picture:select(1, row + 1):select(1, column + 1):totable() end

-- { x =, y =, words = } of the texts in an SVG, in order.
local function texts(content)
  local list = {}
  for x, y, words in content:gmatch '<text x="([%d.-]+)" y="([%d.-]+)"[^>]*>([^<]*)</text>' do
    list[#list + 1] = { x = tonumber(x), y = tonumber(y), words = words }
  end
  return list
end

local function text_of(content, words)
  for _, t in ipairs(texts(content)) do
    if t.words == words then return t end
  end
end

-- ---- plots -----------------------------------------------------------------------------------------

check.test("a line where it belongs, in the palette's colours, in every kind of file", function()
  local p = bare():line({ 0, 1 }, { 0.5, 0.5 }, { width = 4 })
    :line(sl.tensor { 0.25, 0.25 }, sl.tensor({ 0, 1 }, { dtype = "int64" }):to "float64", { width = 4 })
  local picture = p:render()
  check.eq({ picture:shape(), picture.dtype }, { { 100, 100, 3 }, "uint8" })
  check.eq({ dot(picture, 49, 80), dot(picture, 50, 10) }, { BLUE, BLUE })
  check.eq({ dot(picture, 20, 27), dot(picture, 90, 28) }, { ORANGE, ORANGE })
  check.eq({ dot(picture, 30, 60), dot(picture, 49, 2) }, { WHITE, WHITE })
  p:save(folder .. "/line.png", { scale = 2 })
  check.eq(sl.image.load(folder .. "/line.png"):shape(), { 200, 200, 3 })
  check.eq(dot(sl.image.load(folder .. "/line.png"), 99, 160), BLUE)
  check.ok(svg(p):find('<path d="M6 50L94 50" fill="none" stroke="#0072b2" stroke-width="4"', 1, true))
  check.eq(p:save(folder .. "/line.PDF"), p)
end)

check.test("limits show all data and a little more; what is given holds; y points up", function()
  local p = bare { xlim = false, ylim = false }:line({ 0, 10 }, { -1, 1 })
    :scatter(sl.tensor { { 0 / 0, 1e9 }, { 5, 3 } })
  p:render()
  check.close({ p.x.lo, p.x.hi, p.y.lo, p.y.hi }, { -0.4, 10.4, -1.16, 3.16 }, 1e-9)
  p = bare { xlim = false, ylim = { 0, 2 } }:line({ 7, 7 }, { 0, 1 }, { width = 4 })
  local picture = p:render()
  check.close({ p.x.lo, p.x.hi, p.y.hi }, { 6.3, 7.7, 2 }, 1e-9)
  check.eq({ dot(picture, 80, 50), dot(picture, 20, 50) }, { BLUE, WHITE })
  p = sl.plot {}
  p:render()
  check.eq({ p.x.lo, p.y.hi }, { -3, 3 })
end)

check.test("aspect: a unit is as long along both axes", function()
  local p = sl.plot { aspect = "equal", xlim = { 0, 4 }, ylim = { 0, 2 }, width = 400 }
  local height = p:render():shape(1)
  check.ok(height > 200 and height < 240, height)
  p = sl.plot { aspect = "equal", width = 300, height = 300 }:scatter(sl.tensor { { 0, 0 }, { 4, 1 } })
  p:render()
  check.ok(p.y.hi - p.y.lo > 3.5 and p.x.hi - p.x.lo < 4.5)
  check.eq(sl.plot {}:render():shape(), { 360, 480, 3 })
  check.eq(sl.plot { width = 200, height = 90 }:render():shape(), { 90, 200, 3 })
end)

check.test("ticks: round numbers on linear axes, powers of ten on logarithmic ones", function()
  local content = svg(sl.plot { xlim = { -0.1, 1.05 }, ylim = { 1e-4, 20 }, yscale = "log", title = "σ & <t>" })
  for _, words in ipairs { "0.0", "0.2", "1.0", "10⁻⁴", "10⁻¹", "10¹", "σ &amp; &lt;t&gt;" } do
    check.ok(text_of(content, words), words .. " in " .. content)
  end
  local left, width = content:match '<svg x="(%d+)" y="%d+" width="(%d+)"'
  local middle = left + (width - 1) * (0.4 + 0.1) / 1.15 -- of the tick at 0.4, within its dot
  check.close(text_of(content, "0.4").x, middle, 0, 1)
  check.ok(content:find(("M%g "):format(math.floor(text_of(content, "0.4").x) + 0.5), 1, true), "a tick at its label")
  local a, b, c = text_of(content, "10⁻³").y, text_of(content, "10⁻²").y, text_of(content, "10⁻¹").y
  check.close(a - b, b - c, 0, 1.01) -- ticks are on whole dots
  check.ok(a - b > 30)
  content = svg(sl.plot { xlim = { -2e6, 2e6 }, ylim = { 1, 7 }, yscale = "log" })
  for _, words in ipairs { "−2×10⁶", "0", "2×10⁶", "1", "2", "5" } do check.ok(text_of(content, words), words) end
end)

check.test("nothing sticks out: labels of ticks and long titles have room", function()
  local ruler = sl.draw.canvas("svg", 9, 9)
  for width = 120, 520, 25 do
    local p = sl.plot { title = ("long "):rep(30), aspect = "equal", width = width, ylim = { -3, 3 } }
    local content = svg(p)
    for x, words in content:gmatch '<text x="([%d.-]+)"[^>]*text%-anchor="end"[^>]*>([^<]*)<' do
      check.ok(x - ruler:measure(words, { size = 10 }) >= 5, ("%s at width %d"):format(words, width))
    end
    local x, size = content:match '<text x="([%d.]+)" y="[%d.]+" font%-size="([%d.]+)" text%-anchor="middle" font'
    local half = ruler:measure(p.o.title, { size = tonumber(size), bold = true }) / 2
    check.ok(x - half > 0 and x + half < width, ("title from %g to %g"):format(x - half, x + half))
  end
end)

check.test("ticks of numbers of any size are few, rising, and within the limits", function()
  local sizes = { 0, 5e-324, 1e-300, 3e-9, 0.7, 1, 1 + 1e-15, 41, 2 ^ 52, 2 ^ 53 + 2, 1e16, 1e17 + 16,
    1e17 + 32, 9e299, 1e308 }
  for i = 1, #sizes do sizes[#sizes + 1] = -sizes[i] end
  for _, row in sl.plot.scales:each() do
    for _, lo in ipairs(sizes) do
      for _, hi in ipairs(sizes) do
        if lo < hi and row.admits(lo) then
          local ticks = row.ticks(lo, hi, 5)
          check.ok(#ticks.at <= 101 and #ticks.labels == #ticks.at, ("%g to %g"):format(lo, hi))
          for k = 2, #ticks.at do check.ok(ticks.at[k] > ticks.at[k - 1], ("%g to %g"):format(lo, hi)) end
        end
      end
    end
  end
end)

check.test("ticks of any limits at all", function()
  local big = 1.7e308
  for _, lim in ipairs {
    { -big, big }, { 0, 5e-324 }, { 1, 1 + 1e-15 }, { 1e300, 1e301 }, { -1e-300, 1e-300 }, { 1e15, 1e15 + 2 },
  } do
    for _, scale in ipairs { "linear", "log" } do
      if scale == "linear" or lim[1] > 0 then
        check.eq(sl.plot { xlim = lim, xscale = scale, width = 90, height = 60 }:render():shape(), { 60, 90, 3 })
      end
    end
  end
  check.told(function()
    for _, list in ipairs { {}, { 0 / 0 }, { math.huge }, { -1, 0 }, { big, -big }, { 1e-310 } } do
      for _, scale in ipairs { "linear", "log" } do
        sl.plot { xscale = scale, yscale = scale }:line(list, list, { label = "all" }):hist(list):render()
      end
    end
  end)
end)

check.test("limits end where numbers do", function()
  local x, density = {}, {}
  for i = 0, 380 do x[i + 1], density[i + 1] = i / 10, math.exp(-(i / 10) ^ 2 / 2) end
  for _, y in ipairs { { 1e-300, 1, 1e300 }, density, { 1e-320, 1, 1e-10 }, { 1e308 }, { 5e-324 } } do
    local p = sl.plot { yscale = "log" }:line({ table.unpack(x, 1, #y) }, y)
    p:render()
    check.ok(#p.y.ticks.at >= 1 and #p.y.ticks.at < 20, #p.y.ticks.at)
    check.ok(p.y.lo >= -324 and p.y.hi <= 308.3, p.y.lo .. " " .. p.y.hi)
  end
  local p = sl.plot.line({ -1.7e308, 1.7e308 }, { 1e-310, 2e-310 })
  p:render()
  check.ok(#p.x.ticks.at > 1 and #p.y.ticks.at > 1)
end)

check.test("what an axis has no place for is told of", function()
  local told = check.told(function()
    sl.plot { yscale = "log" }:line({ 1, 2 }, { -1, 0 }):line({ 1, 2 }, { -1, 1 }):render()
    sl.plot.hist({}):render()
  end)
  check.eq(#told, 2)
  check.ok(told[1]:find("plot.line: nothing to draw on a log scale: expected numbers above zero", 1, true), told[1])
  check.ok(told[2]:find("plot.hist: nothing to draw: no value is finite", 1, true), told[2])
end)

check.test("long words do not push the frame away", function()
  local long = ("far too long "):rep(20)
  local p = sl.plot { xlabel = long, ylabel = long, title = long }:line({ 1, 2 }, { 1, 2 }, { label = long })
    :density(function(x) return x:select(2, 1) end)
  local width, height = svg(p):match '<svg x="[%d.]+" y="[%d.]+" width="([%d.]+)" height="([%d.]+)"'
  check.ok(tonumber(width) > 100 and tonumber(height) > 250, width .. " x " .. height)
end)

check.test("a layer of which nothing is finite is told of", function()
  local nan = 0 / 0
  local told = check.told(function()
    local p = sl.plot {}:scatter(sl.full({ 3, 2 }, nan)):line({ 1, 2 }, { nan, nan })
    p:line({ 1, 2 }, { nan, 1 }):scatter(sl.tensor { { nan, 0 }, { 1, 0 } }):scatter(sl.zeros { 0, 2 })
    p:vectors(function(x) return x * nan end):vectors(function(x) return x end):render()
  end)
  check.eq(#told, 3)
  for i, name in ipairs { "scatter", "line", "vectors" } do
    check.ok(told[i]:find("plot." .. name .. ": nothing to draw", 1, true), told[i])
  end
end)

check.test("an SVG is XML, holds its words, and is the same each time", function()
  local p = sl.plot { title = "two < three", xlabel = "σ", ylabel = "∇ log p" }
    :line({ 1, 2 }, { 1, 2 }, { label = "a & b" }):scatter(sl.randn(20, 2))
    :density(function(x) return x:select(2, 1) end)
  local content = svg(p)
  local code, out = process.run("", "python3", "-c", [[
import sys, xml.dom.minidom as m
d = m.parse(sys.argv[1])
print("|".join(t.firstChild.data for t in d.getElementsByTagName("text")))
print(len(d.getElementsByTagName("circle")), len(d.getElementsByTagName("image")))]], folder .. "/x.svg")
  check.eq(code, 0, out)
  for _, words in ipairs { "two < three", "σ", "∇ log p", "a & b" } do check.ok(out:find(words, 1, true), out) end
  check.ok(out:find "\n20 1\n", out)
  check.ok(content == svg(p))
end)

check.test("a PDF from end to end, the same each time, without a date of today", function()
  local p = sl.plot { title = "σ" }:scatter(sl.ones(3, 2)):hist2d(sl.ones(3, 2))
  p:save(folder .. "/a.pdf")
  local content = read(folder .. "/a.pdf")
  p:save(folder .. "/a.pdf")
  check.ok(content:find "^%%PDF%-1%.%d\n" and content:find "%%%%EOF%s*$")
  check.ok(content == read(folder .. "/a.pdf"))
  check.ok(not content:find(os.date "%Y%m%d", 1, true))
end)

-- ---- legends -----------------------------------------------------------------------------------------

-- Whether the legend's words are inside the frame, and where.
local function legend_of(plot, words)
  local content = svg(plot)
  local x, y, width, height = content:match '<svg x="([%d.]+)" y="([%d.]+)" width="([%d.]+)" height="([%d.]+)"'
  local t = text_of(content, words)
  return t, t.x > tonumber(x) and t.x < tonumber(x) + tonumber(width), (t.x - x) / width, (t.y - y) / height
end

check.test("a legend stands in a corner without data, or else beside the frame", function()
  local lower = sl.plot { xlim = { 0, 1 }, ylim = { 0, 1 } }
    :scatter(sl.rand(300, 2) * sl.tensor { 1, 0.6 }, { label = "below" }):line({ 0.6, 0.9 }, { 0.9, 0.9 })
  local _, inside, across, down = legend_of(lower, "below")
  check.ok(inside and across < 0.3 and down < 0.3, ("at %g, %g"):format(across, down))
  local alone = sl.plot { yscale = "log" }:line({ 1, 2, 3, 4, 5 }, { 1, -2, 10, 0, 100 }, { label = "few" })
  _, inside, across, down = legend_of(alone, "few") -- not over the last, which has no neighbour
  check.ok(inside and across < 0.5 and down < 0.5)
  _, inside = legend_of(sl.plot {}:scatter(sl.rand(3000, 2), { label = "everywhere" }), "everywhere")
  check.ok(not inside)
  _, inside = legend_of(sl.plot {}:density(function(x) return x:select(2, 1) end)
    :line({ 0, 1 }, { 0, 1 }, { label = "on colours" }), "on colours")
  check.ok(not inside)
  _, inside, across, down = legend_of(sl.plot { xlim = { 0, 1 }, ylim = { 0, 1 } }
    :line({ 0, 1, 1, 0, 0 }, { 0.9, 0.9, 0.1, 0.1, 0.9 }, { label = "amid" }), "amid")
  check.ok(inside and across > 0.7 and down > 0.4 and down < 0.6, ("at %g, %g"):format(across, down))
  -- only the ways between the points are in the way
  _, inside = legend_of(sl.plot { xlim = { 0, 1 }, ylim = { 0, 1 }, width = 200, height = 120 }
    :line({ 0, 1, 1, 0, 0 }, { 0.9, 0.9, 0.1, 0.1, 0.9 }, { label = "everywhere" }):line({ 0, 1 }, { 0.5, 0.5 }),
    "everywhere")
  check.ok(not inside)
  local none = svg(sl.plot { legend = false }:line({ 0, 1 }, { 0, 1 }, { label = "hidden" }))
  check.eq(text_of(none, "hidden"), nil)
end)

-- ---- layers --------------------------------------------------------------------------------------------

check.test("band: between the curves, not across gaps, in the colour before", function()
  local x, nan = { 0, 0.25, 0.5, 0.75, 1 }, 0 / 0
  local p = bare():line(x, x, { opacity = 0 })
    :band(x, { 0, 0, nan, 0, 0 }, { 0.5, 0.5, 0.5, 0.5, 0.5 }, { opacity = 1 })
  local picture = p:render()
  check.eq({ dot(picture, 80, 15), dot(picture, 80, 85), dot(picture, 80, 50) }, { BLUE, BLUE, WHITE })
  check.eq({ dot(picture, 40, 15), dot(picture, 70, 40), dot(picture, 30, 48) }, { WHITE, WHITE, WHITE })
end)

check.test("scatter: each point where it belongs, each set in its colour", function()
  local picture = bare():scatter(sl.tensor { { 0.5, 0.9 } }, { opacity = 1, radius = 4 })
    :scatter(sl.tensor { { 0.1, 0.1 }, { 9, 0 }, { 0 / 0, 0 } }, { opacity = 1, radius = 4 }):render()
  check.eq({ dot(picture, 14, 49), dot(picture, 85, 14), dot(picture, 50, 50) }, { BLUE, ORANGE, WHITE })
  bare():scatter(sl.zeros { 0, 2 }):render()
end)

check.test("hist: counts, and with density an area of 1", function()
  local p = sl.plot {}:hist({ 0, 0.1, 1, 2, 2, 2, 0 / 0 }, { bins = 2 })
  check.eq(p.layers[1].points:totable(), { { 0, 0 }, { 0, 2 }, { 1, 2 }, { 1, 4 }, { 2, 4 }, { 2, 0 } })
  local points = sl.plot {}:hist(sl.randn(50, 20) * 3, { density = true, bins = 30 }).layers[1].points
  local area, list = 0, points:totable()
  for i = 2, #list do area = area + (list[i][1] - list[i - 1][1]) * list[i][2] end
  check.close(area, 1, 1e-9)
  p = sl.plot {}:hist { 1, 2, 3 }
  p:render()
  check.eq(p.y.lo, 0)
end)

check.test("hist2d: many are dark, few light, none paper; up is up", function()
  local points = sl.cat({ sl.full({ 9, 2 }, 0.9), sl.full({ 3, 2 }, 0.1) }, 1)
  local picture = bare { xlim = { 0, 1 } }:hist2d(points, { bins = 4 }):render()
  check.eq({ dot(picture, 10, 90), dot(picture, 90, 90) }, { { 7, 31, 72 }, WHITE })
  check.close(dot(picture, 90, 10), { 148, 195, 226 }, 0, 1)
end)

check.test("density: f over the frame, in one call of points", function()
  local calls, shape = 0, nil
  local plot = bare { xlim = { -2, 2 }, ylim = { 1, 3 } }:density(function(x)
    calls, shape = calls + 1, x:shape()
    check.ok(not sl.is_recording())
    return x:select(2, 2)
  end, { n = 50 })
  local picture = plot:render()
  check.eq({ calls, shape }, { 1, { 2500, 2 } })
  check.close(dot(picture, 7, 50), { 253, 231, 37 }, 0, 8)
  check.close(dot(picture, 92, 50), { 68, 1, 84 }, 0, 8)
  local low, high = {}, {}
  bare { xscale = "log", xlim = { 1, 100 } }:density(function(x)
    low[1], high[1] = x:select(2, 1):amin():item(), x:select(2, 1):amax():item()
    return x:select(2, 1):log()
  end, { n = 10, colormap = "grey" }):render()
  check.close({ low[1], high[1] }, { 10 ^ 0.1, 10 ^ 1.9 }, 1e-5)
end)

check.test("contour: lines where f has the level, saddles by the middle, nothing at what is not a number", function()
  local marching = require "sdelua.plot.marching"
  local values = {}
  for row = 1, 41 do
    values[row] = {}
    for column = 1, 41 do values[row][column] = ((row - 21) ^ 2 + (column - 21) ^ 2) ^ 0.5 end
  end
  local pieces = marching.pieces(values, 15)
  check.ok(#pieces > 100 and #pieces % 4 == 0)
  for i = 1, #pieces, 2 do check.close(((pieces[i] - 20) ^ 2 + (pieces[i + 1] - 20) ^ 2) ^ 0.5, 15, 0, 0.05) end
  check.eq(marching.pieces({ { 1, 0 }, { 0, 0 / 0 } }, 0.4), {})
  check.eq(marching.pieces({ { 1, 1 }, { 0, 0 } }, 0.25), { 0, 0.75, 1, 0.75 })
  local picture = bare():contour(function(x) return x:select(2, 1) end, { levels = { 0.5 }, width = 4 }):render()
  check.eq({ dot(picture, 20, 49), dot(picture, 80, 50), dot(picture, 50, 20) }, { BLUE, BLUE, WHITE })
  local content = svg(bare():contour(function(x) return x:select(2, 1) end, { levels = { 0.25, 0.5 }, labels = true }))
  check.ok(text_of(content, "0.5"), content)
end)

check.test("contour of a saddle keeps apart what the middle parts", function()
  local pieces = require "sdelua.plot.marching".pieces
  -- Above: upper left and lower right. A middle above the level joins them, so lines cut off the other corners.
  local joined, parted = pieces({ { 1, 0 }, { 0, 1 } }, 0.4), pieces({ { 1, 0 }, { 0, 1 } }, 0.6)
  local function cuts(list, x, y) -- whether a piece is near that corner at both ends
    for i = 1, #list, 4 do
      if math.abs(list[i] - x) + math.abs(list[i + 1] - y) < 0.75
        and math.abs(list[i + 2] - x) + math.abs(list[i + 3] - y) < 0.75 then return true end
    end
    return false
  end
  check.eq({ cuts(joined, 1, 0), cuts(joined, 0, 1), cuts(joined, 0, 0) }, { true, true, false })
  check.eq({ cuts(parted, 0, 0), cuts(parted, 1, 1), cuts(parted, 1, 0) }, { true, true, false })
end)

check.test("vectors: arrows along f, up where f is up, as long as asked", function()
  local function heads(f, o)
    local content, list = svg(bare():vectors(f, o)), {}
    for tip_x, tip_y, x, y in content:match('<path d="([^"]*)" fill="#0072b2"')
      :gmatch "M([%d.-]+) ([%d.-]+)L([%d.-]+) ([%d.-]+)" do
      list[#list + 1] = { tip_x - x, tip_y - y, tonumber(tip_x), tonumber(tip_y) }
    end
    return list
  end
  local right = heads(function(x) return x * 0 + sl.tensor { 1, 0 } end, { n = 4 })
  check.eq(#right, 16)
  check.ok(right[1][1] > 3 and math.abs(right[1][2]) < right[1][1])
  local up = heads(function(x) return x * 0 + sl.tensor { 0, 2 } end, { n = 4 })
  check.ok(up[1][2] < -3, up[1][2])
  check.close(up[1][4], 6 + 11 - 0.95 * 11, 0, 0.02)
  check.eq(#heads(function(x) return x * 0 end, { n = 4 }), 0)
end)

check.test("paths: each trajectory a line through its steps", function()
  local x = sl.tensor { { { 0, 0.5 }, { 0.5, 0 } }, { { 1, 0.5 }, { 0.5, 1 } } } -- [steps,n,2]
  local content = svg(bare():paths(x, { ends = false }))
  check.ok(content:find('<path d="M6 50L94 50M50 94L50 6"', 1, true), content)
end)

check.test("image: upright, its pixels seen or smooth, in the place that is asked", function()
  local img = sl.tensor({ { { 255, 0, 0 }, { 0, 255, 0 } }, { { 0, 0, 255 }, { 0, 0, 0 } } }, { dtype = "uint8" })
  local picture = bare { xlim = false, ylim = false, axes = nil }:image(img):render()
  check.eq({ dot(picture, 10, 10), dot(picture, 10, 90), dot(picture, 90, 10), dot(picture, 90, 90) },
    { { 255, 0, 0 }, { 0, 255, 0 }, { 0, 0, 255 }, { 0, 0, 0 } })
  picture = bare():image(sl.full({ 3, 3, 1 }, -1.0), { xrange = { 0, 0.5 }, yrange = { 0, 0.5 } }):render()
  check.eq({ dot(picture, 90, 10), dot(picture, 10, 10), dot(picture, 90, 90) }, { { 0, 0, 0 }, WHITE, WHITE })
end)

check.test("colours: names, hexadecimal, lists, turns", function()
  for color, want in pairs { orange = ORANGE, ["#102030"] = { 16, 32, 48 }, [2] = ORANGE } do
    local picture = bare():line({ 0, 1 }, { 0.5, 0.5 }, { width = 9, color = color }):render()
    check.eq(dot(picture, 49, 50), want)
  end
  local picture = bare():line({ 0, 1 }, { 0.5, 0.5 }, { width = 9, color = { 1, 0, 0 } }):render()
  check.eq(dot(picture, 49, 50), { 255, 0, 0 })
end)

check.test("colormaps: ends, the middle, what is beyond, what is no number", function()
  local colormap = require "sdelua.plot.colormap"
  local x = sl.tensor { -1, 0, 0.5, 1, 7, 0 / 0 }
  check.eq(colormap.apply(colormap.find("test", "grey"), x, 0, 1):totable(),
    { { 0, 0, 0 }, { 0, 0, 0 }, { 128, 128, 128 }, WHITE, WHITE, WHITE })
  for _, row in sl.plot.colormaps:each() do check.ok(#row.colors >= 2, row.name) end
end)

check.test("a layer of one's own, in a file beside the script", function()
  local path = package.path
  assert(os.execute(("mkdir -p '%s/sdelua/plot/layers'"):format(folder)))
  local file = assert(io.open(folder .. "/sdelua/plot/layers/cross.lua", "w"))
  file:write [[
local sl = require "sdelua"
return {
  doc = "A cross of my own.", arguments = { "x", "y" }, options = { size = 10, color = require "sdelua.options".NONE },
  turn = true,
  read = function(self, x, y) self.points = sl.tensor({ { x, y } }, { dtype = "float64" }) end,
  draw = function(self, axes)
    local at, s = axes:place(self.points):reshape { 1, 1, 2 }, self.o.size
    axes.canvas:path(at + sl.tensor({ { { -s, 0 }, { s, 0 } }, { { 0, -s }, { 0, s } } }, { dtype = "float64" }),
      { stroke = self.color, width = 4 })
  end,
}
]]
  file:close()
  file = assert(io.open(folder .. "/sdelua/plot/layers/broken.lua", "w"))
  file:write "return { doc = 'x', arguments = {}, options = {} }"
  file:close()
  package.path = folder .. "/?.lua;" .. path
  local ok, err = xpcall(function()
    local picture = bare():line({ 0, 1 }, { 2, 2 }):cross(0.5, 0.5):render()
    check.eq({ dot(picture, 49, 55), dot(picture, 41, 49), dot(picture, 49, 65) }, { ORANGE, ORANGE, WHITE })
    check.ok(tostring(sl.plot.list()):find "\ncross ")
    check.ok(sl.help "cross":find("A cross of my own", 1, true) and sl.apropos "a cross of":find "plot.cross")
    check.raises(function() sl.plot {}:cross(0, 0, { wide = 1 }) end, "plot.cross: unknown option wide; expected color")
    check.raises(function() return sl.plot {}.broken end, "sdelua.plot.layers.broken: field")
  end, debug.traceback)
  package.path = path
  if not ok then error(err, 0) end
end)

check.test("bad input of each layer, and of plots, is named", function()
  local p, x2, f = sl.plot {}, sl.zeros(3, 2), function(x) return x end
  local function refused(part, f_, ...)
    local arguments = table.pack(...)
    check.raises(function() f_(table.unpack(arguments, 1, arguments.n)) end, part)
  end
  refused("plot.line: argument x: expected a list of numbers or a tensor [n], got nil", p.line, p)
  refused("plot.line: argument y: expected 2 numbers like x, got 1", p.line, p, { 1, 2 }, { 1 })
  refused("plot.line: argument y: expected a list of numbers", p.line, p, { 1 }, { "one" })
  refused("plot.line: option color: expected a name (amber, black", p.line, p, { 1 }, { 1 }, { color = "puce" })
  refused("plot.line: option label: expected a string, got 3", p.line, p, { 1 }, { 1 }, { label = 3 })
  refused("plot.line: option label: expected UTF-8, got byte 255 at 3", p.line, p, { 1 }, { 1 }, { label = "no\xff" })
  for _, name in ipairs { "title", "xlabel", "ylabel" } do
    refused(("plot: option %s: expected UTF-8, got byte 255 at 1"):format(name), sl.plot, { [name] = "\xff" })
  end
  refused("plot.line: unknown option colour; expected color", p.line, p, { 1 }, { 1 }, { colour = 1 })
  refused("plot.band: argument high: expected", p.band, p, { 1 }, { 1 }, "x")
  refused("plot.scatter: argument points: expected points [n,2], got float32 [3,3]", p.scatter, p, sl.zeros(3, 3))
  refused("plot.hist: option bins: expected a whole number from 1", p.hist, p, { 1 }, { bins = 0 })
  refused("plot.hist: argument values: expected", p.hist, p, "x")
  refused("plot.hist2d: argument points: expected points [n,2], got nil", p.hist2d, p)
  refused("plot.hist2d: option colormap: expected one of blues", p.hist2d, p, x2, { colormap = "jet" })
  refused("plot.density: argument f: expected a function of points [n,2], got 3", p.density, p, 3)
  refused("plot.density: option range: expected { lo, hi } with lo < hi", p.density, p, f, { range = { 2, 1 } })
  refused("plot.contour: argument levels: expected", p.contour, p, f, { levels = { "x" } })
  refused("plot.contour: option levels: expected a whole number", p.contour, p, f, { levels = -1 })
  refused("plot.vectors: option n: expected a whole number from 1 to 500, got 1000", p.vectors, p, f, { n = 1000 })
  refused("plot.paths: argument x: expected trajectories [steps,n,2], got float32 [3,2]", p.paths, p, x2)
  refused("plot.image: argument img: expected a picture [H,W,1|3|4], got float32 [3,2]", p.image, p, x2)
  refused("plot.text: argument words: expected a string, got nil", p.text, p, 1, 2)
  refused("plot.text: option anchor: expected left, middle or right, got up", p.text, p, 1, 2, "x", { anchor = "up" })
  check.eq(#p.layers, 0)
  refused("plot: unknown option titel", sl.plot, { titel = "x" })
  refused("plot: option aspect: expected auto or equal, got wide", sl.plot, { aspect = "wide" })
  refused("plot: option xlim: expected { lo, hi } with lo < hi, got { 2, 1 }", sl.plot, { xlim = { 2, 1 } })
  refused("plot: option yscale: expected one of linear, log, got cubic", sl.plot, { yscale = "cubic" })
  refused("plot: option xlim: expected numbers above zero on a log scale, got { 0, 1 }", sl.plot,
    { xlim = { 0, 1 }, xscale = "log" })
  refused("plot.save: argument path: expected a name that ends in .png, .svg or .pdf, got x.jpg", p.save, p, "x.jpg")
  refused("plot.save: unknown option dpi", p.save, p, "x.png", { dpi = 1 })
  refused("plot.grid: argument plots: expected a list of plots, got in it 3", sl.plot.grid, { 3 })
  refused("plot.grid: option columns", sl.plot.grid, { p }, { columns = 0 })
  local wrong = sl.plot {}:density(function() return sl.zeros(3) end, { n = 10 })
  refused("plot.density: argument f: expected a function that gives [70] of points [70,2], got float32 [3]",
    wrong.render, wrong)
  refused("plot.vectors: expected linear axes", sl.plot.vectors(f).render,
    sl.plot { xscale = "log", xlim = { 1, 2 } }:vectors(f))
end)

-- ---- the rest ----------------------------------------------------------------------------------------

check.test("a grid: places, title, columns", function()
  local function plain(color) return bare():line({ 0, 1 }, { 0.5, 0.5 }, { width = 30, color = color }) end
  local picture = sl.plot.grid({ plain(1), plain(2), plain(3) }, { columns = 2 }):render()
  check.eq(picture:shape(), { 200, 200, 3 })
  check.eq({ dot(picture, 50, 50), dot(picture, 50, 150), dot(picture, 150, 50), dot(picture, 150, 150) },
    { BLUE, ORANGE, { 0, 158, 115 }, WHITE })
  check.ok(text_of(svg(sl.plot.grid({ plain(1) }, { title = "all of it" })), "all of it"))
end)

check.test("a grid: frames stand in line, cells are as large as their plots", function()
  local a, b = sl.plot { ylabel = "y", title = "a", ylim = { 0, 1e4 } }, sl.plot { height = 100 }
  local content = svg(sl.plot.grid({ a, sl.plot {}, b, sl.plot {} }, { columns = 1 }))
  check.ok(content:find('height="1180"', 1, true))
  local lefts = {}
  for x in content:gmatch '<svg x="(%d+)"' do lefts[#lefts + 1] = tonumber(x) end
  check.eq(lefts, { lefts[1], lefts[1], lefts[1], lefts[1] })
  check.ok(lefts[1] > 60)
end)

check.test("a grid: titles of a row stand in line, also over frames that are lower than the row", function()
  local flat = sl.plot { title = "flat", aspect = "equal", width = 200, xlim = { 0, 2 }, ylim = { 0, 1 } }
  local high = sl.plot { title = "high", width = 200, height = 300 }
  local plots = { flat, high, sl.plot { title = "picture", width = 200 }:image(sl.zeros(4, 8, 1)) }
  local content, heights = svg(sl.plot.grid(plots)), {}
  for _, plot in ipairs(plots) do
    heights[#heights + 1] = content:match('<text x="[%d.]+" y="([%d.]+)"[^>]*>' .. plot.o.title)
  end
  check.eq(heights, { heights[1], heights[1], heights[1] })
end)

check.test("allocations that fail are errors, each of them", function()
  local failed = 0
  for n = 1, 60 do
    local plot = bare():line({ 0, 1 }, { 0, 1 }):text(0, 0, "words")
    sl.testing.fail_alloc(n, true)
    local ok, err = pcall(plot.save, plot, folder .. (n % 2 == 0 and "/y.svg" or "/y.png"))
    sl.testing.fail_alloc(0)
    if not ok then
      failed = failed + 1
      check.ok(tostring(err):find "memory", err)
    end
  end
  check.ok(failed > 20, failed)
end)

check.test("a plot outlives the scope it was filled in; sl.plot.<layer> is a plot with that layer", function()
  local p = sl.plot {}
  do
    local scope <close> = sl.scope()
    p:line(sl.arange(4), sl.arange(4)):band({ 0, 1 }, { 0, 1 }, { 1, 2 }):image(sl.zeros(2, 2, 1))
  end
  collectgarbage()
  check.eq(p:render():shape(), { 360, 480, 3 })
  check.eq(#sl.plot.scatter(sl.zeros(2, 2)).layers, 1)
  check.eq(sl.image.render(sl.plot {}):shape(), { 360, 480, 3 })
end)

check.test("help and completion know the layers", function()
  check.ok(sl.help(sl.plot {}):find "\n  contour: " and sl.help "plot":find "\n  vectors: ")
  check.ok(sl.help(sl.draw.canvas("svg", 9, 9)):find "\n  marks: ")
  local names = getmetatable(sl.plot {}).__names()
  check.ok(names.line and names.save and names.hist2d and not names.new)
end)

os.execute("rm -rf " .. process.quote(folder))
