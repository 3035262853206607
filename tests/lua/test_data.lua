local check = require "check"
local files = require "files"
local sl = require "sdelua"

local with_folder, write = files.with_folder, files.write

-- n grey images of 4x4, image i filled with i.
local function write_mnist(folder, prefix, n)
  local pixels, labels = {}, {}
  for i = 1, n do
    pixels[i], labels[i] = string.char(i):rep(16), string.char(i % 10)
  end
  local header = string.pack(">I4I4I4I4", 0x803, n, 4, 4)
  write(folder .. "/" .. prefix .. "-images-idx3-ubyte", header .. table.concat(pixels))
  write(folder .. "/" .. prefix .. "-labels-idx1-ubyte", string.pack(">I4I4", 0x801, n) .. table.concat(labels))
end

-- ---- data sets ------------------------------------------------------------------------------------

check.test("IDX files of another folder", function()
  with_folder(function(folder)
    write_mnist(folder, "train", 6)
    write_mnist(folder, "t10k", 3)
    local x, y = sl.data.fashion_mnist { path = folder }
    check.eq(x:shape(), { 6, 4, 4, 1 })
    check.eq(x.dtype, "uint8")
    check.eq(y:totable(), { 1, 2, 3, 4, 5, 6 })
    check.eq(x:select(1, 5):select(1, 4):totable(), { { 5 }, { 5 }, { 5 }, { 5 } })
    check.eq(sl.data.fashion_mnist({ path = folder, split = "test" }):shape(), { 3, 4, 4, 1 })
    check.ok(sl.data.is_mnist(folder))
    write_mnist(folder, "t10k", 4)
    write(folder .. "/t10k-labels-idx1-ubyte", string.pack(">I4I4", 0x801, 2) .. "ab")
    check.raises(function() sl.data.fashion_mnist { path = folder, split = "test" } end, "got [4,4,4] and [2]")
  end)
end)

check.test("missing data names the package and the option", function()
  local message = check.raises(function() sl.data.fashion_mnist { path = "/nowhere" } end, "dataset-fashion-mnist")
  check.ok(message:find("--data", 1, true), message)
  check.raises(function() sl.data.fashion_mnist { split = "dev" } end, 'expected "train" or "test", got dev')
  check.raises(function() sl.data.fashion_mnist { folder = "x" } end, "unknown option folder; expected path, split")
end)

check.test("a folder of images: sorted, central squares, resized", function()
  with_folder(function(folder)
    sl.image.save(folder .. "/b.png", sl.full({ 8, 6, 3 }, 200, { dtype = "uint8" }))
    sl.image.save(folder .. "/a.PNG", sl.full({ 4, 4, 1 }, 10, { dtype = "uint8" }))
    write(folder .. "/notes.txt", "not an image")
    local x, names = sl.data.image_folder(folder, { size = 4, channels = 3 })
    check.eq(names, { "a.PNG", "b.png" })
    check.eq(x:shape(), { 2, 4, 4, 3 })
    check.eq({ x:amax({ 2, 3, 4 }):totable(), x:amin({ 2, 3, 4 }):totable() }, { { 10, 200 }, { 10, 200 } })
    write(folder .. "/c.png", "broken")
    check.raises(function() sl.data.image_folder(folder, { size = 4 }) end, "c.png")
  end)
  with_folder(function(folder)
    check.raises(function() sl.data.image_folder(folder) end,
      "expected PNG, JPEG, BMP or WebP files, there or in folders of classes, got none")
  end)
  check.raises(function() sl.data.image_folder "/nowhere" end, "/nowhere")
end)

local sets = {
  eight_gaussians = { mean = { 0, 0 }, var = { 4 + 1 / 8, 4 + 1 / 8 } },
  two_moons = {}, swiss_roll = {}, pinwheel = {},
  checkerboard = { mean = { 0, 0 }, var = { 16 / 3, 16 / 3 } },
}

check.test("sets of points: seeded, each point its own, of the right spread", function()
  for name, want in pairs(sets) do
    local set = sl.data[name]
    local x = set(20000, { seed = 3 })
    check.eq({ x:shape(1), x:shape(2), x.dtype }, { 20000, 2, "float32" }, name)
    check.eq(set(10, { seed = 3, first = 40 }):totable(), x:narrow(1, 41, 10):totable(), name)
    check.ok(set(10, { seed = 4 }):ne(x:narrow(1, 1, 10)):sum():item() > 0, name)
    if want.mean then
      check.close(x:mean({ 1 }):totable(), want.mean, 0, 0.06, name)
      check.close(x:var({ 1 }):totable(), want.var, 0.03, 0, name)
    end
    check.ok(x:abs():amax():item() < 6, name)
    check.eq(set(0):shape(), { 0, 2 }, name)
    check.raises(function() set(-1) end, "data." .. name .. ": argument n: expected a count, got -1")
    check.raises(function() set(1, { sed = 1 }) end, "unknown option sed")
  end
end)

