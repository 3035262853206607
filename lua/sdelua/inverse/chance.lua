-- What operators draw once, when they are made: it depends on their seed alone.
local sl = require "sdelua"
local random = require "sdelua.core".data.random
local draws = require "sdelua.data.draws"

local chance = {}

--- The places 1..n in random order, as a list; `number` (from 0) tells several orders of one seed apart.
function chance.permutation(n, seed, number)
  local keys, list = random("uniform", { n }, seed, 0, draws.PLACES + (number or 0)):totable(), {}
  for i = 1, n do list[i] = i end
  table.sort(list, function(a, b)
    if keys[a] ~= keys[b] then return keys[a] < keys[b] end
    return a < b
  end)
  return list
end

--- n signs, 1 or -1, float64.
function chance.signs(n, seed)
  return (random("uniform", { n }, seed, 0, draws.SIGNS):to "float64" - 0.5):ge(0):to "float64" * 2 - 1
end

--- The order that leads back: back[order[i]] = i.
function chance.inverse(order)
  local back = {}
  for place, i in ipairs(order) do back[i] = place end
  return back
end

--- A list of places as index_select takes it.
function chance.indices(list) return sl.tensor(list, { dtype = "int64" }) end

return chance
