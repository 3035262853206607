-- The options that what is called takes, and the table does not have yet.
local keys = require "sdelua.manual.keys"
local manual = require "sdelua.manual"
local names = require "sdelua.complete.names"

return function(place)
  local words, part, value = {}, place.word, names.value(place.callee)
  if value == nil then return words, part, "" end
  for key in pairs(keys.of(value, manual.entries(), place.callee:match "[%w_]+$")) do
    if key:sub(1, #part) == part and not place.given[key] then words[#words + 1] = key end
  end
  return words, part, " = "
end
