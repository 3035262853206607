-- The forward process as a film: points of six Gaussians, each group in its colour, become noise; then noise becomes
-- points by the reverse process, coloured by where they end.
-- Writes an animation, .webp or .gif.    sdelua examples/forward_process.lua [PICTURE [FRAMES]]
local sl = require "sdelua"
local picture, frames = ...
picture, frames = picture or "forward_process.webp", math.tointeger(tonumber(frames or 10))
local POINTS, SUBSTEPS = 240, 20 -- of the solvers, in each frame

local means = {}
for i = 1, 6 do means[i] = { 2 * math.cos(i * math.pi / 3), 2 * math.sin(i * math.pi / 3) } end
local data = sl.metrics.mixture { means = means, stds = 0.15 } -- whose score is known at every time
local process = sl.sde.VP { beta_max = 10 }

local steps = frames * SUBSTEPS
local _, forth = process:simulate(data:sample(POINTS), { steps = steps, seed = 1, trajectory = true })
local _, back = sl.solve.euler_maruyama { steps = steps }(process, data:score(process), { POINTS, 2 },
  { seed = 2, trajectory = true })

-- The points x as a list of sets, one for each Gaussian: those whose `home` is nearest to its mean.
local function groups(x, home)
  local nearest, sets = home:matmul(sl.tensor(means):transpose()):argmax(2):totable(), {}
  for k = 1, #means do
    local rows = {}
    for i, mean in ipairs(nearest) do
      if mean == k then rows[#rows + 1] = i end
    end
    sets[k] = x:index_select(sl.tensor(rows, { dtype = "int64" }), 1)
  end
  return sets
end

local film = {}
local function add(states, home, title)
  for i = 0, frames do
    local t = i * SUBSTEPS / steps
    local frame = sl.plot { title = title:format(home == states[1] and t or 1 - t), width = 200, height = 224,
      aspect = "equal", xlim = { -3.5, 3.5 }, ylim = { -3.5, 3.5 } }
    for _, set in ipairs(groups(states[i * SUBSTEPS + 1], home)) do frame:scatter(set, { radius = 1.5 }) end
    film[#film + 1] = frame
  end
end

add(forth.trajectory, forth.trajectory[1], "to noise, t = %.2f")
add(back.trajectory, back.trajectory[#back.trajectory], "and back, t = %.2f")
sl.image.animate(picture, film, { fps = 6, lossless = false, quality = 30 })
print(("wrote %s: %d frames"):format(picture, #film))
