-- Three ways to noise: VP, VE and sub-VP (Song et al. 2021) side by side, on data that is -1 or 1. Above the density of
-- x_t over time and five paths of each process, below the signal m and the noise s in x_t = m x_0 + s z.
-- sdelua examples/vp_ve_subvp.lua [PICTURE [STEPS]]
local sl = require "sdelua"
local picture, steps = ...
picture, steps = picture or "vp_ve_subvp.png", math.tointeger(tonumber(steps or 500))

local data = sl.metrics.mixture { means = { { -1 }, { 1 } }, stds = 0.1 }
local PROCESSES = {
  { name = "VP", process = sl.sde.VP {}, reach = 3.6 },
  { name = "VE", process = sl.sde.VE { sigma_min = 0.05, sigma_max = 5 }, reach = 13 },
  { name = "sub-VP", process = sl.sde.subVP {}, reach = 3.6 },
}

-- The paths of n data points as [steps + 1, n, 2]: time and place.
local function paths(process, n)
  local _, info = process:simulate(data:sample(n, { seed = 5 }), { steps = steps, seed = 3, trajectory = true })
  local t = sl.tensor(info.times):reshape({ -1, 1, 1 }):expand { steps + 1, n, 1 }
  return sl.cat({ t, sl.stack(info.trajectory, 1) }, 3)
end

-- log p_t(x) at points (t, x), drawn so that its peaks near t = 0 don't drown the rest.
local function density(process)
  return function(points)
    local t, x = points:narrow(2, 1, 1):clamp(0.003, 1), points:narrow(2, 2, 1)
    return (data:logp(x, process, t:reshape { -1 }) * 0.5):exp()
  end
end

local above, below = {}, {}
for i, row in ipairs(PROCESSES) do
  local process, reach = row.process, row.reach
  above[i] = sl.plot { title = row.name, xlabel = "t", ylabel = i == 1 and "x" or nil, width = 320, height = 260,
    xlim = { 0, 1 }, ylim = { -reach, reach } }
    :density(density(process)):paths(paths(process, 5), { color = "white", ends = false })
  local times, m, s = {}, {}, {}
  for k = 0, 100 do
    local p = process:point(k / 100)
    times[k + 1], m[k + 1], s[k + 1] = k / 100, p.m, p.s
  end
  below[i] = sl.plot { xlabel = "t", width = 320, height = 200, xlim = { 0, 1 }, legend = i == 2 }
    :line(times, m, { label = "signal m" }):line(times, s, { label = "noise s" })
end
table.move(below, 1, 3, 4, above)
sl.plot.grid(above, { columns = 3 }):save(picture)
print("wrote " .. picture)
