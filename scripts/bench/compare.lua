-- What compare.sh runs: sdelua and PyTorch in turns (A B A B ...), each run a process that gives its fastest step. The
-- ratio of a pair is PyTorch's time over sdelua's. PyTorch has the best of its layouts and of one and all threads,
-- found in a short first round. A pair in which PyTorch is more than 1.3 times slower than its own best, of that round
-- or of any pair, met something else on the machine: it is void, and repeated.
package.path = (arg[0]:match "^(.*)/[^/]*$" or ".") .. "/?.lua;" .. package.path
local cli = require "sdelua.train.cli"
local measure = require "measure"
local clock = require("sdelua.core").system.clock

local VOID = 1.3
local ROUNDS = 3 -- times the pairs asked for, before those that are still void are given up
local CHOOSING = 3 -- measurements of a run of the first round

-- ---- what is compared ----------------------------------------------------------------------------------

-- A job is one process a side and a run; its items are what that process measures: one, unless it lists several. An
-- item is { name, at_least = the target for the ratio, ... }; ours: options that PyTorch's side does not have.
local UNET32 = { "--nf", 32, "--size", 28, "--channels", 1, "--ch-mult", "1,2,2", "--attn", 14, "--batch", 32 }
local UNET64 = { "--nf", 64, "--size", 32, "--channels", 3, "--ch-mult", "1,2,2,2", "--attn", 16, "--batch", 16 }
local LAYOUTS, ONE_LAYOUT = { "nchw", "nhwc" }, { "nchw" }

local function job(case, words, layouts, item, ours)
  return { case = case, words = words, layouts = layouts, items = { item }, ours = ours or {} }
end

local function conv_target(channels, size)
  if size == 7 then return 1.2 end
  return (size == 14 or size == 16 and channels == 32) and 1.5 or 2.0
end

local function convs()
  local items = {}
  for _, pass in ipairs { "forward", "both" } do
    for _, channels in ipairs { 32, 64, 128, 256 } do
      for _, size in ipairs { 7, 14, 16, 28, 32 } do
        items[#items + 1] = {
          name = ("%dx%d:%s"):format(channels, size, pass), pass = pass,
          at_least = pass == "forward" and conv_target(channels, size) or nil,
        }
      end
    end
  end
  return { case = "convs", words = { "--batch", 16 }, layouts = LAYOUTS, items = items, ours = {} }
end

local SETS = {
  { name = "unet32",
    job("unet-train", UNET32, LAYOUTS, { name = "training step", at_least = 2.3, memory_at_most = 0.4 }),
    job("unet-sample", UNET32, LAYOUTS, { name = "evaluation", at_least = 2.2 }) },
  { name = "unet64",
    job("unet-train", UNET64, LAYOUTS, { name = "training step", at_least = 2.2 }),
    job("unet-sample", UNET64, LAYOUTS, { name = "evaluation", at_least = 2.2 }) },
  { name = "mlp",
    job("mlp-train", { "--batch", 512 }, ONE_LAYOUT, { name = "training step, batch 512", at_least = 3.3 }),
    job("mlp-sample", { "--batch", 1000 }, ONE_LAYOUT,
      { name = "Euler-Maruyama step by sl.solve, batch 1000", at_least = 2.3 }),
    job("mlp-sample", { "--batch", 1000 }, ONE_LAYOUT,
      { name = "the same written out", at_least = 2.3 }, { "--by-hand" }) },
  { name = "conv", convs(), means = { forward = 1.9, both = 1.6 } },
  { name = "start", job("start", {}, ONE_LAYOUT, { name = "process that draws one tensor", ms_at_most = 10 }) },
}

-- ---- one run of a side -----------------------------------------------------------------------------------

local a

