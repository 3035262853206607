-- sdelua scripts/train_classifier.lua [--help]: trains a classifier of Fashion-MNIST, on images as they are or, with
-- --noisy, on images that a process has noised: what sl.guidance.classifier takes.
local sl = require "sdelua"
local cli = require "sdelua.train.cli"
local classifier = require "sdelua.train.classifier"
local json = require "sdelua.json"
local system = require "sdelua.core".system

local TIMES = { 0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0 } -- of T, at which a noisy one is measured

local parser = cli.parser("train_classifier.lua", "Trains a classifier and prints its accuracy on the test images.")
parser:option("--data", "Folder with the IDX files of (Fashion-)MNIST (default: Debian's dataset-fashion-mnist).")
parser:flag("--noisy", "Train on images noised by a process, t uniform on [0, T].")
parser:option("--process", "That process: the name of one of sl.sde.list().", "VP")
cli.add_assignments(parser, "--set", "An option of the process, such as --set sigma_max=10.")
parser:option("--steps", "Steps.", "8000"):convert(cli.integer(1))
parser:option("--batch", "Images in a step.", "64"):convert(cli.integer(1))
parser:option("--lr", "Learning rate of Adam; it falls to zero.", "3e-3"):convert(cli.number(0))
parser:option("--width", "Features of the first convolution.", "32"):convert(cli.integer(1))
parser:option("--blocks", "Residual blocks.", "2"):convert(cli.integer(0))
parser:option("--features", "Features before the last layer.", "128"):convert(cli.integer(1))
parser:option("--dropout", "Probability of dropout of the features.", "0.3"):convert(cli.number(0, true, 1))
parser:flag("--flip", "Mirror images at random.")
parser:option("--seed", "Seed of everything random.", "0"):convert(cli.integer(0))
parser:option("--out", "File to write (default: runs/classifier.safetensors, or runs/noisy_classifier.safetensors).")
parser:option("--threads", "Threads (default: as many as there are processors)."):convert(cli.integer(1))
local a = parser:parse()
if a.threads then sl.set_threads(a.threads) end

-- { kind =, options = }; nil for images as they are.
local function process_of()
  if not a.noisy then
    if #a.set > 0 then parser:error "option '--set': expected --noisy with it" end
    return nil
  end
  local row = sl.sde.processes:find(a.process)
  if not row then parser:error(("option '--process': expected a name of sl.sde.list(), got '%s'"):format(a.process)) end
  return { kind = a.process, options = cli.collect(a.set, row.options) }
end

local function measure(known, images, labels)
  if not known.process then
    known.about.accuracy = known:score(images, labels)
    print(("accuracy on %d test images: %.4f"):format(images:shape(1), known.about.accuracy))
    return
  end
  known.about.accuracies = {}
  for i, share in ipairs(TIMES) do
    local t = share * known.process.T
    known.about.accuracies[i] = { t = t, accuracy = known:noisy_score(images, labels, t) }
    print(("accuracy on %d test images at t = %.3g: %.4f"):format(images:shape(1), t,
      known.about.accuracies[i].accuracy))
  end
  known.about.accuracy = known.about.accuracies[1].accuracy
end

local function main()
  local process = process_of()
  local images, labels = sl.data.fashion_mnist { path = a.data }
  local test, test_labels = sl.data.fashion_mnist { path = a.data, split = "test" }
  local fit = classifier.begin(images, labels, {
    steps = a.steps, batch = a.batch, lr = a.lr, width = a.width, blocks = a.blocks, features = a.features,
    dropout = a.dropout, flip = a.flip or false, seed = a.seed, process = process,
  })
  local known, shown, last = fit.classifier, nil, nil
  for _, bar in sl.progress(a.steps) do
    local loss = fit:step()
    shown = shown and 0.95 * shown + 0.05 * loss or loss
    bar:set { loss = shown }
    last = bar
  end
  if last.interrupted then os.exit(130, true) end
  known.net:eval()
  measure(known, test, test_labels)
  local out = a.out or ("runs/%sclassifier.safetensors"):format(a.noisy and "noisy_" or "")
  system.make_folder(out:match "^(.*)/[^/]*$" or ".")
  known:save(out)
  print(("wrote %s; %s"):format(out, json.encode(known.about)))
end

cli.run(main)
