-- What a noise schedule does: three VP schedules, the pace at which they lose the signal, and what ten steps of one
-- sampler make of each (blue over data in grey, with their distance). The score is exact, so all that differs is
-- where the steps stand.
-- sdelua examples/schedule_design.lua [PICTURE [STEPS]]
local sl = require "sdelua"
local picture, steps = ...
picture, steps = picture or "schedule_design.png", math.tointeger(tonumber(steps or 10))

local SCHEDULES = { -- the last is a schedule of one's own: any positive function of t
  { name = "linear", process = sl.sde.VP {} },
  { name = "cosine", process = sl.sde.cosine {} },
  { name = "hasty", process = sl.sde.VP { beta = function(t) return 0.1 + 20 * (1 - t) ^ 2 end } },
}
local means = {}
for i = 0, 8 do means[i + 1] = { 1.5 * (i // 3 - 1), 1.5 * (i % 3 - 1) } end
local data = sl.metrics.mixture { means = means, stds = 0.12 }
local fresh = data:sample(2000, { seed = 9 })

local function curves(title, yscale)
  return sl.plot { title = title, xlabel = "t", width = 320, height = 260, yscale = yscale, legend = true }
end
local rates, signals, ratios = curves("rate beta", "log"), curves "signal m", curves "log signal-to-noise ratio"
local pictures = { rates, signals, ratios }
for i, schedule in ipairs(SCHEDULES) do
  local name, process = schedule.name, schedule.process
  local times, beta, m, snr = {}, {}, {}, {}
  for k = 1, 99 do
    local p = process:point(k / 100)
    times[k], beta[k], m[k], snr[k] = k / 100, p.g ^ 2, p.m, -2 * math.log(p.sigma)
  end
  rates:line(times, beta, { label = name })
  signals:line(times, m, { label = name })
  ratios:line(times, snr, { label = name })
  local sampler = sl.solve.ddim { steps = steps, grid = "uniform" }
  local x = sampler(process, data:score(process), { 2000, 2 }, { seed = 1 })
  local off = sl.metrics.sliced_wasserstein(x, fresh, { bootstrap = 0 }).value
  pictures[3 + i] = sl.plot { title = ("%s: sliced Wasserstein %.3f"):format(name, off), width = 320, height = 320,
    aspect = "equal", xlim = { -2.5, 2.5 }, ylim = { -2.5, 2.5 } }:scatter(fresh, { color = "#cccccc" }):scatter(x)
end
sl.plot.grid(pictures, { columns = 3 }):save(picture)
print("wrote " .. picture)
