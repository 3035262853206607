-- Data in the layouts that others distribute: CIFAR-10, folders of classes, IDX by path; and data.from, which guesses.
local check = require "check"
local files = require "files"
local process = require "process"
local sl = require "sdelua"
local system = require "sdelua.core".system

local with_folder, write = files.with_folder, files.write

-- All that a program writes that reads this path.
local function noted(path, opts)
  local code, text = process.run("", process.program, "-e", ("require 'sdelua'.data.from(%q, %s)"):format(path, opts))
  check.eq(code, 0, text)
  return text
end

local function from(path, opts)
  opts = opts or {}
  opts.quiet = true
  return sl.data.from(path, opts)
end

-- ---- CIFAR-10 ----------------------------------------------------------------------------------

-- A record of that label: red is the row, green the column, blue the label, each from 0.
local function record(label)
  local planes = {}
  for row = 0, 31 do
    planes[1 + row] = string.char(row):rep(32)
    for column = 0, 31 do planes[33 + row * 32 + column] = string.char(column) end
  end
  return string.char(label) .. table.concat(planes) .. string.char(label):rep(1024)
end

local function write_cifar(folder)
  write(folder .. "/data_batch_1.bin", record(3) .. record(9))
  write(folder .. "/data_batch_3.bin", record(0))
  write(folder .. "/test_batch.bin", record(5))
  write(folder .. "/batches.meta.txt", "airplane\nautomobile\n\n")
end

check.test("CIFAR-10: planes become channels, batches follow each other", function()
  with_folder(function(folder)
    write_cifar(folder)
    local x, y, classes = sl.data.cifar10(folder)
    check.eq({ x:shape(), x.dtype, y:totable(), y.dtype, classes },
      { { 3, 32, 32, 3 }, "uint8", { 3, 9, 0 }, "uint8", { "airplane", "automobile" } })
    check.ok(x:is_contiguous())
    check.eq(x:select(1, 2):select(1, 8):select(1, 21):totable(), { 7, 20, 9 })
    check.eq(select(2, sl.data.cifar10(folder, { split = "test" })):totable(), { 5 })
    check.eq(select(2, sl.data.cifar10(folder .. "/data_batch_3.bin")):totable(), { 0 })
  end)
  with_folder(function(folder)
    system.make_folder(folder .. "/cifar-10-batches-bin")
    write_cifar(folder .. "/cifar-10-batches-bin")
    check.eq(sl.data.cifar10(folder):shape(), { 3, 32, 32, 3 })
  end)
end)

check.test("CIFAR-10: what is wrong with a file or folder is said", function()
  with_folder(function(folder)
    local path = folder .. "/data_batch_1.bin"
    local function raises(part, ...)
      local args = table.pack(...)
      check.raises(function() sl.data.cifar10(table.unpack(args, 1, args.n)) end, part)
    end
    raises("expected data_batch_1.bin … data_batch_5.bin of CIFAR-10's binary version, got none", folder)
    write(path, record(1):sub(1, -2))
    raises("data_batch_1.bin: expected records of 3073 bytes, got 3072 bytes", folder)
    write(path, "")
    raises("expected records of 3073 bytes, got 0 bytes", path)
    write(path, record(10))
    raises("expected labels 0 to 9, got 10", path)
    raises("expected test_batch.bin of CIFAR-10's binary version", folder, { split = "test" })
    raises('option split: expected "train" or "test", got dev', folder, { split = "dev" })
    raises("argument path: expected a path, got 3", 3)
  end)
end)

-- ---- folders of classes, IDX by path -----------------------------------------------------------

local function paint(path, value) sl.image.save(path, sl.full({ 4, 4, 3 }, value, { dtype = "uint8" })) end

check.test("each sub-folder of pictures is a class", function()
  with_folder(function(folder)
    for _, name in ipairs { "dog", "cat", "empty", ".hidden" } do system.make_folder(folder .. "/" .. name) end
    paint(folder .. "/dog/1.png", 10)
    paint(folder .. "/cat/2.png", 30)
    paint(folder .. "/cat/1.png", 20)
    paint(folder .. "/.hidden/1.png", 99)
    write(folder .. "/notes.txt", "not an image")
    local x, names, labels, classes = sl.data.image_folder(folder, { size = 4 })
    check.eq(names, { "cat/1.png", "cat/2.png", "dog/1.png" })
    check.eq({ labels:totable(), labels.dtype, classes }, { { 0, 0, 1 }, "int64", { "cat", "dog" } })
    check.eq(x:amax({ 2, 3, 4 }):totable(), { 20, 30, 10 })
    paint(folder .. "/top.png", 50)
    check.eq(select(2, sl.data.image_folder(folder, { size = 4 })), { "top.png" })
  end)
end)

