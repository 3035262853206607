-- A batch whose samples leave as they arrive: which are on their way, and the whole batch again.
local sl = require "sdelua"

local Leaving = {}
Leaving.__index = Leaving

--- batch.places lists the places of those on their way, from 1.
function Leaving.new(n)
  local places = {}
  for i = 1, n do places[i] = i end
  return setmetatable({ places = places, gone = {} }, Leaving)
end

local function int64(list) return sl.tensor(list, { dtype = "int64" }) end

local function picked(list, rows)
  local out = {}
  for i, row in ipairs(rows) do out[i] = list[row] end
  return out
end

--- Lets go of those of x [n, ...] whose rows are in `leaving`; `staying`: the others' rows. Returns the others' x.
function Leaving:part(x, staying, leaving)
  table.insert(self.gone, { x = x:index_select(int64(leaving), 1), places = picked(self.places, leaving) })
  self.places = picked(self.places, staying)
  return x:index_select(int64(staying), 1)
end

--- All samples, each in its place: x of those on their way, and the others where they ended.
function Leaving:whole(x)
  if #self.gone == 0 then return x end
  local all, row, n = {}, {}, 0
  local function add(part, places)
    all[#all + 1] = part
    for k, place in ipairs(places) do row[place] = n + k end
    n = n + #places
  end
  for _, one in ipairs(self.gone) do add(one.x, one.places) end
  add(x, self.places)
  return sl.cat(all, 1):index_select(int64(row), 1)
end

return Leaving
