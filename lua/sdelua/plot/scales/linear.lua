local numbers = require "sdelua.plot.numbers"

-- 1, 2 or 5 times a power of ten, so that lo to hi has at most n steps.
local function step_of(lo, hi, n)
  local power = 10.0 ^ math.floor(math.log((hi - lo) / n, 10))
  for _, k in ipairs { 1, 2, 5 } do
    if (hi - lo) / (power * k) <= n then return power * k end
  end
  return power * 10
end

-- The multiples of step from lo to hi, at most about a hundred; none where numbers are too coarse for them.
local function multiples(lo, hi, step)
  local list, first, last = {}, math.ceil(lo / step - 1e-6), math.floor(hi / step + 1e-6)
  if not (step > 0 and last - first >= 0 and math.abs(first) < 2 ^ 52) then return list end
  for k = 0, math.min(100, last - first) do
    local v = (first + k) * step
    if math.abs(v) < math.huge then list[#list + 1] = v end
  end
  return list
end

return {
  doc = "An axis: equal distances for equal differences.",
  forward = function(x) return x end,
  backward = function(u) return u end,
  admits = function() return true end,
  widest = { -8e307, 8e307 }, -- so that hi - lo is finite
  ticks = function(lo, hi, n)
    local step = step_of(lo, hi, n)
    local list = multiples(lo, hi, step)
    return { at = list, labels = numbers.texts(list, step), between = {} }
  end,
}