check.test("IDX by path, with the labels beside it or named", function()
  with_folder(function(folder)
    local images = folder .. "/some-images-idx3-ubyte"
    write(images, string.pack(">I4I4I4I4", 0x803, 2, 1, 2) .. "\1\2\3\4")
    check.eq({ sl.data.idx(images):totable() }, { { { { { 1 }, { 2 } } }, { { { 3 }, { 4 } } } } })
    write(folder .. "/some-labels-idx1-ubyte", string.pack(">I4I4", 0x801, 2) .. "\7\8")
    check.eq(select(2, sl.data.idx(images)):totable(), { 7, 8 })
    write(folder .. "/other", string.pack(">I4I4", 0x801, 2) .. "\5\6")
    check.eq(select(2, sl.data.idx(images, { labels = folder .. "/other" })):totable(), { 5, 6 })
    check.eq(sl.data.idx(folder .. "/other"):totable(), { 5, 6 })
    write(folder .. "/other", string.pack(">I4I4", 0x801, 3) .. "\5\6\7")
    check.raises(function() sl.data.idx(images, { labels = folder .. "/other" }) end,
      "expected images [n,H,W] and labels [n], got [2,1,2] and [3]")
  end)
end)

-- ---- the guess ---------------------------------------------------------------------------------

check.test("from says in a line what it found", function()
  with_folder(function(folder)
    write_cifar(folder)
    local set, line = from(folder), noted(folder, "nil")
    check.eq(line, ("sdelua: note: data.from: %s: CIFAR-10, binary version: uint8 [3,32,32,3], labels of 2 classes\n")
      :format(folder))
    check.eq(line, "sdelua: note: data.from: " .. set.about .. "\n")
    check.eq({ tostring(set), set.kind, set.classes }, { set.about, "cifar10", { "airplane", "automobile" } })
    check.eq(set.test().labels:totable(), { 5 })
    check.eq({ tostring(set.test()), set.test().kind }, { folder
      .. ": CIFAR-10, binary version: uint8 [1,32,32,3], labels of 2 classes", "cifar10" })
    check.eq(noted(folder, "{ quiet = true }"), "")
    check.eq({ from(folder, { split = "test" }).labels:totable(), from(folder, { split = "test" }).test }, { { 5 } })
    check.eq(from(folder .. "/test_batch.bin").kind, "cifar10")
    os.remove(folder .. "/test_batch.bin")
    check.eq(from(folder).test, nil)
  end)
end)

check.test("from knows folders", function()
  with_folder(function(folder)
    local pixels, labels = string.pack(">I4I4I4I4", 0x803, 1, 2, 2) .. "abcd", string.pack(">I4I4", 0x801, 1) .. "\4"
    write(folder .. "/train-images-idx3-ubyte", pixels)
    write(folder .. "/train-labels-idx1-ubyte", labels)
    local set = from(folder)
    check.eq({ set.kind, set.samples:shape(), set.labels:totable(), set.test }, { "mnist", { 1, 2, 2, 1 }, { 4 } })
    check.eq(from(folder .. "/train-images-idx3-ubyte").kind, "idx")
    check.ok(set.about:find("uint8 [1,2,2,1], labels 4 to 4", 1, true), set.about)
  end)
  with_folder(function(folder)
    check.raises(function() from(folder) end,
      "or PNG, JPEG, BMP or WebP files, there or in folders of classes, got none")
    system.make_folder(folder .. "/a")
    paint(folder .. "/a/1.png", 7)
    local set = from(folder, { size = 2, channels = 1 })
    check.eq({ set.kind, set.samples:shape(), set.labels:totable(), set.classes, set.names },
      { "images", { 1, 2, 2, 1 }, { 0 }, { "a" }, { "a/1.png" } })
  end)
end)

