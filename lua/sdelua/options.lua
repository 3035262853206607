-- Tables of options: defaults filled in, unknown keys refused.
local options = {}

options.NONE = {} -- a default that stands for nil: such an option may be absent and may be of any type

local function names_of(known)
  local names = {}
  for name in pairs(known) do names[#names + 1] = name end
  table.sort(names)
  return table.concat(names, ", ")
end

--- A new table of `given` with `known`'s defaults. An unknown key, or a value of another type than its default, raises
-- in the name of `who`, the function called by the function that calls this.
function options.read(who, given, known)
  if given ~= nil and type(given) ~= "table" then
    error(("%s: argument options: expected a table, got %s"):format(who, tostring(given)), 3)
  end
  local o = {}
  for key, default in pairs(known) do
    if default ~= options.NONE then o[key] = default end
  end
  for key, value in pairs(given or {}) do
    local default = known[key]
    if default == nil then
      error(("%s: unknown option %s; expected %s"):format(who, tostring(key), names_of(known)), 3)
    elseif default ~= options.NONE and type(value) ~= type(default) then
      error(("%s: option %s: expected a %s, got %s"):format(who, key, type(default), tostring(value)), 3)
    end
    o[key] = value
  end
  return o
end

return options
