-- What --data takes: whatever data.from knows, as long as it is images.
local check = require "check"
local files = require "files"
local idx = require "idx"
local process = require "process"
local sl = require "sdelua"
local system = require "sdelua.core".system

local folder = process.folder()

local function train(data, ...)
  return process.run("", process.program, "scripts/train_vp.lua", "--data", folder .. "/" .. data, "--nf", "4",
    "--ch-mult", "1,1", "--batch", "4", "--steps", "1", "--threads", "1", "--out", folder .. "/run", ...)
end

local images = sl.randint(0, 256, { 6, 8, 8, 3 }, { dtype = "uint8" })
for i = 1, 6 do
  local class = ("%s/pictures/%s"):format(folder, i % 2 == 0 and "even" or "odd")
  system.make_folder(class)
  sl.image.save(("%s/%d.png"):format(class, i), images:select(1, i))
end
sl.npz.save(folder .. "/images.npz", { images = images, labels = sl.arange(6, { dtype = "int64" }) })
sl.data.save_csv(folder .. "/points.csv", sl.randn { 6, 2 })

check.test("a network learns the classes of a folder, and those of an npz", function()
  local code, text = train("pictures", "--size", "8", "--classes")
  check.eq(code, 0, text)
  check.ok(text:find("note: data.from: ", 1, true) and text:find("uint8 [6,8,8,3], labels of 2 classes", 1, true), text)
  code, text = train("images.npz", "--classes")
  check.eq(code, 0, text)
  check.ok(text:find('a NumPy archive ("images"): uint8 [6,8,8,3], labels 0 to 5', 1, true), text)
end)

check.test("a model is measured on images of an npz", function()
  local code, text = train "images.npz"
  check.eq(code, 0, text)
  code, text = process.run("", process.program, "scripts/likelihood.lua", folder .. "/run/checkpoint.safetensors",
    "--data", folder .. "/images.npz", "--n", "1", "--threads", "1")
  check.ok(code == 0 and text:find("1 test images", 1, true), text)
end)

check.test("after the last step: a bar, so many samples and test images, or none", function()
  local small = sl.randint(0, 256, { 9, 8, 8, 1 }, { dtype = "uint8" })
  local labels = sl.zeros({ 9 }, { dtype = "uint8" })
  system.make_folder(folder .. "/mnist")
  for _, prefix in ipairs { "train", "t10k" } do idx.write(folder .. "/mnist", prefix, small, labels) end
  local function left(...)
    local code, text = train("mnist", ...)
    check.eq(code, 0, text)
    local size = system.kind(folder .. "/run/samples.png") and sl.image.load(folder .. "/run/samples.png"):shape(1)
    os.remove(folder .. "/run/samples.png")
    return text:match "on (%d+) test images", size, text
  end
  local count, size, text = left()
  check.eq({ count, size }, { "9", 8 * 10 + 2 })
  check.ok(text:find "step 2/2  now held%-out loss", text)
  count, size = left("--samples", "4", "--held-out", "3")
  check.eq({ count, size }, { "3", 2 * 10 + 2 })
  count, size, text = left("--samples", "0", "--held-out", "0")
  check.eq({ count, size }, {})
  check.ok(not text:find("step 1/2", 1, true) and not text:find("samples.png", 1, true), text)
end)

check.test("data that are no images, and options that they don't take, are refused", function()
  for _, case in ipairs {
    { "expected images [n,H,W,C], got " .. folder .. "/points.csv: numbers separated by commas: float32 [6,2]",
      "points.csv" },
    { "--size and --channels are for a folder of pictures", "images.npz", "--size", "8" },
    { "--classes: expected data with labels", "pictures/odd", "--classes", "--size", "8" },
    { "Error: data.fashion_mnist: there is no folder " .. folder .. "/nothing", "nothing" },
  } do
    local code, text = train(table.unpack(case, 2))
    check.ok(code ~= 0 and text:find(case[1], 1, true), text)
  end
end)

files.remove(folder)
