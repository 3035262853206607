-- Which known names a misspelt one may stand for.
local nearest = {}

local MOST = 3 -- names that are suggested at once

-- What PyTorch and NumPy call things that have another name here.
local ELSEWHERE = {
  view = "reshape", numpy = "totable", tolist = "totable", concat = "cat", concatenate = "cat", array = "tensor",
  max = "amax", min = "amin", float = "to", double = "to",
}

-- Edits from a to b, of a letter each, two that changed places being one: Damerau and Levenshtein's distance.
local function distance(a, b)
  local rows = { [0] = {} }
  for j = 0, #b do rows[0][j] = j end
  for i = 1, #a do
    local row, above = { [0] = i }, rows[i - 1]
    for j = 1, #b do
      local same = a:byte(i) == b:byte(j)
      row[j] = math.min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (same and 0 or 1))
      if i > 1 and j > 1 and a:byte(i) == b:byte(j - 1) and a:byte(i - 1) == b:byte(j) then
        row[j] = math.min(row[j], rows[i - 2][j - 2] + 1)
      end
    end
    rows[i] = row
  end
  return rows[#a][#b]
end

-- How far a name is from what was wanted, whatever their case; nil where nobody means it by that.
local function apart(a, b)
  if #a >= 4 and b:sub(1, #a) == a then return #a == #b and 0 or 2 end
  local most = math.max(1, math.min(#a, #b) // 3)
  if #a < 3 or math.abs(#a - #b) > most then return a == b and 0 or nil end
  local d = distance(a, b)
  return d <= most and d or nil
end

--- Those of the names that `wanted` may be meant for, best first, at most three. A name counts by its last part: the
-- "heun" of "solve.heun".
function nearest.of(wanted, names)
  local found, ranks, other = {}, {}, ELSEWHERE[wanted]
  local last = wanted:match "([%w_]+)%W*$"
  for _, name in ipairs(names) do
    local own = name:match "[%w_]+$"
    local d = last and own and (own == other and 0 or apart(last:lower(), own:lower()))
    if d and not ranks[name] then found[#found + 1], ranks[name] = name, d end
  end
  table.sort(found, function(a, b)
    if ranks[a] ~= ranks[b] then return ranks[a] < ranks[b] end
    if #a ~= #b then return #a < #b end
    return a < b
  end)
  local best = ranks[found[1]]
  while #found > MOST or #found > 0 and ranks[found[#found]] > best + 1 do found[#found] = nil end
  return found
end

--- What an error's text adds about a misspelt name: "; did you mean heun?", or nothing.
function nearest.hint(wanted, names)
  local found = nearest.of(wanted, names)
  return #found > 0 and "; did you mean " .. table.concat(found, ", ") .. "?" or ""
end

return nearest