check.test("eight Gaussians: modes on the circle, a point's distance to its mode", function()
  local x = sl.data.eight_gaussians(8000, { radius = 3, std = 0.01 })
  check.close(x:square():sum({ 2 }):sqrt():mean():item(), 3, 1e-3)
  local angles = {}
  for _, p in ipairs(x:totable()) do
    local k = math.floor(math.atan(p[2], p[1]) / (math.pi / 4) + 0.5) % 8
    angles[k] = (angles[k] or 0) + 1
  end
  for k = 0, 7 do check.close(angles[k], 1000, 0.12, 0, "mode " .. k) end
end)

check.test("the checkerboard has points on its black squares only", function()
  for _, p in ipairs(sl.data.checkerboard(2000):totable()) do
    local column, row = math.floor(p[1] / 2), math.floor(p[2] / 2)
    check.eq((column + row) % 2, 0)
  end
end)

-- ---- the loader ----------------------------------------------------------------------------------------

local function drawn(batches, count)
  local parts = {}
  for i = 1, count do parts[i] = batches() end
  return sl.cat(parts, 1)
end

check.test("each epoch is a permutation, and another one", function()
  local batches = sl.data.loader(sl.arange(1, 13):reshape { 12, 1 }, { batch = 4, seed = 5 })
  local epochs = {}
  for e = 1, 2 do
    epochs[e] = drawn(batches, 3):reshape({ 12 }):totable()
    local sorted = table.move(epochs[e], 1, 12, 1, {})
    table.sort(sorted)
    for i = 1, 12 do check.eq(sorted[i], i) end
  end
  check.ok(table.concat(epochs[1], ",") ~= table.concat(epochs[2], ","))
end)

check.test("what is at a position depends neither on the batch nor on where one began", function()
  local images = sl.randint(0, 256, { 10, 4, 4, 1 }, { dtype = "uint8" })
  local function loader(batch)
    return sl.data.loader(images, { batch = batch, seed = 5, flip = true, dequantize = true })
  end
  local all = drawn(loader(1), 36)
  check.eq(drawn(loader(4), 9):totable(), all:totable())
  check.eq(drawn(loader(36), 1):totable(), all:totable())
  local late = loader(4)
  late:seek(20)
  check.eq(late():totable(), all:narrow(1, 21, 4):totable())
  check.eq(late.seen, 24)
end)

check.test("images come in [-1,1]; dequantized ones within their level; flips mirror half of them", function()
  local images = sl.arange(0, 256):to("uint8"):reshape { 64, 1, 4, 1 }
  local plain = sl.data.loader(images, { batch = 64, shuffle = false })()
  check.eq(plain:shape(), { 64, 1, 4, 1 })
  check.eq({ plain:amin():item(), plain:amax():item() }, { -1, 1 })
  check.eq(sl.image.to_uint8(plain):totable(), images:totable())
  local noisy = sl.data.loader(images, { batch = 64, shuffle = false, dequantize = true })()
  local level = (noisy + 1) * 128
  check.eq(level:floor():totable(), images:to("float32"):totable())
  check.close((level - level:floor()):mean():item(), 0.5, 0, 0.06)
  local flipped = sl.data.loader(images, { batch = 64, shuffle = false, flip = true })():totable()
  local count, straight = 0, plain:totable()
  for i = 1, 64 do
    local row, original = flipped[i][1], straight[i][1]
    local mirrored = row[1][1] == original[4][1]
    check.eq(row[2][1], original[mirrored and 3 or 2][1])
    count = count + (mirrored and 1 or 0)
  end
  check.ok(count > 16 and count < 48, "mirrored " .. count)
end)

check.test("labels go with their samples", function()
  local labels = sl.arange(1, 11, 1, { dtype = "int64" })
  local batches = sl.data.loader(sl.arange(1, 11):reshape { 10, 1 }, { batch = 7, labels = labels })
  for _ = 1, 3 do
    local x, y = batches()
    check.eq(x:reshape({ 7 }):totable(), y:to("float32"):totable())
  end
end)

check.test("bad arguments of the loader", function()
  local x = sl.zeros { 4, 2 }
  local function bad(samples, opts, part) check.raises(function() sl.data.loader(samples, opts) end, part) end
  bad(3, nil, "data.loader: argument samples: expected a tensor, got 3")
  bad(sl.zeros { 0, 2 }, nil, "expected a tensor [n, ...] with n >= 1")
  bad(x, { batch = 0 }, "argument batch: expected a count >= 1, got 0")
  bad(x, { flip = true }, "argument flip: expected images [n,H,W,C]")
  bad(x, { dequantize = true }, "argument dequantize: expected uint8 samples, got float32")
  bad(x, { labels = sl.zeros { 3 } }, "argument labels: expected a tensor [4, ...]")
  bad(x, { size = 3 }, "data.loader: unknown option size; expected batch, dequantize, flip")
  check.raises(function() sl.data.loader(x):seek(-1) end, "expected a count, got -1")
end)
