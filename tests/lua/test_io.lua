local check = require "check"
local sl = require "sdelua"

local function with_file(fn)
  local path = os.tmpname()
  local ok, err = pcall(fn, path)
  os.remove(path)
  if not ok then error(err, 0) end
end

local function bytes(path)
  local f <close> = assert(io.open(path, "rb"))
  return f:read "a"
end

check.test("save and load: tensors of every type, texts, the same bytes again", function()
  with_file(function(path)
    local tensors = {
      ["model.w"] = sl.tensor { { 1, 2 }, { 3, 4 } }, ["model.b"] = sl.tensor({ 0.1 }, { dtype = "float64" }),
      step = sl.tensor({ 7, 2 ^ 60 // 1 | 1 }, { dtype = "int64" }), mask = sl.tensor({ 1, 0, 1 }, { dtype = "uint8" }),
      scalar = sl.zeros({}), none = sl.zeros { 0, 3 }, turned = sl.arange(6):reshape({ 2, 3 }):transpose(1, 2),
    }
    local texts = { architecture = '{"nf": 32, "name": "a\\b"}', ["é"] = "line\nline\ttab", empty = "" }
    sl.save(path, tensors, texts)
    local before = bytes(path)
    local t, m = sl.load(path)
    check.eq(m, texts)
    for name, x in pairs(tensors) do
      check.eq({ t[name].dtype, t[name]:shape(), t[name]:totable() }, { x.dtype, x:shape(), x:totable() }, name)
    end
    for name in pairs(t) do check.ok(tensors[name], name) end
    sl.save(path, t, m)
    check.eq(bytes(path), before)
    sl.save(path, {})
    check.eq({ sl.load(path) }, { {}, {} })
  end)
end)

check.test("npy and npz", function()
  with_file(function(path)
    local x = sl.randn { 3, 4 }
    sl.npy.save(path, x:transpose(1, 2))
    check.eq(sl.npy.load(path):totable(), x:transpose(1, 2):totable())
    for _, compress in ipairs { false, true } do
      sl.npz.save(path, { x = x, ["a/b"] = sl.zeros { 50, 50 } }, { compress = compress })
      local t = sl.npz.load(path)
      check.eq(t.x:totable(), x:totable())
      check.eq(t["a/b"]:shape(), { 50, 50 })
    end
  end)
end)

check.test("idx", function()
  check.eq(sl.io.idx("tests/fixtures/fuzz/idx/packed.idx.gz"):totable(), { { 0, 1, 2 }, { 3, 4, 5 } })
end)

check.test("bytes", function()
  with_file(function(path)
    check.eq({ sl.io.bytes(path):shape(), sl.io.bytes(path).dtype }, { { 0 }, "uint8" })
    local file <close> = assert(io.open(path, "wb"))
    file:write("\0\255\r\n\26z")
    file:flush()
    check.eq(sl.io.bytes(path):totable(), { 0, 255, 13, 10, 26, 122 })
  end)
  check.raises(function() sl.io.bytes "tests" end, "io.bytes: tests: expected a regular file, got a folder")
  check.raises(function() sl.io.bytes "/dev/zero" end, "got a device or pipe")
  check.raises(function() sl.io.bytes() end, "io.bytes: argument path: expected a string, got no value")
end)

check.test("bad arguments name function, argument, expected and actual", function()
  local x = sl.zeros { 2 }
  local function raises(part, fn, ...)
    local args = table.pack(...)
    check.raises(function() fn(table.unpack(args, 1, args.n)) end, part)
  end
  raises("save: argument path: expected a string, got the number 7", sl.save, 7, {})
  raises("save: argument path: expected a path without zero bytes", sl.save, "a\0b", {})
  raises("save: argument tensors: expected a table of tensors by name, got nil", sl.save, "x")
  raises('save: argument tensors: expected a tensor under "w", got the number 3', sl.save, "x", { w = 3 })
  raises("save: argument tensors: expected strings without zero bytes as names, got the number 1", sl.save, "x", { x })
  raises('save: argument texts: expected a string without zero bytes under "k", got the number 1',
    sl.save, "x", {}, { k = 1 })
  raises("save: argument texts: expected a table of texts by key, got true", sl.save, "x", {}, true)
  raises("expected UTF-8", sl.save, "x", { ["\xff"] = x })
  raises("__metadata__", sl.save, "x", { __metadata__ = x })
  raises("save: no/folder/x: can't open the folder: No such file or directory", sl.save, "no/folder/x", { x = x })
  raises("load: no.safetensors: No such file or directory", sl.load, "no.safetensors")
  local path = os.tmpname()
  sl.npy.save(path, sl.zeros { 2 })
  raises("load: " .. path .. ": expected a safetensors file, got an npy file: sl.npy.load reads it", sl.load, path)
  sl.npz.save(path, { x = sl.zeros { 2 } })
  raises("load: " .. path .. ": expected a safetensors file, got an npz archive: sl.npz.load reads it", sl.load, path)
  os.remove(path)
  raises("npz.save: unknown option compres", sl.npz.save, "x", {}, { compres = true })
  raises("npy.save: argument x: expected a tensor, got no value", sl.npy.save, "x")
  raises("npy.load: tests/lua/check.lua: expected an npy file", sl.npy.load, "tests/lua/check.lua")
  raises("io.idx: tests: expected a regular file, got a folder", sl.io.idx, "tests")
  check.ok(not io.open "x", "nothing is written")
end)

check.test("a failed save leaves the file as it was", function()
  with_file(function(path)
    sl.save(path, { x = sl.zeros { 3 } })
    local before = bytes(path)
    check.raises(function() sl.save(path, { x = sl.zeros { 3 }, y = 1 }) end, "expected a tensor")
    check.eq(bytes(path), before)
  end)
end)

check.test("loading keeps nothing alive but the tensors", function()
  with_file(function(path)
    sl.save(path, { x = sl.zeros { 100000 } })
    collectgarbage()
    local live = sl.memory().live
    do
      local t = sl.load(path)
      check.ok(sl.memory().live < live + 500000)
      check.eq(t.x:numel(), 100000)
    end
    collectgarbage()
    check.eq(sl.memory().live, live)
  end)
end)
