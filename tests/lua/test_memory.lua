-- The N-th allocation fails, for N = 1, 2, ..., once and from there on, through training, sampling, saving and
-- loading: always an error that can be caught, nothing leaks, and what comes after is as if nothing had happened.
local check = require "check"
local sl = require "sdelua"
local testing = require "sdelua.core".testing

local images = sl.randint(0, 256, { 6, 8, 8, 1 }, { dtype = "uint8" })

local models = {
  MLP = {
    samples = sl.data.two_moons(64), net = { kind = "MLP", options = { dim = 2, hidden = { 8, 8 }, embed = 8 } },
  },
  UNet = {
    samples = images, net = { kind = "UNet", options = { size = 8, channels = 1, nf = 8, ch_mult = { 1, 1 },
      attn_resolutions = { 4 }, num_res_blocks = 1 } },
  },
}

local function trainer(model)
  return sl.train.Trainer.new {
    samples = model.samples, net = model.net, process = { kind = "VP", options = {} },
    settings = { batch = 2, warmup = 1 },
  }
end

local function bytes(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

-- fn with the n-th allocation failing, n = 1, 2, ... until it gets through although all from the n-th on fail.
local function starve(fn)
  for n = 1, math.huge do
    testing.fail_alloc(n, false)
    local once, why = pcall(fn)
    testing.fail_alloc(n, true)
    local ok, err = pcall(fn)
    testing.fail_alloc(0)
    check.ok(once or tostring(why):find "out of memory", tostring(why))
    if ok then return end
    check.ok(tostring(err):find "out of memory", tostring(err))
  end
end

local function run(model, path)
  local hungry, fed = trainer(model), trainer(model)
  starve(function() hungry:step() end)
  while fed.steps < hungry.steps do fed:step() end
  fed:save(path)
  local want = bytes(path)
  starve(function() hungry:save(path) end)
  check.ok(bytes(path) == want, "training that failed in between differs")
  starve(function() sl.train.load(path) end)
  local sampler, shape = sl.solve.ancestral { steps = 2 }, { 2, table.unpack(fed.about.shape) }
  local function sample(t)
    return t:with_average(function(score) return (sampler(t.process, score, shape, { seed = 1 })):totable() end)
  end
  starve(function() sample(hungry) end)
  check.eq(sample(hungry), sample(fed))
end

for name, model in pairs(models) do
  check.test("allocations that fail: " .. name, function()
    local path = os.tmpname()
    collectgarbage()
    local before = testing.live()
    run(model, path)
    os.remove(path)
    collectgarbage()
    collectgarbage()
    check.eq(testing.live(), before, "live bytes")
  end)
end