check.test("from says what it made of a folder's pictures, and what it did not read", function()
  with_folder(function(folder)
    local function about() return from(folder, { size = 4 }).about:sub(#folder + 3) end
    paint(folder .. "/1.png", 7)
    check.eq(about(), "a folder of pictures: uint8 [1,4,4,3]")
    sl.image.save(folder .. "/2.png", sl.zeros { 4, 6, 3 })
    for _, name in ipairs { "a.gif", "b.GIF", "LICENSE", ".hidden" } do write(folder .. "/" .. name, "x") end
    system.make_folder(folder .. "/more")
    check.eq(about(), "a folder of pictures: uint8 [2,4,4,3]; 1 of 2 cut to the central square and resized to 4 x 4; "
      .. "not read: 1 without an ending, 2 .gif")
    for i = 1, 2 do assert(os.rename(("%s/%d.png"):format(folder, i), ("%s/more/%d.png"):format(folder, i))) end
    write(folder .. "/more/list.txt", "x")
    check.eq(about(), "a folder of pictures: uint8 [2,4,4,3], labels of 1 classes; 1 of 2 cut to the central square "
      .. "and resized to 4 x 4; not read: 1 without an ending, 2 .gif, 1 .txt")
  end)
end)

check.test("from knows files by what is in them, whatever they are called", function()
  with_folder(function(folder)
    local path, x = folder .. "/file", sl.arange(0, 12):reshape { 3, 4 }
    sl.npy.save(path, x)
    check.eq({ from(path).kind, from(path).samples:totable() }, { "npy", x:totable() })
    sl.npy.save(path, x:to("uint8"):reshape { 3, 2, 2 })
    check.eq(from(path).samples:shape(), { 3, 2, 2, 1 })
    for _, kind in ipairs { "npz", "safetensors" } do
      local save = kind == "npz" and sl.npz.save or sl.save
      save(path, { some = x })
      check.eq({ from(path).kind, from(path).samples:totable() }, { kind, x:totable() })
      save(path, { x_train = x, y_train = sl.tensor({ 4, 5, 6 }, { dtype = "int64" }), x_test = x })
      check.eq({ from(path).name, from(path).labels:totable() }, { "x_train", { 4, 5, 6 } }, kind)
      check.eq(from(path, { name = "x_test" }).name, "x_test")
      check.raises(function() from(path, { name = "z" }) end, "expected an array named z, got x_test, x_train, y_train")
      save(path, { x = x, y = sl.zeros { 2 } })
      check.eq(from(path).labels, nil, "labels of another number than the samples")
      save(path, { a = x, b = x })
      check.raises(function() from(path) end, "got a, b: say which with name =")
    end
    sl.image.save(path .. ".png", sl.full({ 2, 3, 3 }, 9, { dtype = "uint8" }))
    assert(os.rename(path .. ".png", path))
    check.eq({ from(path).kind, from(path).samples:shape() }, { "image", { 1, 2, 3, 3 } })
    check.eq(from("tests/fixtures/fuzz/idx/packed.idx.gz").samples:totable(), { { 0, 1, 2 }, { 3, 4, 5 } })
  end)
end)

check.test("from knows text and CIFAR-10 by the name as well", function()
  with_folder(function(folder)
    write(folder .. "/a.csv", "x,y,class\n1,2,b\n3,4,a\n")
    local set = from(folder .. "/a.csv", { labels = "class" })
    check.eq({ set.kind, set.samples:totable(), set.labels:totable(), set.classes, set.names },
      { "csv", { { 1, 2 }, { 3, 4 } }, { 1, 0 }, { "a", "b" }, { "x", "y" } })
    write(folder .. "/a.TSV", "1\t2\n3\t\n")
    check.eq(from(folder .. "/a.TSV", { missing = "skip" }).samples:totable(), { { 1, 2 } })
    write(folder .. "/a.bin", record(1) .. "x")
    write(folder .. "/a.txt", "hello")
    write(folder .. "/empty", "")
    for _, name in ipairs { "a.bin", "a.txt", "empty" } do
      check.raises(function() from(folder .. "/" .. name) end, "or a picture, got another kind of file")
    end
  end)
end)

check.test("from: bad arguments", function()
  check.raises(function() sl.data.from() end, "data.from: argument path: expected a path, got nil")
  check.raises(function() sl.data.from "/nowhere" end,
    "data.from: /nowhere: expected a file or a folder, got nothing there")
  check.raises(function() sl.data.from "/dev/null" end, "got a device or pipe")
  check.raises(function() sl.data.from(".", { split = "dev" }) end, 'expected "train" or "test", got dev')
  check.raises(function() sl.data.from(".", { shape = 1 }) end, "data.from: unknown option shape")
end)
