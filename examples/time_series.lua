-- Series in time: a model of 64 values learns oscillations that die away or not, then draws new ones and, given the
-- beginning of one, its possible futures (inpainting by MCG): many at first, few where more is known.
-- Writes data, samples, and two forecasts as bands.    sdelua examples/time_series.lua [PICTURE [STEPS]]
local sl = require "sdelua"
local picture, steps = ...
picture, steps = picture or "time_series.png", math.tointeger(tonumber(steps or 2000))
local LENGTH, FUTURES = 64, 200

-- n series [n, LENGTH] of random pitch and phase, half of them dying away.
local function series(n, seed)
  local noise, t = sl.noise { seed = seed }, sl.arange(LENGTH):reshape { 1, LENGTH } / LENGTH
  local function draw(k) return noise:normal({ n, 1 }, k) end
  local pitch, phase = draw(1) * 2 + 20, draw(2) * 3
  local decay = draw(3):gt(0):to "float32" * 3
  return (t * pitch + phase):sin() * (-decay * t):exp() + noise:normal({ n, LENGTH }, 4) * 0.03
end

sl.manual_seed(1)
local process = sl.sde.VP {}
local net = sl.nn.MLP { dim = LENGTH, hidden = 256, depth = 3 }
local optimizer = sl.optim.Adam(net:parameters(), { lr = 2e-3, warmup = 50, grad_clip = 1 })
local ema = sl.optim.EMA(net:parameters(), { decay = 0.99 })
local score = process:score(net, { precondition = { "EDM", sigma_data = 0.6 } })
local batches = sl.data.loader(series(20000, 1), { batch = 256, seed = 1 })
for step, bar in sl.progress(steps) do
  local scope <close> = sl.scope()
  optimizer.lr = 2e-3 * math.min(1, 2 * (1 - step / steps)) -- falls to 0 over the second half
  local loss = sl.loss.edm(process, score, batches(), { sigma_data = 0.6, P_mean = 0 })
  optimizer:zero_grad()
  loss:backward()
  optimizer:step()
  ema:update()
  bar:set { loss = loss:item() }
end
ema:copy_to()

local days = sl.arange(LENGTH)
local function panel(title, legend)
  return sl.plot { title = title, xlabel = "time", ylabel = "value", width = 400, height = 240, ylim = { -1.5, 2 },
    legend = legend or false }
end
local function several(title, x)
  local plot = panel(title)
  for i = 1, 4 do plot:line(days, x:select(1, i)) end
  return plot
end

-- The median and the span of 80 % of the futures of a series, of which so many values are given.
local function forecast(truth, given, legend)
  local mask = sl.cat({ sl.ones(given), sl.zeros(LENGTH - given) }, 1)
  local operator = sl.inverse.inpaint { mask = mask }
  local seen = operator:apply(truth:unsqueeze(1)):expand { FUTURES, given }
  local x = sl.no_grad(sl.posterior.mcg { steps = math.min(100, steps) }, process, score, operator, seen, { seed = 1 })
  local low, middle, high = {}, {}, {}
  for i = 1, LENGTH do
    local values = x:select(2, i):totable()
    table.sort(values)
    low[i], middle[i], high[i] = values[FUTURES // 10], values[FUTURES // 2], values[FUTURES - FUTURES // 10]
  end
  return panel(("given %d values"):format(given), legend):band(days, low, high, { label = "80 %" })
    :line(days, middle, { label = "median" }):line(days, truth, { label = "truth", dash = { 4, 3 }, color = "black" })
    :scatter(sl.stack({ days, truth }, 2):narrow(1, 1, given), { label = "given", color = "black" })
end

local x = sl.no_grad(sl.solve.heun { steps = 30 }, process, score, { 4, LENGTH }, { seed = 2 })
local fresh = series(8, 7)
sl.plot.grid({
  several("data", fresh), several("samples", x), forecast(fresh:select(1, 2), 10),
  forecast(fresh:select(1, 2), 24, true),
}, { columns = 2 }):save(picture)
print("wrote " .. picture)
