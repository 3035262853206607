-- sdelua scripts/bench/ops.lua [--help]: how fast each heavy op is, beside what the machine does at most.
--
-- Operations are counted as the textbook has them: a convolution 2 KH KW Cin Cout for each output pixel, however it is
-- computed, so one by Winograd can pass the peak. Bytes are those of the tensors that have to be read and written once;
-- their peak is that of a copy with as many bytes, so it stands for the cache that they fit in.
package.path = (arg[0]:match "^(.*)/[^/]*$" or ".") .. "/?.lua;" .. package.path
local sl = require "sdelua"
local cli = require "sdelua.train.cli"
local measure = require "measure"
local system = require("sdelua.core").system

local a
do
  local p = cli.parser("ops.lua", "GF/s or GB/s of each heavy op, with the machine's measured peak beside it.")
  p:option("--threads", "Threads.", "2"):convert(cli.integer(1))
  p:option("--only", "Only ops whose name has this Lua pattern.", "")
  p:option("--batch", "Images in a batch.", "32"):convert(cli.integer(1))
  p:option("--measurements", "Measurements of each: the fastest counts.", "7"):convert(cli.integer(1))
  p:flag("--json", "One line of JSON for each op, not a table.")
  p:option("--write", "Put the table into this file (default docs/benchmarks.md)."):args "?"
  a = p:parse()
end
sl.set_threads(a.threads)
sl.manual_seed(0)

-- ---- the list: name, unit, and a function that gives the call to time and its work ---------------------

local ops = {}

