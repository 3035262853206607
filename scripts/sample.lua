-- sdelua scripts/sample.lua CHECKPOINT [--help]: draws samples from a trained model. A sample depends on the seed and
-- its number alone, not on --batch, --threads or --n.
local sl = require "sdelua"
local cli = require "sdelua.train.cli"
local conditions = require "sdelua.train.conditions"

local GRID, STEPS = 64, 100

local parser = cli.parser("sample.lua", "Draws samples from a checkpoint of scripts/train_*.lua.")
parser:argument("checkpoint", "A run's folder, or its file checkpoint.safetensors."):convert(cli.checkpoint)
parser:option("--n", "How many.", "64"):convert(cli.integer(1))
parser:option("--out", "Folder to write to (default: samples, beside the checkpoint).")
parser:option("--format", "png: a file for each; npy: one file samples.npy.", "png"):choices { "png", "npy" }
parser:option("--sampler", "How to solve the reverse process: any name that --list prints (default: ancestral, or "
  .. "what the process names).")
parser:option("--steps", ("Steps of the sampler (default: %d, or without --sampler as many as take %d evaluations; "
  .. "samplers that choose their own do so unless told)."):format(STEPS, STEPS)):convert(cli.integer(1))
cli.add_assignments(parser, "--set", "A further option of the sampler, such as --set eta=0.5.")
parser:flag("--list", "Print the samplers and stop."):action(function()
  print(sl.solve.list())
  os.exit(0, true)
end)
conditions.add(parser, "Draw that class (from 0), or several in turn, such as 3,7.")
parser:option("--seed", "Seed of the samples.", "0"):convert(cli.integer(0))
parser:option("--batch", "Samples drawn at a time.", "64"):convert(cli.integer(1))
parser:option("--threads", "Threads (default: as many as there are processors)."):convert(cli.integer(1))
local a = parser:parse()

-- The sampler that the options ask for.
local function sampler(model)
  local name, given = a.sampler, {}
  if not name then name, given = sl.train.sampler(model.kind, STEPS) end
  local row, why = cli.row(sl.solve.samplers, name)
  if not row then parser:error("option '--sampler': " .. why) end
  local more = cli.collect(a.set, row.options)
  local own = row.sample or type(more.grid) == "table" -- says how many steps there are
  given.steps = a.steps or not own and (given.steps or STEPS) or nil
  for key, value in pairs(more) do given[key] = value end
  return sl.solve[name](given)
end

-- Images as uint8, points as they are.
local function draw(model, solve, score_of)
  local parts, last = {}, nil
  for step, bar in sl.progress((a.n + a.batch - 1) // a.batch) do
    local first = (step - 1) * a.batch
    local shape = { math.min(a.batch, a.n - first), table.unpack(model.shape) }
    local x = sl.no_grad(function()
      return (solve(model.process, score_of(first, shape[1]), shape, { seed = a.seed, first = first }))
    end)
    parts[step] = #model.shape == 3 and sl.image.to_uint8(x) or x
    last = bar
  end
  if last.interrupted then os.exit(130, true) end
  return sl.cat(parts, 1)
end

local function write_images(x, out)
  if a.format == "png" then
    for i = 1, a.n do sl.image.save(("%s/%05d.png"):format(out, i), x:select(1, i)) end
  end
  sl.image.save(out .. "/grid.png", sl.image.grid(x:narrow(1, 1, math.min(GRID, a.n))))
end

local function main()
  if a.threads then sl.set_threads(a.threads) end
  local model = sl.train.load(a.checkpoint)
  local out = a.out or (a.checkpoint:match "^(.*)/[^/]*$" or ".") .. "/samples"
  local solve, score_of = sampler(model), conditions.scores(a, model, parser)
  cli.make_out(out)
  local x = draw(model, solve, score_of)
  if a.format == "npy" then sl.npy.save(out .. "/samples.npy", x) end
  if #model.shape == 3 then
    write_images(x, out)
  elseif #model.shape == 1 and model.shape[1] == 2 then
    sl.plot { aspect = "equal" }:scatter(x):save(out .. "/grid.png")
  end
  print(("wrote %d samples to %s"):format(a.n, out))
end

cli.run(main)
