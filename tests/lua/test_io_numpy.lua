-- NumPy itself reads what is written here and writes what is read. Where python3 has no numpy, this says so; files that
-- numpy wrote once are read by tests/c/test_io_npy.c and test_io_npz.c everywhere.
local check = require "check"
local process = require "process"
local sl = require "sdelua"
local system = require "sdelua.core".system

local PYTHON = system.kind "/usr/bin/python3" and "/usr/bin/python3" or "python3" -- Debian's, which has Debian's numpy
local folder = process.folder()

local function python(program)
  local path = folder .. "/program.py"
  local file <close> = assert(io.open(path, "w"))
  file:write("import numpy as np, os\nos.chdir('", folder, "')\n", program)
  file:close()
  local code, text = process.run("", PYTHON, path)
  if code ~= 0 then error(text, 2) end
  return text
end

local function compared()
  -- ---- reading: what numpy writes, value for value ----
  check.test("each type of numpy's, in both orders and layouts", function()
    local rows = python [=[
base = np.array([[0, 1, 2], [3, 100, 127]])
for name in ["?", "i1", "u1", "<i2", ">i2", "<u2", ">u2", "<i4", ">i4", "<u4", ">u4", "<i8", ">i8", "<u8", ">u8",
             "<f2", ">f2", "<f4", ">f4", "<f8", ">f8"]:
  for order in "CF":
    file = "%s%s" % (name.replace("<", "l").replace(">", "b").replace("?", "bool"), order)
    a = np.array(base if name in "?u1" or "u" in name else base - 50, dtype=name, order=order)
    np.save(file + ".npy", a)
    np.savez(file + ".npz", a=a)
    np.savez_compressed(file + "c.npz", a=a)
    print(file, a.dtype.kind, a.dtype.itemsize, *[float(v) for v in a.ravel()])
]=]
    local count = 0
    for name, kind, size, values in rows:gmatch "(%w+) (%a) (%d) ([^\n]+)\n" do
      local want = { {}, {} }
      for v in values:gmatch "%S+" do
        local row = #want[1] < 3 and want[1] or want[2]
        row[#row + 1] = tonumber(v)
      end
      local dtype = kind == "f" and (size == "8" and "float64" or "float32")
        or (kind == "b" or kind == "u" and size == "1") and "uint8" or "int64"
      for _, x in ipairs { sl.npy.load(folder .. "/" .. name .. ".npy"), sl.npz.load(folder .. "/" .. name .. ".npz").a,
        sl.npz.load(folder .. "/" .. name .. "c.npz").a } do
        check.eq({ x.dtype, x:totable() }, { dtype, want }, name)
      end
      count = count + 1
    end
    check.eq(count, 42)
  end)

  check.test("types that make no tensor are refused by name", function()
    python [=[
np.save("object.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
np.save("record.npy", np.zeros(2, [("x", "<f4"), ("y", "<i8", (2,)), ("z", [("a", "<i4")])]))
np.save("text.npy", np.array(["ab", "c"]))
np.save("bytes.npy", np.array([b"ab"]))
np.save("complex.npy", np.zeros(2, "<c16"))
np.save("date.npy", np.array(["2020-01-01"], dtype="M8[D]"))
np.save("long.npy", np.zeros(2, np.longdouble))
np.save("huge.npy", np.array([2 ** 63], "<u8"))
]=]
    for name, part in pairs { object = "got |O", record = "got a record", text = "got <U2", bytes = "got |S2",
      complex = "got <c16", date = "got <M8[D]", long = "got <f", huge = "expected integers below 2^63" } do
      local message = check.raises(function() sl.npy.load(folder .. "/" .. name .. ".npy") end, part)
      check.ok(message:find("npy.load: ", 1, true) and message:find(name .. ".npy", 1, true), message)
    end
  end)

  -- ---- writing: what numpy makes of it ----
  check.test("numpy loads what is saved: npy, npz and npz deflated", function()
    local tensors = {
      f32 = sl.tensor { { 0.5, -1e-40 }, { 0.1, 3 } }, f64 = sl.tensor({ 0.1, 1e300 }, { dtype = "float64" }),
      i64 = sl.tensor({ { -1, 2 ^ 60 // 1 | 1 } }, { dtype = "int64" }),
      u8 = sl.tensor({ 0, 255 }, { dtype = "uint8" }),
      scalar = sl.zeros {} + 7, none = sl.zeros { 0, 3 },
      turned = sl.arange(6):reshape({ 2, 3 }):transpose(1, 2),
    }
    for name, x in pairs(tensors) do sl.npy.save(("%s/out_%s.npy"):format(folder, name), x) end
    sl.npz.save(folder .. "/out.npz", tensors)
    sl.npz.save(folder .. "/outc.npz", tensors, { compress = true })
    check.eq(python [=[
want = dict(
  f32=np.array([[0.5, -1e-40], [0.1, 3]], "<f4"), f64=np.array([0.1, 1e300]), i64=np.array([[-1, 2 ** 60 + 1]]),
  u8=np.array([0, 255], "u1"), scalar=np.float32(7), none=np.zeros((0, 3), "<f4"),
  turned=np.arange(6, dtype="<f4").reshape(2, 3).T)
for z in [np.load("out.npz"), np.load("outc.npz"), {k: np.load("out_%s.npy" % k) for k in want}]:
  assert sorted(z) == sorted(want), sorted(z)
  for k, w in want.items():
    a = z[k]
    assert a.dtype == w.dtype and a.shape == w.shape and a.tobytes() == np.ascontiguousarray(w).tobytes(), (k, a, w)
print("same")
]=], "same\n")
  end)

  check.test("safetensors by the format's rules: header in JSON, offsets without a gap, values; and back", function()
    sl.save(folder .. "/out.safetensors", { w = sl.tensor { { 0.5, -1 } }, n = sl.tensor({ 7 }, { dtype = "int64" }),
      m = sl.tensor({ 1, 0, 1 }, { dtype = "uint8" }) }, { note = "é" })
    check.eq(python [=[
import json, struct
raw = open("out.safetensors", "rb").read()
n, = struct.unpack("<Q", raw[:8])
head, data = json.loads(raw[8:8 + n].decode("utf-8")), raw[8 + n:]
assert raw[8:9] == b"{" and head.pop("__metadata__") == {"note": "\u00e9"}, raw[:80]
end = 0
types, got = {"F32": "<f4", "I64": "<i8", "U8": "u1"}, {}
for name, t in sorted(head.items(), key=lambda x: x[1]["data_offsets"]):
  a, b = t["data_offsets"]
  assert sorted(t) == ["data_offsets", "dtype", "shape"] and a == end, t
  got[name], end = np.frombuffer(data[a:b], types[t["dtype"]]).reshape(t["shape"]).tolist(), b
assert end == len(data) and got == {"w": [[0.5, -1]], "n": [7], "m": [1, 0, 1]}, got
h = np.arange(4, dtype="<f2").reshape(2, 2)
text = json.dumps({"h": {"dtype": "F16", "shape": [2, 2], "data_offsets": [0, 8]}}).encode()
open("in.safetensors", "wb").write(struct.pack("<Q", len(text)) + text + h.tobytes())
print("same")
]=], "same\n")
    check.eq(sl.load(folder .. "/in.safetensors").h:totable(), { { 0, 1 }, { 2, 3 } })
  end)

  check.test("numpy loads the table that save_csv writes", function()
    sl.data.save_csv(folder .. "/x.csv", sl.tensor { { 0.1, -3e-20 }, { 0 / 0, 7 } }, { names = { "a", "b" } })
    check.eq(python [=[
t = np.genfromtxt("x.csv", delimiter=",", names=True)
assert t.dtype.names == ("a", "b") and np.isnan(t["a"][1]) and t["b"][1] == 7, t
assert np.float32(t["a"][0]) == np.float32(0.1) and np.float32(t["b"][0]) == np.float32(-3e-20), t
print("same")
]=], "same\n")
  end)
end

local ok = pcall(python, "")
if ok then compared() else print("test_io_numpy: not run: " .. PYTHON .. " has no numpy") end
check.test("numpy is asked where it is", function()
  check.ok(ok or process.run("", PYTHON, "-c", "import numpy") ~= 0)
end)
for _, name in ipairs(system.list_folder(folder)) do os.remove(folder .. "/" .. name) end
os.remove(folder)
