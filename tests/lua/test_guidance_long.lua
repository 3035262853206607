-- Guidance from end to end: a network trained with labels, a judge trained apart, and what the scale does to agreement
-- and variety. The pictures are bars whose places overlap between ten classes, so that without guidance many samples
-- look like another class.
local check = require "check"
local idx = require "idx"
local process = require "process"
local sl = require "sdelua"

local folder = process.folder()

local function pictures(n, seed)
  local u, labels = sl.noise { seed = seed }:normal({ n, 3 }, 1), {}
  for i = 1, n do labels[i] = (i * 7 + seed) % 10 end
  local y = sl.tensor(labels, { dtype = "int64" })
  local function column(v) return v:reshape { n, 1, 1, 1 } end
  local place = column(y:to "float32" * 0.75 + u:select(2, 1) * 0.25)
  local height, width = column(u:select(2, 2) * 40 + 150), column(u:select(2, 3) * 0.3 + 1):square() + 0.2
  local row = sl.arange(0, 8, 1, { dtype = "float32" }):reshape { 1, 8, 1, 1 }
  local bar = ((row - place):square() * -1 / width):exp() * height
  local grain = sl.noise { seed = seed }:normal({ n, 8, 8, 1 }, 2) * 10
  return (bar + grain + 40):clamp(0, 255):to "uint8", y:to "uint8"
end

local function run(...)
  local code, text = process.run("", process.program, ...)
  check.eq(code, 0, text)
  return text
end

-- scale -> { agreement, variety } of the table that the script prints.
local function measured(...)
  local found = {}
  local text = run("scripts/bench/guidance.lua", folder .. "/run/checkpoint.safetensors",
    folder .. "/judge.safetensors", "--data", folder, "--n", "400", "--sampler", "dpmpp_2m", "--steps", "15", ...)
  for scale, agreement, variety in text:gmatch "\n| ([%d.]+) | ([%d.]+) | ([%d.]+) |" do
    found[tonumber(scale)] = { tonumber(agreement), tonumber(variety) }
  end
  return found, text
end

idx.write(folder, "train", pictures(4000, 1))
idx.write(folder, "t10k", pictures(1000, 2))
local judge = { "--data", folder, "--batch", "64", "--width", "8", "--features", "32", "--blocks", "0" }

check.test("networks learn the classes", function()
  local text = run("scripts/train_classifier.lua", "--steps", "600", "--out", folder .. "/judge.safetensors",
    table.unpack(judge))
  check.ok(tonumber(text:match "test images: ([%d.]+)") > 0.85, text)
  run("scripts/train_classifier.lua", "--noisy", "--steps", "1500", "--out", folder .. "/noisy.safetensors",
    table.unpack(judge))
  run("scripts/train_vp.lua", "--classes", "--data", folder, "--steps", "1500", "--batch", "32", "--nf", "16",
    "--ch-mult", "1,1", "--net-set", "num_res_blocks=1", "--attn-resolutions", "", "--out", folder .. "/run")
end)

check.test("agreement rises and variety falls with the scale", function()
  local free, text = measured("--scales", "0,1,1.5,2,4")
  print(text)
  check.ok(free[0][1] < 0.2 and free[0][2] > 2, "without a class")
  for _, pair in ipairs { { 1, 1.5 }, { 1.5, 2 }, { 2, 4 } } do
    local less, more = free[pair[1]], free[pair[2]]
    check.ok(more[1] > less[1] and more[2] < less[2], ("scales %g and %g"):format(table.unpack(pair)))
  end
  check.ok(free[1.5][1] >= 0.9 and free[1.5][2] >= 0.7, "enough of both")
  local within = measured("--scales", "2", "--interval", "0.1,3")
  check.ok(within[2][1] > 0.9 and within[2][2] > free[2][2], "an interval leaves more variety")
end)

check.test("a noisy classifier guides the same network without its classes", function()
  local by, text = measured("--noisy", folder .. "/noisy.safetensors", "--scales", "1,3")
  print(text)
  check.ok(by[1][1] > 0.4 and by[3][1] > 0.9 and by[3][1] > by[1][1] and by[3][2] < by[1][2])
end)

os.execute("rm -rf " .. process.quote(folder))
