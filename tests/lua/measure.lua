-- How well points match eight Gaussians.
local measure = {}

-- The values along a direction, sorted.
local function projected(x, angle)
  local values = (x:select(2, 1) * math.cos(angle) + x:select(2, 2) * math.sin(angle)):totable()
  table.sort(values)
  return values
end

--- The sliced Wasserstein-2 distance of two sets of n points: the mean over `directions` angles in [0, pi) of the
--- distance of the projections, which for sorted values is the root of the mean squared difference.
function measure.sliced_w2(x, y, directions)
  local total = 0
  for i = 0, directions - 1 do
    local a, b = projected(x, i * math.pi / directions), projected(y, i * math.pi / directions)
    local sum = 0
    for j = 1, #a do sum = sum + (a[j] - b[j]) ^ 2 end
    total = total + math.sqrt(sum / #a)
  end
  return total / directions
end

--- Share of the points nearest to each of the eight modes, and their variance about their modes over std².
function measure.modes(x, radius, std)
  local share, sum, n = { 0, 0, 0, 0, 0, 0, 0, 0 }, 0, x:shape(1)
  for _, p in ipairs(x:totable()) do
    local k = math.floor(math.atan(p[2], p[1]) / (math.pi / 4) + 0.5) % 8
    share[k + 1] = share[k + 1] + 1 / n
    local angle = k * math.pi / 4
    sum = sum + (p[1] - radius * math.cos(angle)) ^ 2 + (p[2] - radius * math.sin(angle)) ^ 2
  end
  return share, sum / (2 * n * std ^ 2)
end

return measure
