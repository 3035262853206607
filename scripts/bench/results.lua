-- Results of long measurements, a line of JSON each in a file, so that a run that was stopped goes on where it was.
local sl = require "sdelua"

local Results = {}
Results.__index = Results

local function key(self, r)
  local list = {}
  for i, name in ipairs(self.keys) do list[i] = tostring(r[name]) end
  return table.concat(list, "\t")
end

--- The results in that file, made at the first one; a last line that was cut off is not one. keys: names of the fields
-- that tell one result from another.
function Results.open(path, keys)
  local self, file = setmetatable({ path = path, keys = keys, found = {} }, Results), io.open(path)
  for line in file and file:lines() or function() end do
    local ok, r = pcall(sl.json.decode, line)
    if ok then self.found[key(self, r)] = r end
  end
  if file then file:close() end
  return self
end

--- The result with these keys, or nil.
function Results:get(wanted) return self.found[key(self, wanted)] end

function Results:add(r)
  local file <close> = assert(io.open(self.path, "a"))
  assert(file:write(sl.json.encode(r), "\n"))
  self.found[key(self, r)] = r
end

return Results
