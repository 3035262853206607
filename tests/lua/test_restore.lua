-- scripts/restore.lua and its doors as processes of their own, on little pictures and a network that knows nothing.
local check = require "check"
local process = require "process"
local sl = require "sdelua"
local system = require "sdelua.core".system

local quote = process.quote
local folder = process.folder()
local small = { "--nf", "4", "--ch-mult", "1,1", "--batch", "4", "--steps", "2", "--warmup", "1", "--size", "8" }

local function run(...) return process.run("", process.program, ...) end

local function bytes(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

-- A checkpoint of images [8,8,channels], and two of them as files.
local function trained(channels)
  local data = ("%s/data%d"):format(folder, channels)
  system.make_folder(data)
  local drawn = sl.randint(0, 256, { 4, 8, 8, channels }, { dtype = "uint8" })
  for i = 1, 4 do sl.image.save(("%s/%d.png"):format(data, i), drawn:select(1, i)) end
  local out = ("%s/run%d"):format(folder, channels)
  local words = { "--data", data, "--channels", tostring(channels), "--out", out }
  table.move(small, 1, #small, #words + 1, words)
  local code, text = run("scripts/train_vp.lua", table.unpack(words))
  check.eq(code, 0, text)
  return out .. "/checkpoint.safetensors", data .. "/1.png", data .. "/2.png"
end

local grey, grey1, grey2 = trained(1)
local colour, colour1 = trained(3)

local function sorted(path)
  local names = system.list_folder(path)
  table.sort(names)
  return names
end

-- Runs a script with --out folder/name; what it printed.
local function restore(name, script, ...)
  local code, text = run("scripts/" .. script .. ".lua", "--steps", "3", "--out", folder .. "/" .. name, ...)
  check.eq(code, 0, text)
  return text
end

local function same_pictures(a, b, names)
  for _, name in ipairs(names) do
    check.ok(bytes(("%s/%s/%s"):format(folder, a, name)) == bytes(("%s/%s/%s"):format(folder, b, name)), name)
  end
end

check.test("the same bytes for any batch and any threads; what is written", function()
  local function of(name, batch, threads, ...)
    return restore(name, "superres", grey, grey1, grey2, "--measure-truth", "--n", "10", "--std", "0.1", "--batch",
      batch, "--threads", threads, ...)
  end
  local text = of("b16", "16", "2") -- a batch of 16 and one of 4
  check.ok(text:find("PSNR of single samples [%d.-]+ dB, of their mean [%d.-]+ dB, of the pseudo%-inverse"), text)
  check.ok(text:find("operator superres, [8,8,1] -> [4,4,1], std 0.1 with ddrm: wrote 20 samples of 2 images", 1, true),
    text)
  local names = sorted(folder .. "/b16")
  local wanted = { "comparison.png" }
  for i = 1, 2 do
    for k = 1, 10 do table.insert(wanted, ("%d_%02d.png"):format(i, k)) end
    for _, what in ipairs { "mean.png", "measured.npy", "truth.png" } do table.insert(wanted, i .. "_" .. what) end
  end
  table.sort(wanted)
  check.eq(names, wanted)
  of("b1", "1", "1")
  of("b4", "4", "2")
  same_pictures("b16", "b1", names)
  same_pictures("b16", "b4", names)
  of("seed", "16", "2", "--seed", "1")
  for _, name in ipairs { "1_measured.npy", "1_01.png" } do
    check.ok(bytes(folder .. "/b16/" .. name) ~= bytes(folder .. "/seed/" .. name), "the seed makes no difference")
  end
  check.eq(sl.image.load(folder .. "/b16/1_02.png"):shape(), { 8, 8, 1 })
  check.eq(sl.image.load(folder .. "/b16/comparison.png"):shape(), { 2 * 112 + 3 * 28, 8 * 112 + 9 * 28, 1 })
end)

check.test("a measurement that was written, or a picture of one, gives the same again", function()
  restore("given", "superres", grey, folder .. "/b16/1_measured.npy", folder .. "/b16/2_measured.npy", "--n", "10",
    "--std", "0.1")
  for i = 1, 2 do
    local there = bytes(("%s/b16/%d_02.png"):format(folder, i))
    check.ok(bytes(("%s/given/%d_measured_02.png"):format(folder, i)) == there)
  end
  sl.image.save(folder .. "/low.png", sl.randint(0, 256, { 4, 4, 1 }, { dtype = "uint8" }))
  restore("low", "superres", grey, folder .. "/low.png", "--n", "1", "--method", "ddnm")
  check.eq(sorted(folder .. "/low"), { "comparison.png", "low_01.png", "low_mean.png" })
end)

check.test("inpaint: masks by name and from a picture; the known part comes back", function()
  restore("half", "inpaint", grey, grey1, "--mask", "half", "--keep", "top", "--n", "1")
  local function rows(path, from) return sl.image.load(path):narrow(1, from, 4):totable() end
  check.eq(rows(folder .. "/half/1_01.png", 1), rows(grey1, 1))
  sl.image.save(folder .. "/mask.png", sl.cat({ sl.full({ 4, 8, 1 }, 255), sl.zeros { 4, 8, 1 } }, 1):to "uint8")
  restore("file", "inpaint", grey, grey1, "--mask", folder .. "/mask.png", "--n", "1")
  same_pictures("half", "file", { "1_01.png", "comparison.png" })
  restore("random", "inpaint", grey, grey1, "--measure-truth", "--mask", "random", "--share", "0.5", "--n", "1")
  restore("box", "inpaint", colour, colour1, "--measure-truth", "--box", "2", "--n", "1")
end)

check.test("colorize: the mean of the colours, or their luminance", function()
  sl.image.save(folder .. "/grey.png", sl.full({ 8, 8, 1 }, 100):to "uint8")
  for _, words in ipairs { {}, { "--luminance" } } do
    restore("colorize", "colorize", colour, folder .. "/grey.png", "--n", "2", table.unpack(words))
    check.eq(sl.image.load(folder .. "/colorize/grey_02.png"):shape(), { 8, 8, 3 })
  end
  restore("clean", "colorize", colour, colour1, "--measure-truth", "--n", "1")
end)

check.test("any operator and method by name, with their options", function()
  local function by(operator, method, ...)
    return restore(operator, "restore", grey, grey1, "--measure-truth", "--n", "2", "--operator", operator, "--method",
      method, ...)
  end
  by("blur", "ddrm", "--operator-set", "kernel=1,2,1", "--operator-set", "boundary=zero", "--set", "eta=0.5")
  by("mri", "ddnm", "--operator-set", "acceleration=2", "--std", "0.01")
  by("ct", "ddrm", "--operator-set", "angles=0,45,90", "--std", "0.1")
  by("compressed", "pigdm", "--operator-set", "ratio=0.25", "--std", "0.1")
  local function jpeg(...) by("jpeg", "dps", "--operator-set", "quality=20", "--set", "zeta=0.1", ...) end
  jpeg()
  local whole = bytes(folder .. "/jpeg/1_02.png")
  jpeg("--batch", "1", "--threads", "1")
  check.ok(bytes(folder .. "/jpeg/1_02.png") == whole)
  by("phase_retrieval", "dps", "--set", "zeta=0.1")
  restore("mri_given", "restore", grey, folder .. "/mri/1_measured.npy", "--operator", "mri", "--operator-set",
    "acceleration=2", "--method", "ddnm", "--std", "0.01", "--n", "2")
  check.ok(bytes(folder .. "/mri_given/1_measured_02.png") == bytes(folder .. "/mri/1_02.png"))
end)

check.test("options that are tensors come from files", function()
  local function by(name, ...)
    restore(name, "restore", grey, grey1, "--measure-truth", "--n", "1", ...)
    return bytes(("%s/%s/1_01.png"):format(folder, name))
  end
  local A, path = sl.eye(64):narrow(1, 1, 32), folder .. "/A.npy"
  sl.npy.save(path, A:contiguous())
  local mask, picture = "mask=" .. folder .. "/mask.png", folder .. "/mask.png"
  local half = by("npy", "--operator", "inpaint", "--operator-set", "mask=half", "--operator-set", "keep=top")
  check.ok(by("matrix", "--operator", "matrix", "--operator-set", "A=" .. path) == half, "the matrix of that mask")
  check.ok(by("png", "--operator", "inpaint", "--operator-set", mask) == half, "a picture of that mask")
  sl.npy.save(folder .. "/mask.npy", sl.image.load(picture):gt(127))
  check.ok(by("again", "--operator", "inpaint", "--operator-set", "mask=" .. folder .. "/mask.npy") == half)
  by("frequencies", "--operator", "mri", "--operator-set", mask)
  check.eq(sl.npy.load(folder .. "/frequencies/1_measured.npy"):shape(), { 32, 1, 2 })
  by("edited", "--method", "sdedit", "--set", mask)
  local function below(file) return sl.image.load(file):narrow(1, 5, 4):totable() end
  check.eq(below(folder .. "/edited/1_01.png"), below(grey1))
end)

check.test("--help, --list and wrong options", function()
  for _, script in ipairs { "restore", "inpaint", "colorize", "superres" } do
    local code, text = run("scripts/" .. script .. ".lua", "--help")
    check.ok(code == 0 and text:find("--measure-truth", 1, true) and text:find("--seed", 1, true), text)
  end
  local code, text = run("scripts/restore.lua", "--list")
  check.ok(code == 0 and text:find("\nphase_retrieval ", 1, true) and text:find("\nddrm ", 1, true), text)
  check.ok(not text:find("\nexact ", 1, true), "a method that the script can't run is listed")
  sl.npy.save(folder .. "/vector.npy", sl.zeros { 8 })
  local function fails(part, script, ...)
    local exit, said = run("scripts/" .. script .. ".lua", "--out", folder .. "/bad", ...)
    check.ok(exit ~= 0 and said:find(part, 1, true), said)
    check.ok(not said:find("stack traceback", 1, true), said)
  end
  local points = folder .. "/points.safetensors"
  sl.save(points, { x = sl.zeros { 1 } }, { format = "mine" })
  fails("Error: load: " .. folder .. "/none: No such file", "restore", folder .. "/none", grey1)
  fails("points.safetensors: expected", "restore", points, grey1)
  fails("none.png: No such file", "restore", grey, folder .. "/none.png")
  fails("--out: " .. grey1 .. ": File exists", "restore", grey, grey1, "--out", grey1)
  fails("expected images or --test", "restore", grey)
  fails("'--operator': expected a name that --list prints, got 'fog'", "restore", grey, grey1, "--operator", "fog")
  fails("'--method': expected a name that --list prints, got 'luck'", "restore", grey, grey1, "--method", "luck")
  fails("ddrm: argument operator: expected a linear operator", "restore", grey, grey1, "--measure-truth", "--operator",
    "phase_retrieval")
  fails("colorize: option shape: expected that of an image, [H,W,3], got [8,8,1]", "colorize", grey, grey1)
  fails("expected what superres measures, a picture of [4,4,1], got [8,8,1]", "superres", grey, grey1)
  fails("1.png: expected a grey picture, got one of colours: or --measure-truth", "colorize", colour, colour1)
  fails("'--test': expected a model of images [28,28,1], as Fashion-MNIST's are, got one of [8,8,1]", "restore", grey,
    "--test", "1")
  fails("'--class': expected at most 1, one an image, got 2", "restore", grey, grey1, "--measure-truth", "--class",
    "3,7")
  fails("1_measured.npy: argument y: expected a tensor [N,4,4,1]", "superres", grey, folder .. "/mri/1_measured.npy")
  fails("--mask: expected a picture of [8,8], got [4,4]", "inpaint", grey, grey1, "--mask", folder .. "/low.png")
  fails("expected a picture of [8,8,1], got [4,4,1]", "inpaint", grey, folder .. "/low.png")
  fails("expected a file .npy of [16,1,2], which mri measures", "restore", grey, grey1, "--operator", "mri")
  local function refuses(part, ...) fails(part, "restore", grey, grey1, "--measure-truth", ...) end
  refuses("'--operator': expected one of images [8,8,1], which the model of " .. grey .. " knows, got operator "
    .. "denoise, [16,16,1] -> [16,16,1]", "--operator", "denoise", "--operator-set", "shape=16,16,1")
  refuses("'--operator': expected one of images [8,8,1]", "--operator-set", "shape=4,4,1")
  refuses("'--operator': expected one of images [8,8,1]", "--operator-set", "shape=8,8,3")
  refuses("'--method': expected a name that --list prints, got 'exact'", "--method", "exact")
  refuses("none.npy: No such file", "--operator", "matrix", "--operator-set", "A=" .. folder .. "/none.npy")
  refuses("matrix: option A: expected a tensor [M,D], got float32 [8]", "--operator", "matrix", "--operator-set",
    "A=" .. folder .. "/vector.npy")
  for option, mask in pairs { ["--keep=top"] = "half", ["--share=0.5"] = "random", ["--mask-seed=1"] = "random" } do
    local said = ("option '%s': expected --mask %s with it"):format(option:match "^[^=]*", mask)
    fails(said, "inpaint", grey, grey1, option)
    fails(said, "inpaint", grey, grey1, option, "--mask", mask == "half" and "random" or "half")
  end
  fails("option '--box': expected --mask box with it", "inpaint", grey, grey1, "--mask", "half", "--box", "2")
  fails("unknown option radius", "restore", grey, grey1, "--operator", "blur", "--operator-set", "radius=3")
end)

os.execute("rm -rf " .. quote(folder))
