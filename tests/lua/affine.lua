-- The exact law of what a sampler returns for normal data: its score is linear, so a run is an affine map of the state
-- at T and of all its noise, which unit vectors tell without Monte Carlo.
local sl = require "sdelua"

local affine = {}

local function sorted_keys(set)
  local list = {}
  for key in pairs(set) do list[#list + 1] = key end
  table.sort(list)
  return list
end

-- What a run draws: numbers of normal draws, and ends of intervals of the path.
local function rehearse(run)
  local numbers, ends = {}, {}
  local function zeros(shape, dtype) return sl.zeros(shape, { dtype = dtype }) end
  local function path(shape, a, b, dtype)
    ends[a], ends[b] = true, true
    return zeros(shape, dtype), zeros(shape, dtype)
  end
  run(sl.zeros({ 1, 1 }, { dtype = "float64" }), {
    normal = function(shape, number, dtype)
      numbers[number] = true
      return zeros(shape, dtype)
    end,
    brownian = function(...) return (path(...)) end, increment = path,
  })
  return sorted_keys(numbers), sorted_keys(ends)
end

local STATE, DRAW = 1.5, 0.7 -- of the last row

-- Rows 1 to 3 start at 0, 1 and 2 without noise. One row then has a unit in a draw, or in W or H of an interval between
-- neighbouring ends; the last has a share of all of them, from a state that is not 0.
local function basis(numbers, ends)
  local row_of, n = {}, 4 + #numbers + 2 * math.max(#ends - 1, 0)
  for i, number in ipairs(numbers) do row_of[number] = 3 + i end
  local unit, first = sl.eye(n, { dtype = "float64" }), 3 + #numbers
  local last = unit:narrow(2, n, 1)
  local function row(i) return unit:narrow(2, i, 1) + last * DRAW end
  local function path(_, from, to)
    local a, b = math.min(from, to), math.max(from, to)
    local W, H = row(1) * 0, row(1) * 0
    for i = 1, #ends - 1 do
      local len, at = ends[i + 1] - ends[i], first + 2 * i - 1
      if a <= ends[i] and ends[i + 1] <= b then
        local root = math.sqrt(len)
        W = W + row(at) * root
        H = H + row(at) * (root * ((len / 2 + b - ends[i + 1]) / (b - a) - 0.5))
          + row(at + 1) * (len * math.sqrt(len / 12) / (b - a))
      end
    end
    return from < to and W or -W, H
  end
  return unit:narrow(2, 2, 1) + unit:narrow(2, 3, 1) * 2 + last * STATE, {
    normal = function(_, number) return row(row_of[number]) end,
    brownian = function(shape, a, b) return (path(shape, a, b)) / math.sqrt(math.abs(b - a)) end, increment = path,
  }
end

local function near(a, b, size) return math.abs(a - b) <= size end

--- Mean and std of run(x, noise) for x ~ N(mean, std^2); run is called with x [n, 1] and a replay for the option noise.
-- Returns nil and a reason if the run is not affine.
function affine.law(run, mean, std)
  local y = run(basis(rehearse(run))):reshape({ -1 }):totable()
  local base, slope = y[1], y[2] - y[1]
  local variance, draws = (slope * std) ^ 2, 0
  for i = 4, #y - 1 do variance, draws = variance + (y[i] - base) ^ 2, draws + (y[i] - base) end
  local size = 1e-9 * (math.abs(slope) + math.abs(base))
  if not near(y[3], base + 2 * slope, size) then return nil, "not affine in the state" end
  if not near(y[#y], base + STATE * slope + DRAW * draws, size) then return nil, "not affine in state and noise" end
  return base + slope * mean, math.sqrt(variance), slope
end

return affine
