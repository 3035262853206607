-- How noise becomes data: the reverse SDE wanders, its probability flow goes smoothly to the same distribution, and a
-- rectified flow goes nearly straight. The same data and its exact score in all three.
-- sdelua examples/flow_trajectories.lua [PICTURE [STEPS]]
local sl = require "sdelua"
local picture, steps = ...
picture, steps = picture or "flow_trajectories.png", math.tointeger(tonumber(steps or 200))

local means = {}
for i = 1, 6 do means[i] = { 2.5 * math.cos(i * math.pi / 3), 2.5 * math.sin(i * math.pi / 3) } end
local data = sl.metrics.mixture { means = means, stds = 0.12 }

local vp, straight = sl.sde.VP {}, sl.sde.interpolant {} -- x_t = (1 - t) x0 + t z

-- A score for the straight paths: at t = 1, where no signal is left, it has to be told as a velocity, here z - x0.
local known = data:score(straight)
local velocity = straight:score(function(x, t)
  local y, time = known(x, t), t:reshape { -1, 1 }
  local z = -y * time
  return z - (x - z * time) / (1 - time)
end, { parameterization = "velocity", label = function(t) return t:clamp(0, 0.999) end })

local function panel(title, process, score, sampler, ways)
  local x, info = sampler(process, score, { 60, 2 }, { seed = 3, trajectory = true })
  return sl.plot { title = title, width = 320, height = 340, aspect = "equal", xlim = { -3.3, 3.3 },
    ylim = { -3.3, 3.3 }, legend = true }
    :paths(sl.stack(info.trajectory, 1):narrow(2, 1, ways), { color = "#9aa7b5", ends = false })
    :scatter(info.trajectory[1], { label = "noise", radius = 2 })
    :scatter(x, { label = "data", radius = 2 })
end

sl.plot.grid({
  panel("VP: the reverse SDE", vp, data:score(vp), sl.solve.euler_maruyama { steps = steps }, 5),
  panel("VP: its probability flow", vp, data:score(vp), sl.solve.ode { method = "rk4", steps = steps }, 60),
  panel("a rectified flow", straight, velocity, sl.solve.ode { method = "rk4", steps = steps }, 60),
}, { columns = 3 }):save(picture)
print("wrote " .. picture)
