-- Files and folders, from the folder that the program runs in or from /. Hidden ones are offered to who types the dot.
local system = require "sdelua.core".system

-- As a string in these quotes says it.
local function escaped(name, quote) return (name:gsub("[\\" .. quote .. "]", "\\%0"):gsub("\n", "\\n")) end

return function(place)
  local folder, part = place.part:match "^(.*/)([^/]*)$"
  if not folder then folder, part = "", place.part end
  local ok, found = pcall(system.list_folder, folder == "" and "." or folder)
  local words = {}
  for _, name in ipairs(ok and found or {}) do
    local word = escaped(name, place.quote)
    if word:sub(1, #part) == part and (name:sub(1, 1) ~= "." or part:sub(1, 1) == ".") then
      words[#words + 1] = word .. (system.kind(folder .. name) == "folder" and "/" or "")
    end
  end
  return words, part, function(word) return word:sub(-1) == "/" and "" or place.quote end
end
