-- sdelua scripts/bench/scaling.lua [--help]: how a U-Net's time and memory grow with batch, resolution, channels and
-- threads. Each point is a process of its own (peer.lua), so that its peak memory is its own.
package.path = (arg[0]:match "^(.*)/[^/]*$" or ".") .. "/?.lua;" .. package.path
local cli = require "sdelua.train.cli"
local measure = require "measure"

local AXES = {
  { name = "batch", head = "images in a batch", values = "32,1,2,4,8,16,64,128" },
  { name = "size", head = "height and width", values = "28,16,32,48,64" },
  { name = "nf", head = "channels (nf)", values = "32,16,64,96,128" },
  { name = "threads", head = "threads", values = "2,1" },
}
local HEADS = { "training step, ms", "an image, ms", "peak, MB", "evaluation, ms", "peak, MB" }

local function options()
  local p = cli.parser("scaling.lua", "Training step, evaluation and peak memory of a U-Net. Each list is varied with "
    .. "the others at their first value.")
  for _, axis in ipairs(AXES) do
    p:option("--" .. axis.name, axis.head:gsub("^%l", string.upper) .. ".", axis.values):convert(cli.integers)
  end
  p:option("--steps", "Measurements of each: the fastest counts.", "4"):convert(cli.integer(1))
  p:option("--write", "Put the tables into this file (default docs/benchmarks.md)."):args "?"
  return p:parse()
end

-- Seconds and peak MB of a case at a point { batch =, size =, nf =, threads = }; self-attention at half the size.
local function run(case, point, steps)
  local words = measure.script "peer.lua"
  for _, word in ipairs { case, "--attn", point.size // 2, "--steps", steps } do words[#words + 1] = word end
  for name, value in pairs(point) do table.move({ "--" .. name, value }, 1, 2, #words + 1, words) end
  return measure.run(words)
end

local function row(axis, value, base, steps)
  local point = {}
  for name, values in pairs(base) do point[name] = values[1] end
  point[axis.name] = value
  local train, sample = run("unet-train", point, steps), run("unet-sample", point, steps)
  local function ms(r) return measure.digits(r.seconds * 1e3) end
  return { tostring(value), ms(train), ms { seconds = train.seconds / point.batch },
    ("%.0f"):format(train.peak_rss_mb), ms(sample), ("%.0f"):format(sample.peak_rss_mb) }
end

local a = options()
local base, tables = {}, {}
for _, axis in ipairs(AXES) do base[axis.name] = a[axis.name] end
for i, axis in ipairs(AXES) do
  local values, rows = table.move(a[axis.name], 1, #a[axis.name], 1, {}), {}
  table.sort(values)
  for j, value in ipairs(values) do rows[j] = row(axis, value, base, a.steps) end
  tables[i] = measure.table({ axis.head, table.unpack(HEADS) }, rows)
end
measure.publish(a, "scaling", table.concat(tables, "\n\n"), {
  ("otherwise batch %d, %dx%d, nf %d, %d threads"):format(a.batch[1], a.size[1], a.size[1], a.nf[1], a.threads[1]),
})
