-- Lines of equal value in a table of numbers, by marching squares (Lorensen & Cline 1987, in the plane).
local marching = {}

-- Where the level is between two neighbours, as a share of the way.
local function share(a, b, level) return (level - a) / (b - a) end

-- The sides of a cell that a line joins, by which corners are above the level: 1 upper left, 2 upper right, 4 lower
-- right, 8 lower left. Sides are t(op), r(ight), b(ottom), l(eft).
local JOINED = {
  [1] = "lt", [2] = "tr", [3] = "lr", [4] = "rb", [6] = "tb", [7] = "lb",
  [8] = "lb", [9] = "tb", [11] = "rb", [12] = "lr", [13] = "tr", [14] = "lt",
}
-- Two corners across from each other are above: what the middle says decides.
local SADDLE = {
  [5] = { above = { "tr", "lb" }, below = { "lt", "rb" } },
  [10] = { above = { "lt", "rb" }, below = { "tr", "lb" } },
}

local SIDES = {
  t = function(c, level) return share(c[1], c[2], level), 0 end,
  r = function(c, level) return 1, share(c[2], c[3], level) end,
  b = function(c, level) return share(c[4], c[3], level), 1 end,
  l = function(c, level) return 0, share(c[1], c[4], level) end,
}

local function finite(v) return v - v == 0 end

local function joins(c, level)
  local case = (c[1] > level and 1 or 0) + (c[2] > level and 2 or 0) + (c[3] > level and 4 or 0)
    + (c[4] > level and 8 or 0)
  local saddle = SADDLE[case]
  if not saddle then return JOINED[case] end
  return saddle[(c[1] + c[2] + c[3] + c[4]) / 4 > level and "above" or "below"]
end

local function add(out, c, level, pair, column, row)
  for side in pair:gmatch "." do
    local x, y = SIDES[side](c, level)
    out[#out + 1] = column + x
    out[#out + 1] = row + y
  end
end

--- The pieces { x1, y1, x2, y2, x1, … } of the line where `values`, a list of rows, have that level; x counts columns
-- from 0, y rows from 0. Cells with a value that is not finite have none.
function marching.pieces(values, level)
  local out, c = {}, {}
  for row = 1, #values - 1 do
    local upper, lower = values[row], values[row + 1]
    for column = 1, #upper - 1 do
      c[1], c[2], c[3], c[4] = upper[column], upper[column + 1], lower[column + 1], lower[column]
      local pairs_of = finite(c[1] + c[2] + c[3] + c[4]) and joins(c, level)
      if type(pairs_of) == "string" then
        add(out, c, level, pairs_of, column - 1, row - 1)
      elseif pairs_of then
        for _, pair in ipairs(pairs_of) do add(out, c, level, pair, column - 1, row - 1) end
      end
    end
  end
  return out
end

return marching
