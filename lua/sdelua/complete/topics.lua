-- What help knows, inside the string that it is given: by the last part of the names, by the whole after a dot.
local manual = require "sdelua.manual"

return function(place)
  local part, seen, words = place.part, {}, {}
  for _, entry in ipairs(manual.entries()) do
    local word = part:find(".", 1, true) and entry.name or entry.name:match "[^.]+$"
    if word:sub(1, #part) == part and not seen[word] then
      seen[word] = true
      words[#words + 1] = word
    end
  end
  return words, part, place.quote
end