local function joined(...)
  local words = {}
  for _, list in ipairs { ... } do table.move(list, 1, #list, #words + 1, words) end
  return words
end

local STARTS = 3

-- The fastest of a few starts of a process.
local function start_time(words)
  local best = math.huge
  for _ = 1, STARTS do
    local begin = clock()
    measure.output(words)
    best = math.min(best, clock() - begin)
  end
  return best
end

-- Seconds by item, and the peak in MB. label(item) is the item's name for a side that takes a list of them.
local function run(program, j, items, label, settings)
  local words = joined(program, { j.case }, j.words, settings)
  if j.case == "start" then return { [items[1]] = start_time(joined(program, { "start" })) } end
  if j.case ~= "convs" then
    local record = measure.run(words)
    return { [items[1]] = record.seconds }, record.peak_rss_mb
  end
  local names, seconds = {}, {}
  for i, item in ipairs(items) do names[i] = label(item) end
  local record = measure.run(joined(words, { "--items", table.concat(names, ",") }))
  for i, item in ipairs(items) do seconds[item] = record.seconds[names[i]] end
  return seconds, record.peak_rss_mb
end

local function run_ours(j, items)
  local settings = joined({ "--threads", a.threads, "--steps", a.steps }, j.ours)
  return run({ a.program, measure.folder .. "/peer.lua" }, j, items, function(item) return item.name end, settings)
end

-- PyTorch's with the layout and threads of each item; a process with one item takes them as options.
local function run_theirs(j, items, steps)
  local best = items[1].best
  return run({ os.getenv "PYTHON" or "/usr/bin/python3", measure.folder .. "/torch_peer.py" }, j, items,
    function(item) return ("%s:%s:%d"):format(item.name, item.best.layout, item.best.threads) end,
    { "--threads", best.threads, "--steps", steps, "--layout", best.layout })
end

-- ---- choosing, pairing ------------------------------------------------------------------------------------

-- The layouts and threads that PyTorch may choose from.
local function settings(j)
  local list = {}
  for _, layout in ipairs(j.layouts) do
    list[#list + 1] = { layout = layout, threads = a.threads }
    if a.threads > 1 and j.case ~= "start" then list[#list + 1] = { layout = layout, threads = 1 } end
  end
  return list
end

-- Gives each item what is fastest for PyTorch.
local function choose(j)
  local list = settings(j)
  for _, item in ipairs(j.items) do item.best, item.fastest = list[1], math.huge end
  for _, setting in ipairs(#list > 1 and list or {}) do
    local tried = {}
    for i, item in ipairs(j.items) do tried[i] = { name = item.name, best = setting } end
    local seconds = run_theirs(j, tried, CHOOSING)
    for i, item in ipairs(j.items) do
      local s = seconds[tried[i]]
      if s < item.fastest then item.best, item.fastest = setting, s end
    end
  end
end

-- The pairs that count.
local function valid(item)
  local best, kept = item.fastest, {}
  for _, p in ipairs(item.pairs) do best = math.min(best, p.theirs) end
  for _, p in ipairs(item.pairs) do
    if p.theirs <= VOID * best then kept[#kept + 1] = p end
  end
  return kept
end

local function wanting(j)
  local items = {}
  for _, item in ipairs(j.items) do
    if #valid(item) < a.pairs then items[#items + 1] = item end
  end
  return items
end

local function say(...) io.stderr:write(("compare: " .. select(1, ...)):format(select(2, ...)), "\n") end

local function collect(j, name)
  for _, item in ipairs(j.items) do item.pairs = {} end
  choose(j)
  for round = 1, ROUNDS * a.pairs do
    local items = wanting(j)
    if #items == 0 then break end
    say("%s: %s: round %d, %d to measure", name, j.case, round, #items)
    local ours, our_mb = run_ours(j, items)
    local theirs, their_mb = run_theirs(j, items, a.steps)
    for _, item in ipairs(items) do
      table.insert(item.pairs, { ours = ours[item], theirs = theirs[item], our_mb = our_mb, their_mb = their_mb })
    end
  end
end

-- ---- the table ---------------------------------------------------------------------------------------------

local function each(list, f)
  local values = {}
  for i, p in ipairs(list) do values[i] = f(p) end
  return values
end

local function verdict(met, text) return ("%s: %s"):format(text, met and "met" or "missed") end

local function target(item, ratio, seconds)
  if item.at_least then return verdict(ratio >= item.at_least, ("≥ %.1f"):format(item.at_least)) end
  if item.ms_at_most then return verdict(seconds * 1e3 <= item.ms_at_most, ("≤ %g ms"):format(item.ms_at_most)) end
  return ""
end

local function memory(item, list)
  if not list[1].our_mb then return "" end
  local ours = math.max(table.unpack(each(list, function(p) return p.our_mb end)))
  local theirs = math.max(table.unpack(each(list, function(p) return p.their_mb end)))
  local text = ("%.0f / %.0f = %.2f"):format(ours, theirs, ours / theirs)
  local most = item.memory_at_most
  return most and verdict(ours / theirs <= most, ("%s, ≤ %.1f"):format(text, most)) or text
end

local function voids(item, list)
  local void, short = #item.pairs - #list, a.pairs - #list
  return short > 0 and ("%d, %d short"):format(void, short) or tostring(void)
end

local function row(j, item)
  local list = valid(item)
  if #list == 0 then return { item.name, "", "", "", "", "", voids(item, list) } end
  local ratios = each(list, function(p) return p.theirs / p.ours end)
  local ours = measure.median(each(list, function(p) return p.ours end))
  local theirs = measure.median(each(list, function(p) return p.theirs end))
  item.ratio = measure.median(ratios)
  local how = j.case == "start" and "" or (" (%s, %d)"):format(item.best.layout, item.best.threads)
  return {
    item.name, measure.digits(ours * 1e3), measure.digits(theirs * 1e3) .. how,
    ("%.2f [%.2f..%.2f]"):format(item.ratio, math.min(table.unpack(ratios)), math.max(table.unpack(ratios))),
    target(item, item.ratio, ours), #j.items == 1 and memory(item, list) or "", voids(item, list),
  }
end

-- A row for the geometric mean over the items of each pass.
local function mean_rows(set, rows)
  for _, pass in ipairs { "forward", "both" } do
    local ratios = {}
    for _, item in ipairs(set[1].items) do
      if item.pass == pass and item.ratio then ratios[#ratios + 1] = item.ratio end
    end
    local mean, least = measure.geometric_mean(ratios), set.means[pass]
    rows[#rows + 1] = { "geometric mean, " .. pass, "", "", ("%.2f"):format(mean),
      verdict(mean >= least, ("≥ %.1f"):format(least)), "", "" }
  end
end

local HEAD = { "", "sdelua, ms", "PyTorch, ms (layout, threads)", "ratio, median [range]", "target",
  "peak MB, sdelua / PyTorch", "void pairs" }

local function compare(set)
  local rows = {}
  for _, j in ipairs(set) do
    collect(j, set.name)
    for _, item in ipairs(j.items) do rows[#rows + 1] = row(j, item) end
  end
  if set.means then mean_rows(set, rows) end
  return measure.table(HEAD, rows)
end

-- ---- the command line ------------------------------------------------------------------------------------

local function options()
  local names = {}
  for i, set in ipairs(SETS) do names[i] = set.name end
  local p = cli.parser("compare.sh", "Measures sdelua against PyTorch in turns; ratios are PyTorch's time / sdelua's.")
  p:argument("sets", "What to compare (default: all)."):args("*"):choices(names)
  p:option("--pairs", "Pairs that have to count.", "7"):convert(cli.integer(1))
  p:option("--threads", "Threads of sdelua; PyTorch has the better of 1 and so many.", "2"):convert(cli.integer(1))
  p:option("--steps", "Measurements of each run: the fastest counts.", "6"):convert(cli.integer(1))
  p:option("--program", "The sdelua to measure.", arg[-1])
  p:option("--write", "Put the tables into this file (default docs/benchmarks.md)."):args "?"
  local read = p:parse()
  if #read.sets == 0 then read.sets = names end
  return read
end

a = options()
local facts = { ("PyTorch %s"):format(measure.output {
  os.getenv "PYTHON" or "/usr/bin/python3", "-c", "import torch; print(torch.__version__)" }:match "^%S*"),
  ("%d pairs, %d threads"):format(a.pairs, a.threads) }
for _, wanted in ipairs(a.sets) do
  for _, set in ipairs(SETS) do
    if set.name == wanted then
      print(("\n%s\n"):format(set.name))
      measure.publish(a, set.name, compare(set), facts)
    end
  end
end
