-- Films, read back by a reader of their containers below and, where python3 has PIL (python3-pil), by that.
local check = require "check"
local files = require "files"
local process = require "process"
local sl = require "sdelua"
local core = require "sdelua.core"
local system, testing = core.system, core.testing

local PYTHON = system.kind "/usr/bin/python3" and "/usr/bin/python3" or "python3" -- Debian's, which has Debian's PIL
local HAS_PIL = process.run("", PYTHON, "-c", "import PIL.Image") == 0

-- Whether this build writes that format; one that does not says what to install.
local function built(ending, package)
  local ok, err = pcall(sl.image.animate, os.tmpname() .. ending, sl.zeros { 1, 1, 1, 1 })
  if not ok then check.ok(err:find("install " .. package .. " and build again", 1, true), err) end
  if not ok then print("test_film: no " .. ending .. " in this build: " .. package .. " is missing") end
  return ok
end

-- ---- the containers ----------------------------------------------------------------------------------------

-- RIFF: chunks of four letters, a length, as many bytes, and one more where that is odd.
local function chunks(bytes, at, stop)
  return function()
    if at >= stop then return nil end
    local name, data, next_at = ("<c4s4"):unpack(bytes, at)
    at = next_at + #data % 2
    return name, data
  end
end

-- Width, height, loop and the milliseconds of each frame.
local function read_webp(bytes)
  local riff, size, webp, at = ("<c4I4c4"):unpack(bytes)
  check.eq({ riff, size, webp }, { "RIFF", #bytes - 8, "WEBP" })
  local film = { delays = {} }
  for name, data in chunks(bytes, at, #bytes) do
    if name == "VP8X" then film.width, film.height = 1 + ("<I3"):unpack(data, 5), 1 + ("<I3"):unpack(data, 8)
    elseif name == "ANIM" then film.loop = ("<I2"):unpack(data, 5)
    elseif name == "ANMF" then film.delays[#film.delays + 1] = (("<I3"):unpack(data, 13)) end
  end
  return film
end

local function skip_blocks(bytes, at)
  local data = {}
  while bytes:byte(at) > 0 do
    data[#data + 1], at = ("s1"):unpack(bytes, at)
  end
  return at + 1, table.concat(data)
end

-- GIF89a: a screen with its colours; then extensions (!), images (,) and the end (;). Delays are hundredths.
local function read_gif(bytes)
  local magic, width, height, flags = ("<c6I2I2B"):unpack(bytes)
  check.eq(magic, "GIF89a")
  local film = { width = width, height = height, delays = {}, rectangles = {}, colors = 2 << (flags & 7) }
  local at = 14 + 3 * film.colors
  while bytes:sub(at, at) ~= ";" do
    local kind, label = bytes:sub(at, at), bytes:byte(at + 1)
    if kind == "!" then
      local next_at, data = skip_blocks(bytes, at + 2)
      at = next_at
      if label == 0xf9 then film.delays[#film.delays + 1] = (("<I2"):unpack(data, 2)) end
      if label == 0xff then film.again = ("<I2"):unpack(data, 13) end
    else
      check.eq(kind, ",")
      film.rectangles[#film.rectangles + 1] = { ("<I2I2I2I2"):unpack(bytes, at + 1) }
      film.rectangles[#film.rectangles][5] = nil
      at = skip_blocks(bytes, at + 11)
    end
  end
  check.eq(at, #bytes)
  return film
end

-- The frames as PIL shows them, uint8 [F,H,W,3], written into a .npy.
local function decoded(folder, path)
  local code, text = process.run("", PYTHON, "-c", [[
import sys, struct
from PIL import Image, ImageSequence
frames = [f.convert("RGB") for f in ImageSequence.Iterator(Image.open(sys.argv[1]))]
w, h = frames[0].size
with open(sys.argv[2], "wb") as f:
  f.write(b"\x00\x00\x08\x04" + struct.pack(">4I", len(frames), h, w, 3))
  for x in frames: f.write(x.tobytes())
]], path, folder .. "/frames.idx")
  if code ~= 0 then error(text, 2) end
  return sl.io.idx(folder .. "/frames.idx")
end

local function same_pixels(folder, path, frames)
  if not HAS_PIL then return print("test_film: no python3-pil: pixels of " .. path .. " not compared") end
  check.ok(decoded(folder, path):eq(frames:expand { -1, -1, -1, 3 }):amin():item() == 1, "other pixels in " .. path)
end

-- ---- films -------------------------------------------------------------------------------------------------------

-- A square that moves over a grey ground with a gradient, [6,20,30,channels].
local function moving(channels)
  local ground = sl.arange(0, 30):reshape({ 1, 1, 30, 1 }):to("uint8"):expand({ 6, 20, 30, channels }):contiguous()
  for i = 0, 5 do ground:select(1, i + 1):narrow(1, 2 + 2 * i, 4):narrow(2, 3 + 3 * i, 5):fill_(200) end
  if channels == 3 then ground:select(4, 2):narrow(1, 4, 1):fill_(77) end
  return ground
end

if built(".webp", "libwebp-dev") then
  check.test("a WebP: sizes, times, loops and every pixel", function()
    files.with_folder(function(folder)
      local path = folder .. "/film.webp"
      for _, channels in ipairs { 1, 3 } do
        sl.image.animate(path, moving(channels), { fps = 30, loop = 2 })
        check.eq(read_webp(files.read(path)),
          { width = 30, height = 20, loop = 2, delays = { 33, 34, 33, 33, 34, 33 } })
        same_pixels(folder, path, moving(channels))
      end
      local small = sl.image.to_float(moving(1))
      sl.image.animate(path, small, { lossless = false, quality = 20 })
      check.eq(#read_webp(files.read(path)).delays, 6)
      local bytes = #files.read(path)
      sl.image.animate(path, sl.image.to_float(sl.randint(0, 256, { 3, 64, 64, 3 }, { dtype = "uint8" })))
      local noise = #files.read(path)
      sl.image.animate(path, sl.randn { 3, 64, 64, 3 }, { lossless = false, quality = 5 })
      check.ok(#files.read(path) < noise / 4 and bytes > 100, "quality makes files small")
    end)
  end)
end

if built(".webp", "libwebp-dev") then
  check.test("image.load reads a WebP, of a film the first picture; what is cut short is an error", function()
    files.with_folder(function(folder)
      local path = folder .. "/film.webp"
      sl.image.animate(path, moving(3))
      check.eq(sl.image.load(path):totable(), moving(3):select(1, 1):totable())
      sl.image.animate(path, moving(1):narrow(1, 1, 1))
      check.eq(sl.image.load(path, { channels = 1 }):totable(), moving(1):select(1, 1):totable())
      check.eq(sl.data.from(path, { quiet = true }).kind, "image")
      local bytes = files.read(path)
      for n = 0, #bytes - 1, 7 do
        files.write(path, bytes:sub(1, n))
        check.raises(function() sl.image.load(path) end, "image.load: " .. path .. ": ")
      end
      for n = 13, #bytes do -- a byte that is wrong gives a picture or an error
        files.write(path, bytes:sub(1, n - 1) .. string.char(bytes:byte(n) ~ 0x5a) .. bytes:sub(n + 1))
        pcall(sl.image.load, path)
      end
    end)
  end)
  if HAS_PIL then
    check.test("image.load reads what PIL writes: with transparency, and without", function()
      files.with_folder(function(folder)
        local path = folder .. "/a.webp"
        local function pil(code)
          local status, text = process.run("", PYTHON, "-c", "from PIL import Image\n" .. code:format(path))
          check.eq(status, 0, text)
          return sl.image.load(path):totable()
        end
        check.eq(pil "Image.new('RGBA', (2, 1), (9, 8, 7, 100)).save('%s', lossless=True, exact=True)",
          { { { 9, 8, 7, 100 }, { 9, 8, 7, 100 } } })
        check.eq(pil "Image.new('RGB', (1, 2), (9, 8, 7)).save('%s', lossless=True)",
          { { { 9, 8, 7 } }, { { 9, 8, 7 } } })
      end)
    end)
  end
end

if built(".gif", "libgif-dev") then
  check.test("a GIF: sizes, times, loops, what changed, and every pixel", function()
    files.with_folder(function(folder)
      local path = folder .. "/film.gif"
      for _, channels in ipairs { 1, 3 } do
        sl.image.animate(path, moving(channels), { fps = 30 })
        local film = read_gif(files.read(path))
        check.eq({ film.width, film.height, film.again, film.delays }, { 30, 20, 0, { 3, 4, 3, 3, 4, 3 } })
        check.eq(film.rectangles[1], { 0, 0, 30, 20 })
        check.eq(film.rectangles[2], { 2, 1, 8, 6 })
        same_pixels(folder, path, moving(channels))
      end
      sl.image.animate(path, moving(1), { loop = 1 })
      check.eq(read_gif(files.read(path)).again, nil)
      sl.image.animate(path, moving(1), { loop = 3 })
      check.eq(read_gif(files.read(path)).again, 2)
      sl.image.animate(path, sl.ones { 3, 7, 9, 1 })
      check.eq(read_gif(files.read(path)).rectangles, { { 0, 0, 9, 7 }, { 0, 0, 1, 1 }, { 0, 0, 1, 1 } })
    end)
  end)

  check.test("a GIF of more than 256 colours is near them", function()
    files.with_folder(function(folder)
      if not HAS_PIL then return print "test_film: no python3-pil: colours of a GIF not compared" end
      local ramp = sl.arange(0, 64):to("float32") / 31.5 - 1
      local x = sl.stack({ ramp:reshape({ 1, 64 }):expand { 64, 64 }, ramp:reshape({ 64, 1 }):expand { 64, 64 },
        sl.zeros { 64, 64 } }, 3):unsqueeze(1)
      sl.image.animate(folder .. "/a.gif", x)
      local far = decoded(folder, folder .. "/a.gif"):to "float32" - sl.image.to_uint8(x):to "float32"
      local mixed = far:avg_pool(4):abs():mean():item() -- the eye takes the mean of pixels that take turns
      local each = far:abs():mean():item()
      check.ok(each < 4 and mixed < 2, each .. " " .. mixed)
    end)
  end)
end

check.test("a palette: the colours themselves where they are few, else those that err least", function()
  local x = sl.tensor({ { { 9, 8, 7 }, { 1, 2, 3 } }, { { 1, 2, 3 }, { 200, 0, 0 } } }, { dtype = "uint8" })
  local index, colors = sl.image.palette(x, 3)
  check.eq(index:totable(), { { 1, 0 }, { 0, 2 } })
  check.eq(colors:totable(), { { 1, 2, 3 }, { 9, 8, 7 }, { 200, 0, 0 } })
  index, colors = sl.image.palette(x, 2)
  check.eq(colors:shape(), { 2, 3 })
  check.eq(index[1][1]:item(), index[1][2]:item())
  check.ok(index[1][1]:item() ~= index[2][2]:item())
  check.eq(select(2, sl.image.palette(x, 1)):shape(), { 1, 3 })
  check.eq(select(2, sl.image.palette(sl.zeros { 2, 2, 3 })):totable(), { { 128, 128, 128 } })
  check.raises(function() sl.image.palette(sl.zeros { 2, 2 }) end, "image.palette: argument image: expected [H,W,C]")
  check.raises(function() sl.image.palette(x, 257) end, "argument most: expected an integer from 1 to 256")
end)

check.test("the same frames give the same bytes, from a tensor, a list, floats or things that render", function()
  files.with_folder(function(folder)
    for _, ending in ipairs { "webp", "gif" } do
      local x, pictures, things = moving(3), {}, {}
      for i = 1, 6 do
        pictures[i] = sl.image.to_float(x:select(1, i))
        things[i] = { render = function() return x:select(1, i) end }
      end
      local path, seen = folder .. "/film." .. ending, {}
      for _, frames in ipairs { x, sl.image.to_float(x), pictures, things } do
        if pcall(sl.image.animate, path, frames) then seen[#seen + 1] = files.read(path) end
      end
      for i = 2, #seen do check.ok(seen[i] == seen[1], ending .. " differs") end
      check.ok(#seen == 4 or #seen == 0)
    end
  end)
end)

check.test("each allocation failing in turn leaves no memory and no file behind", function()
  files.with_folder(function(folder)
    local x, failed = sl.randint(0, 256, { 2, 20, 20, 3 }, { dtype = "uint8" }):transpose(2, 3), {}
    local function live()
      collectgarbage()
      collectgarbage()
      return testing.live()
    end
    for _, ending in ipairs { "gif", "webp" } do
      if pcall(sl.image.animate, folder .. "/film." .. ending, x) then
        local before, n, ok = live(), 0, false
        while not ok do
          n = n + 1
          testing.fail_alloc(n, true)
          ok = pcall(sl.image.animate, folder .. "/other." .. ending, x)
          testing.fail_alloc(0)
          check.eq(live(), before)
          check.eq(system.kind(folder .. "/other." .. ending), ok and "file" or nil)
          failed[ending] = n - 1
        end
      end
    end
    check.ok((failed.gif or 5) >= 5 and (failed.webp or 1) >= 1, "too few allocations failed")
    for _, name in ipairs(system.list_folder(folder)) do check.ok(not name:find "%.tmp$", name) end
  end)
end)

check.test("what can be looked at", function()
  check.eq(sl.image.render(sl.zeros { 4, 2, 2, 1 }):shape(), { 10, 10, 1 })
  local grey_and_alpha = sl.tensor({ { { 9, 255 }, { 7, 0 } } }, { dtype = "uint8" })
  check.eq(sl.image.render(grey_and_alpha):totable(), { { { 9 }, { 255 } } })
  check.eq(sl.image.render({ render = function() return sl.ones { 2, 3, 4 } end }):shape(), { 2, 3, 3 })
  local expected = "expected a picture [H,W,C], a batch [N,H,W,C] or something with a method render, got "
  for value, got in pairs { [7] = "7", [true] = "true", x = "x", [sl.zeros { 3, 3 }] = "float32 [3,3]",
    [{ render = function() return 5 end }] = "5", [sl.zeros { 0, 3, 3, 1 }] = "float32 [0,3,3,1]" } do
    check.raises(function() sl.image.render(value) end, "image.render: argument x: " .. expected .. got)
  end
end)

check.test("bad arguments of films", function()
  local x = sl.zeros { 2, 3, 3, 1 }
  for _, case in ipairs {
    { { "a.mp4", x }, "image.animate: argument path: expected a name that ends in .webp or .gif, got a.mp4" },
    { { nil, x }, "argument path" },
    { { "a.webp", 7 }, "image.animate: argument frames: expected [F,H,W,C] or a list of pictures, got 7" },
    { { "a.webp", sl.zeros { 3, 3, 1 } }, "expected [F,H,W,C] or a list of pictures, got float32 [3,3,1]" },
    { { "a.webp", {} }, "expected at least one, got an empty list" },
    { { "a.webp", { x, 7 } }, "image.animate: argument frames[2]: expected a picture [H,W,C]" },
    { { "a.webp", { x, sl.zeros { 3, 3, 1 } } }, "frames[2]: expected a picture of the first one's size" },
    { { "a.gif", x, { quality = 3 } }, "image.animate: unknown option quality; expected fps, loop" },
    { { "a.gif", x, { fps = "3" } }, "option fps: expected a number, got 3" },
  } do
    check.raises(function() sl.image.animate(table.unpack(case[1], 1, 3)) end, case[2])
  end
end)

check.test("what a format can't hold", function()
  local x = sl.zeros { 2, 3, 3, 1 }
  for _, case in ipairs {
    { "webp", x, { fps = 0 }, "option fps: expected 0.01 to 1000 in this format, got 0" },
    { "webp", x, { fps = 0 / 0 }, "option fps" },
    { "gif", x, { fps = 51 }, "option fps: expected 0.01 to 50 in this format, got 51" },
    { "webp", x, { loop = -1 }, "expected an integer from 0 to 65535" },
    { "webp", x, { lossless = false, quality = 101 }, "option quality: expected 0 to 100, got 101" },
    { "webp", sl.zeros { 2, 3, 3, 2 }, {}, "expected [F,H,W,1] or [F,H,W,3] with sides of 1 to 16383, got [2,3,3,2]" },
    { "gif", sl.zeros { 0, 3, 3, 1 }, {}, "argument frames: expected [F,H,W,1]" },
    { "webp", sl.zeros { 1, 1, 20000, 1 }, {}, "sides of 1 to 16383" },
  } do
    local ok, err = pcall(sl.image.animate, "/nowhere/film." .. case[1], case[2], case[3])
    check.ok(not ok and (err:find(case[4], 1, true) or err:find("and build again", 1, true)), err)
  end
  local ok, err = pcall(sl.image.animate, "/nowhere/film.gif", x)
  check.ok(not ok and (err:find("image.animate: /nowhere/film.gif: ", 1, true) or err:find "build again"), err)
end)
