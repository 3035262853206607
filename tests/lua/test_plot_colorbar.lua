-- Colour bars beside plots: their colours, numbers, words and room; and frames that stand in line all the same.
local check = require "check"
local files = require "files"
local sl = require "sdelua"

local function svg(plot)
  local content
  files.with_folder(function(folder)
    plot:save(folder .. "/x.svg")
    content = files.read(folder .. "/x.svg")
  end)
  return content
end

local function text_of(content, words)
  local x, y = content:match('<text x="([%d.-]+)" y="([%d.-]+)"[^>]*>' .. words .. "</text>")
  return tonumber(x), tonumber(y)
end

local function ramp(range, bar, o)
  local known = { width = 200, height = 120, axes = false, xlim = { 0, 1 }, ylim = { 0, 1 } }
  for key, value in pairs(o or {}) do known[key] = value end
  return sl.plot(known):density(function(x) return x:select(2, 2) * 40 - 10 end,
    { n = 20, range = range, colorbar = bar, colormap = "grey" })
end

-- The frame is 6 from the plot's left; a bar takes 58.5 at its right.
check.test("a bar has the first colour below and the last above, in a frame that is so much narrower", function()
  local picture = ramp({ -10, 30 }, true):render():select(3, 1):to "float32"
  local bar = picture:narrow(2, 6 + 129 + 10 + 4, 4):mean(2)
  local above, below = bar[9]:item(), bar[111]:item()
  check.ok(above > 240 and below < 15, ("%g above, %g below"):format(above, below))
  check.close(bar[60]:item(), 127, 0, 8)
  check.eq(picture[60][200 - 2]:item(), 255)
end)

check.test("its numbers stand where their colours are, of the range or of the values", function()
  local content = svg(ramp({ -10, 30 }, true))
  local x, low = text_of(content, "0")
  local _, high = text_of(content, "20")
  check.ok(x > 150 and x < 195, x)
  check.close((low - high) / 108, 0.5, 0, 0.02)
  local _, most = text_of(svg(sl.plot { width = 300 }:hist2d(sl.zeros(40, 2), { bins = 4, colorbar = true })), "40")
  check.ok(most and most < 20, "40 counts are at the top")
end)

check.test("words stand along it, numbers of any size keep to their room, a single value is one", function()
  local with, without = svg(ramp({ 0, 1 }, "log p")), svg(ramp({ 0, 1 }))
  check.ok(text_of(with, "log p"))
  check.ok(not text_of(without, "0.5"))
  for _, scale in ipairs { 1e-9, 1, 1e12 } do
    local content = svg(ramp({ -scale, scale }, true, { width = 300, height = 200 }))
    check.ok(content:find "<text", scale)
  end
  sl.plot {}:density(function(x) return x:select(2, 1) * 0 + 3 end, { n = 10, colorbar = true }):render()
end)

check.test("a legend beside the frame stands behind the bar", function()
  local plot = ramp({ 0, 1 }, true, { width = 400 }):line({ 0, 1 }, { 0, 1 }, { label = "a line" })
  local content = svg(plot)
  check.ok(text_of(content, "a line") > text_of(content, "0.5") + 20)
end)

check.test("a grid: frames of a column are as wide as each other, with bars and legends or not", function()
  local plots = { sl.plot { ylabel = "y" }, sl.plot {}:hist2d(sl.rand(50, 2), { colorbar = true }),
    sl.plot {}:scatter(sl.rand(3000, 2), { label = "everywhere" }) }
  local content, widths = svg(sl.plot.grid(plots, { columns = 1 })), {}
  for width in content:gmatch '<svg x="%d+" y="%d+" width="(%d+)"' do widths[#widths + 1] = width end
  check.eq(#widths, 3)
  check.eq(widths, { widths[1], widths[1], widths[1] })
end)

check.test("what a bar refuses", function()
  for _, name in ipairs { "density", "hist2d" } do
    local given = name == "density" and function(x) return x end or sl.zeros(3, 2)
    check.raises(function() sl.plot[name](given, { colorbar = 3 }) end,
      ("plot.%s: option colorbar: expected true or words, got 3"):format(name))
  end
end)
