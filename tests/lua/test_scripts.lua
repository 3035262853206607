-- The scripts as processes of their own, on a folder of little pictures.
local check = require "check"
local process = require "process"
local sl = require "sdelua"
local system = require "sdelua.core".system

local program, quote = process.program, process.quote
local folder = process.folder()
local data = folder .. "/data"
system.make_folder(data)
local drawn = sl.randint(0, 256, { 12, 8, 8, 1 }, { dtype = "uint8" })
for i = 1, 12 do sl.image.save(("%s/%02d.png"):format(data, i), drawn:select(1, i)) end

-- Exit code and all output of `sdelua ARGS`.
local function run(...) return process.run("", program, ...) end

local function bytes(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

local small = { "--data", data, "--size", "8", "--channels", "1", "--nf", "4", "--ch-mult", "1,1", "--batch", "4",
  "--preview-every", "4", "--warmup", "2" }

-- Words for the program: options before the script, the script, its small network, more options.
local function words(before, script, more)
  local list = table.move(before, 1, #before, 1, {})
  list[#list + 1] = "scripts/" .. script
  table.move(small, 1, #small, #list + 1, list)
  return table.unpack(table.move(more, 1, #more, #list + 1, list))
end

local function train(script, out, ...)
  local code, text = run(words({}, script, { "--out", folder .. "/" .. out, ... }))
  check.eq(code, 0, text)
  return text
end

-- Sends the process a real SIGINT in the middle of training step `step`.
local function interrupt_at(step)
  return ([[local T = require "sdelua".train.Trainer
    local step = T.step
    function T:step()
      if self.steps == %d then io.popen("kill -INT $PPID"):close() end
      return step(self)
    end]]):format(step - 1)
end

check.test("each training script leaves samples.png, metrics.jsonl and checkpoint.safetensors", function()
  for _, name in ipairs { "vp", "ve", "subvp", "edm", "flow" } do
    local text = train("train_" .. name .. ".lua", name, "--steps", "6")
    check.ok(text:find("step 6/6", 1, true), text)
    local names = system.list_folder(folder .. "/" .. name)
    table.sort(names)
    check.eq(names, { "checkpoint.safetensors", "config.json", "events.out.tfevents.sdelua", "metrics.jsonl", "samples",
      "samples.png" })
    check.eq(system.list_folder(folder .. "/" .. name .. "/samples"), { "step_000004.png" })
    local told = sl.train.Run.read(folder .. "/" .. name)
    check.eq({ told.config.script, told.config.settings.batch, told.config.command_line.steps, told.pictures[1].step },
      { "train_" .. name .. ".lua", 4, 6, 4 })
    check.eq(told.config.data, data .. ": a folder of pictures: uint8 [12,8,8,1]")
    check.eq(sl.image.load(folder .. "/" .. name .. "/samples.png"):shape(), { 82, 82, 1 })
    local metrics = bytes(folder .. "/" .. name .. "/metrics.jsonl")
    local _, lines = metrics:gsub('{"grad_norm":[^\n]*,"loss":[^\n]*,"step":%d}\n', "")
    check.eq(lines, 6)
  end
end)

local function same_run(a, b, what)
  for _, name in ipairs { "checkpoint.safetensors", "metrics.jsonl", "samples.png", "samples/step_000004.png" } do
    check.ok(bytes(a .. "/" .. name) == bytes(b .. "/" .. name), name .. " differs: " .. what)
  end
end

check.test("Ctrl-C saves and exits 130; --resume gives the run never stopped; any number of threads", function()
  train("train_vp.lua", "whole", "--steps", "6", "--threads", "1")
  for _, at in ipairs { 1, 5 } do
    local out = folder .. "/stopped" .. at
    local code, text = run(words({ "-e", interrupt_at(at) }, "train_vp.lua", { "--steps", "6", "--out", out }))
    check.eq(code, 130, text)
    check.ok(text:find("stopped after step " .. at, 1, true), text)
    train("train_vp.lua", "stopped" .. at, "--resume", "--threads", "2")
    same_run(out, folder .. "/whole", "stopped at " .. at)
  end
end)

check.test("train_edm, train_flow: --resume gives the run never stopped; sample.lua, likelihood.lua", function()
  for _, name in ipairs { "edm", "flow" } do
    local script, out = "train_" .. name .. ".lua", folder .. "/stopped_" .. name
    local code, text = run(words({ "-e", interrupt_at(4) }, script, { "--steps", "6", "--out", out }))
    check.eq(code, 130, text)
    train(script, "stopped_" .. name, "--resume", "--threads", "1")
    same_run(out, folder .. "/" .. name, name)
    code, text = run("scripts/sample.lua", out .. "/checkpoint.safetensors", "--n", "2", "--steps", "3")
    check.eq(code, 0, text)
    check.eq(sl.image.load(out .. "/samples/00002.png"):shape(), { 8, 8, 1 })
    code, text = run("scripts/likelihood.lua", out .. "/checkpoint.safetensors", "--data", data, "--n", "2",
      "--tolerance", "1e-2")
    check.ok(code == 0 and text:find("2 test images, step 6: [%d.]+ %+%- [%d.]+ bits/dim"), text)
  end
end)

check.test("objectives, parameterizations and networks by name, with their options", function()
  local out = folder .. "/objective"
  local asked = { "--objective", "min_snr", "--set", "gamma=1", "--parameterization", "v", "--net-set",
    "num_res_blocks=1", "--net-set", "num_groups=2" }
  train("train_vp.lua", "objective", "--steps", "2", table.unpack(asked))
  local _, texts = sl.load(out .. "/checkpoint.safetensors")
  check.eq(texts.objective, '{"kind":"min_snr","options":{"gamma":1}}')
  check.eq(texts.score, '{"parameterization":"v"}')
  check.ok(texts.network:find('"num_groups":2,"num_heads":1,"num_res_blocks":1', 1, true), texts.network)
  train("train_vp.lua", "objective", "--resume", "--steps", "3", table.unpack(asked))
  local function fails(part, ...)
    local code, text = run(words({}, "train_vp.lua", { "--out", out, ... }))
    check.ok(code ~= 0 and text:find(part, 1, true) and not text:find "traceback", text)
  end
  fails("--set gamma: the run in " .. out .. " began with 1, got 5", "--resume", "--set", "gamma=5")
  fails("--objective: the run in " .. out .. " began with min_snr, got v", "--resume", "--objective", "v")
  fails("--parameterization: the run in", "--resume", "--parameterization", "noise")
  fails("--net-set num_heads: the run in", "--resume", "--net-set", "num_heads=2")
  fails("--net: the run in", "--resume", "--net", "MLP")
  fails("--objective: expected a name that --list prints, got 'hinge'", "--objective", "hinge")
  fails("Error: train: --net: expected a name that --list prints, got 'UNett'; did you mean UNet?\n", "--net", "UNett")
  fails("--nf: the network MLP has no such option: see --net-set", "--net", "MLP", "--nf", "3")
  fails("'--set': expected <name>=<value>, got 'gamma'", "--set", "gamma")
  fails("Error: option '--steps': expected an integer >= 1, got 'x'\n", "--steps", "x")
  fails("unknown option gama", "--objective", "min_snr", "--set", "gama=1")
  local code, text = run("scripts/train_vp.lua", "--list")
  check.ok(code == 0 and text:find("\nmin_snr ", 1, true) and text:find("\nUNet ", 1, true), text)
end)

check.test("--resume keeps to what was begun, and needs a checkpoint", function()
  local function fails(part, ...)
    local code, text = run(words({}, "train_vp.lua", { "--resume", ... }))
    check.ok(code == 1 and text:find("^[^\n]*\nError: train: ") and text:find(part, 1, true), text)
    check.ok(not text:find "traceback", text)
  end
  fails("--nf: the run in " .. folder .. "/vp began with 4, got 8", "--out", folder .. "/vp", "--nf", "8")
  fails("--lr: the run in", "--out", folder .. "/vp", "--lr", "0.1")
  fails("--flip: the run in", "--out", folder .. "/vp", "--flip")
  fails("expected the checkpoint " .. folder .. "/none/checkpoint.safetensors", "--out", folder .. "/none")
end)

check.test("sample.lua: the same bytes for any batch and any threads, for each sampler", function()
  for _, sampler in ipairs { "pc", "ancestral", "ode", "euler_maruyama", "reverse_diffusion" } do
    local first
    for i, how in ipairs { { "64", "2" }, { "1", "1" }, { "4", "2" } } do
      local out = folder .. "/samples" .. i
      local code, text = run("scripts/sample.lua", folder .. "/vp/checkpoint.safetensors", "--n", "9", "--steps", "5",
        "--sampler", sampler, "--out", out, "--format", "npy", "--batch", how[1], "--threads", how[2])
      check.eq(code, 0, text)
      local now = bytes(out .. "/samples.npy") .. bytes(out .. "/grid.png")
      first = first or now
      check.ok(now == first, sampler .. " differs for batch " .. how[1])
    end
  end
end)

check.test("sample.lua: any sampler by name, with its options", function()
  local checkpoint, out = folder .. "/vp/checkpoint.safetensors", folder .. "/heun"
  local function sample(...) return run("scripts/sample.lua", checkpoint, "--n", "2", "--out", out, ...) end
  local code, text = sample("--sampler", "heun", "--steps", "2", "--set", "S_churn=1", "--set", "grid=logsnr")
  check.eq(code, 0, text)
  code, text = sample("--set", "grid=1,0.5,0.1") -- the list says how many steps
  check.eq(code, 0, text)
  code, text = sample("--sampler", "nothing")
  check.ok(code ~= 0 and text:find("'--sampler': expected a name that --list prints, got 'nothing'", 1, true), text)
  code, text = sample("--sampler", "huen")
  check.eq({ code, text }, { 1, "Error: option '--sampler': expected a name that --list prints, got 'huen'; did you "
    .. "mean heun?\nsample.lua --help lists the options\n" })
  code, text = sample("--set", "variance")
  check.ok(code ~= 0 and text:find("'--set': expected <name>=<value>, got 'variance'", 1, true), text)
  code, text = sample("--set", "variance=none")
  check.ok(code ~= 0 and text:find("ancestral: option variance", 1, true), text)
  code, text = run("scripts/sample.lua", "--list")
  check.ok(code == 0 and text:find("\ndpmpp_2m ", 1, true), text)
end)

check.test("sample.lua, likelihood.lua: a run's folder stands for its checkpoint", function()
  local code, text = run("scripts/sample.lua", folder .. "/vp", "--n", "1", "--steps", "2")
  check.eq(code, 0, text)
  check.eq(sl.image.load(folder .. "/vp/samples/00001.png"):shape(), { 8, 8, 1 })
  check.eq(sl.train.load(folder .. "/vp").step, 6)
  code, text = run("scripts/sample.lua", data)
  check.ok(code == 1 and text:find("^Error: ") and text:find("got a folder", 1, true), text)
  code, text = run("scripts/likelihood.lua", folder .. "/vp", "--data", folder .. "/vp/samples.png")
  check.ok(code == 1 and text:find("Error: likelihood: --data: expected images [8,8,1]", 1, true), text)
end)

check.test("sample.lua: a PNG for each, and a grid", function()
  local out, checkpoint = folder .. "/png", folder .. "/vp/checkpoint.safetensors"
  local code, text = run("scripts/sample.lua", checkpoint, "--n", "3", "--steps", "2", "--out", out)
  check.eq(code, 0, text)
  local names = system.list_folder(out)
  table.sort(names)
  check.eq(names, { "00001.png", "00002.png", "00003.png", "grid.png" })
  check.eq(sl.image.load(out .. "/00003.png"):shape(), { 8, 8, 1 })
end)

check.test("--help and wrong options", function()
  for _, name in ipairs { "train_vp", "train_ve", "train_subvp", "train_edm", "train_flow", "sample" } do
    local script = name .. ".lua"
    local code, text = run("scripts/" .. script, "--help")
    check.eq(code, 0, text)
    check.ok(text:find("--threads", 1, true) and text:find("--seed", 1, true), text)
  end
  local code, text = run("scripts/train_vp.lua", "--steps", "none")
  check.ok(code ~= 0 and text:find("expected an integer >= 1, got 'none'", 1, true), text)
  check.ok(not text:find "[Uu]sage", text)
  code, text = run("scripts/train_vp.lua", "--data", "/nowhere")
  check.eq({ code, text }, { 1, "Error: data.fashion_mnist: there is no folder /nowhere: install Debian's package "
    .. "dataset-fashion-mnist, or name a folder that has them with --data (path = in Lua)\n" })
  code, text = run("scripts/train_vp.lua", "--size", "8")
  check.ok(code ~= 0 and text:find("--size and --channels are for a folder of pictures", 1, true), text)
  for script, before in pairs { ["train_vp.lua"] = { "--data", data, "--size", "8", "--nf", "4", "--ch-mult", "1,1" },
    ["sample.lua"] = { folder .. "/vp", "--n", "1", "--steps", "1" } } do
    local out = data .. "/01.png"
    code, text = run("scripts/" .. script, "--out", out, table.unpack(before))
    check.ok(code == 1 and text:find("Error: --out: " .. out .. ": ", 1, true), text)
  end
  code, text = run("scripts/sample.lua", "/nowhere")
  check.ok(code ~= 0 and text:find("/nowhere", 1, true), text)
  code, text = run("-e", 'package.preload.argparse = error package.path = package.path:gsub("/usr[^;]*", "")',
    "scripts/train_vp.lua")
  check.ok(code ~= 0 and text:find("install Debian's package lua-argparse", 1, true), text)
end)

os.execute("rm -rf " .. quote(folder))