-- make() -> a function to time, operations or floats moved; unit: "GF/s" or "GB/s", or "us" for one call
local function op(name, unit, make) ops[#ops + 1] = { name = name, unit = unit, make = make } end

local function without_recording(f, ...)
  local x = table.pack(...)
  return function()
    local scope <close> = sl.scope()
    sl.no_grad(f, table.unpack(x, 1, x.n))
  end
end

-- The gradients of all that f is given, f being recorded once.
local function backward(f, xs, ...)
  for _, x in ipairs(xs) do x:requires_grad_() end
  local more = table.pack(...)
  local given = table.move(more, 1, more.n, #xs + 1, table.move(xs, 1, #xs, 1, {}))
  local y = f(table.unpack(given, 1, #xs + more.n))
  local options = { grad = sl.randn(y:shape()), retain_graph = true }
  return function()
    local scope <close> = sl.scope()
    sl.grad(y, xs, options)
  end
end

-- Forward and backward rows of f(x..., more...): x made by shapes, work counted in `unit`.
local function both(name, unit, forward_work, backward_work, f, shapes, ...)
  local more = table.pack(...)
  local function tensors()
    local xs = {}
    for i, shape in ipairs(shapes) do xs[i] = sl.randn(shape) end
    return xs
  end
  op(name, unit, function()
    local xs = tensors()
    table.move(more, 1, more.n, #xs + 1, xs)
    return without_recording(f, table.unpack(xs, 1, #shapes + more.n)), forward_work
  end)
  op(name .. ", backward", unit, function()
    return backward(f, tensors(), table.unpack(more, 1, more.n)), backward_work
  end)
end

local function sizes(...) return table.concat({ ... }, "x") end

local function matmul(n)
  op("matmul " .. sizes(n, n, n), "GF/s", function()
    return without_recording(sl.matmul, sl.randn { n, n }, sl.randn { n, n }), 2 * n ^ 3
  end)
end

local function linear(rows, inside, outside)
  local flops = 2 * rows * inside * outside
  both(("linear %d rows, %d to %d"):format(rows, inside, outside), "GF/s", flops, 2 * flops, sl.linear,
    { { rows, inside }, { inside, outside }, { outside } })
end

local function conv(size, inside, outside, kernel, stride)
  local out = size // stride
  local flops = 2 * a.batch * out * out * kernel * kernel * inside * outside
  both(("conv2d %s, %d to %d, %dx%d%s"):format(sizes(a.batch, size, size), inside, outside, kernel, kernel,
    stride > 1 and ", stride " .. stride or ""), "GF/s", flops, 2 * flops, function(x, w)
    return sl.conv2d(x, w, nil, stride, kernel // 2)
  end, { { a.batch, size, size, inside }, { kernel, kernel, inside, outside } })
end

-- Two products forward, four backward, and none counted for what is computed again.
local function attention(length, width)
  local shape, flops = { a.batch, length, width }, 4 * a.batch * length * length * width
  both("attention " .. sizes(a.batch, length, width), "GF/s", flops, 2 * flops, sl.attention, { shape, shape, shape })
end

local function norm_silu(size, channels)
  local n = a.batch * size * size * channels
  both("group_norm_silu " .. sizes(a.batch, size, size, channels), "GB/s", 2 * n, 3 * n, sl.group_norm_silu,
    { { a.batch, size, size, channels }, { channels }, { channels } }, channels // 4)
end

for _, n in ipairs { 128, 256, 512, 1024 } do matmul(n) end
linear(512, 128, 128)
linear(a.batch * 28 * 28, 32, 32)
linear(a.batch * 14 * 14, 64, 64)
conv(28, 32, 32, 3, 1)
conv(28, 64, 32, 3, 1)
conv(28, 1, 32, 3, 1)
conv(28, 32, 1, 3, 1)
conv(28, 32, 32, 3, 2)
conv(14, 64, 64, 3, 1)
conv(14, 128, 64, 3, 1)
conv(14, 128, 64, 1, 1)
conv(7, 64, 64, 3, 1)
conv(7, 128, 64, 3, 1)
conv(32, 128, 128, 3, 1)
attention(14 * 14, 64)
attention(32 * 32, 64)
norm_silu(28, 32)
norm_silu(14, 64)
norm_silu(7, 128)

local IMAGES = { a.batch, 28, 28, 32 }
local FLOATS = a.batch * 28 * 28 * 32

-- f of `reads` tensors of the size of a layer's images; writes: floats written
local function stream(name, f, reads, writes)
  op(name .. " " .. table.concat(IMAGES, "x"), "GB/s", function()
    local xs = {}
    for i = 1, reads do xs[i] = sl.randn(IMAGES) end
    return without_recording(f, table.unpack(xs)), reads * FLOATS + writes
  end)
end

stream("add", sl.add, 2, FLOATS)
both("silu " .. table.concat(IMAGES, "x"), "GB/s", 2 * FLOATS, 3 * FLOATS, sl.silu, { IMAGES })
stream("exp", sl.exp, 1, FLOATS)
stream("sin", sl.sin, 1, FLOATS)
stream("randn", function() return sl.randn(IMAGES) end, 0, FLOATS)
stream("sum of all", sl.sum, 1, 1)
stream("sum over the batch", function(x) return sl.sum(x, 1) end, 1, FLOATS / a.batch)
stream("sum over the channels", function(x) return sl.sum(x, 4) end, 1, FLOATS / 32)
stream("cat of channels", function(x, y) return sl.cat({ x, y }, 4) end, 2, 2 * FLOATS)
stream("upsample", function(x) return sl.upsample(x, 2) end, 1, 4 * FLOATS)
local FILTER = sl.tensor { 1, 3, 3, 1 }:reshape { 4, 1 } * sl.tensor { 1, 3, 3, 1 } / 64
stream("fir_resample up by 2", function(x)
  return sl.fir_resample(x, FILTER, { up = 2, padding = { 2, 1 } })
end, 1, 4 * FLOATS)
stream("fir_resample down by 2", function(x)
  return sl.fir_resample(x, FILTER, { down = 2, padding = 1 })
end, 1, FLOATS / 4)
stream("avg_pool of 5x5", function(x) return sl.avg_pool(x, 5, { stride = 1, padding = 2 }) end, 1, FLOATS)
stream("max_pool of 5x5", function(x) return sl.max_pool(x, 5, { stride = 1, padding = 2 }) end, 1, FLOATS)
op("softmax " .. sizes(a.batch * 196, 196), "GB/s", function()
  return without_recording(sl.softmax, sl.randn { a.batch * 196, 196 }, 2), 2 * a.batch * 196 * 196
end)

-- The first U-Net's parameters, with gradients.
local function parameters()
  local list, n = sl.nn.UNet { size = 28, channels = 1, nf = 32, attn_resolutions = { 14 } }:parameters(), 0
  for _, p in ipairs(list) do
    p.grad = sl.randn(p:shape())
    n = n + p:numel()
  end
  return list, n
end
op("Adam step of a U-Net, gradients clipped", "GB/s", function()
  local list, n = parameters()
  local adam = sl.optim.Adam(list, { lr = 1e-6, grad_clip = 1 })
  return function() adam:step() end, 8 * n -- g twice; p, m and v read and written
end)
op("EMA of a U-Net", "GB/s", function()
  local list, n = parameters()
  local ema = sl.optim.EMA(list, { decay = 0.999 })
  return function() ema:update() end, 3 * n
end)

local CALLS = 100
local function eight(recorded)
  local x, y = sl.randn { 8 }, sl.randn { 8 }
  local function calls()
    for _ = 1, CALLS do local _ = x + y end
  end
  if not recorded then return without_recording(calls), CALLS end
  x:requires_grad_()
  return function()
    local scope <close> = sl.scope()
    calls()
  end, CALLS
end
op("add of 8 floats from Lua", "us", function() return eight(false) end)
op("add of 8 floats from Lua, recorded", "us", function() return eight(true) end)

-- ---- measuring -----------------------------------------------------------------------------------------

local flops_peak
local copy_peaks = {} -- by bytes

local function peak(unit, work)
  if unit == "GF/s" then
    flops_peak = flops_peak or system.peak_flops() / 1e9
    return flops_peak
  end
  local bytes = math.max(4096, math.tointeger(4 * work))
  copy_peaks[bytes] = copy_peaks[bytes] or system.peak_copy(bytes) / 1e9
  return copy_peaks[bytes]
end

local function measured(o)
  local scope <close> = sl.scope()
  local fn, work = o.make()
  local seconds = measure.seconds(fn, a.measurements)
  if o.unit == "us" then return { op = o.name, us = seconds / work * 1e6 } end
  local rate = (o.unit == "GF/s" and work or 4 * work) / seconds / 1e9
  return { op = o.name, us = seconds * 1e6, rate = rate, unit = o.unit, peak = peak(o.unit, work) }
end

-- One op from C, if the program that measures it is built.
local function from_c()
  local path = arg[-1]:gsub("[^/]*$", "bench_dispatch")
  if system.kind(path) ~= "file" then return {} end
  local r = measure.run { path }
  return { { op = "add of 8 floats from C", us = r.plain_us },
    { op = "add of 8 floats from C, recorded", us = r.recorded_us } }
end

local results = {}
for _, o in ipairs(ops) do
  if o.name:find(a.only) then
    results[#results + 1] = measured(o)
    if a.json then print(sl.json.encode(results[#results])) end
  end
end
for _, r in ipairs(from_c()) do
  if r.op:find(a.only) then
    results[#results + 1] = r
    if a.json then print(sl.json.encode(r)) end
  end
end

if #results == 0 then error(("ops: --only: expected a Lua pattern that a name has, got '%s'"):format(a.only), 0) end

-- ---- the table -----------------------------------------------------------------------------------------

local function row(r)
  if not r.rate then return { r.op, ("%.3f"):format(r.us), "", "", "" } end
  return { r.op, measure.digits(r.us), ("%.1f %s"):format(r.rate, r.unit), ("%.0f"):format(r.peak),
    ("%.2f"):format(r.rate / r.peak) }
end

local rows = {}
for i, r in ipairs(results) do rows[i] = row(r) end
measure.publish(a, "ops", measure.table({ "op", "µs", "rate", "peak", "rate / peak" }, rows), {
  ("%d threads"):format(a.threads),
})
