--- sl.complete(text): what the prompt's tab key offers behind a text: what to insert and, where that is nothing, the
-- words to choose from, in columns. Inside a string these are files, of help what it knows; where a key may stand in
-- the table of a call, the options of what is called; right behind the bracket of a call, how it goes; else globals,
-- fields and methods. An empty line is set in. Each kind is a file of sdelua/complete that returns
--   function(place) -> a list of words that begin with the part typed, the part, and what follows a word that is the
--                      only one, a text or function(word)
-- where place says where the cursor is (see sdelua/complete/place.lua).
local core = require "sdelua.core"
local errors = require "sdelua.errors"
local options = require "sdelua.options"
local place_of = require "sdelua.complete.place"
local signature = require "sdelua.complete.signature"
local wrap = require "sdelua.manual.wrap"

local INDENT = "  "
local HELP = { help = true, ["sl.help"] = true }

local function finders(place)
  if place.quote then return { HELP[place.callee] and "topics" or "files" } end
  if place.is_code then return place.callee and { "keys", "names" } or { "names" } end
  return {}
end

-- What all words begin with; UTF-8 is not cut within a character.
local function common(words)
  local first, length = words[1], #words[1]
  for _, word in ipairs(words) do
    local same = 0
    while same < length and first:byte(same + 1) == word:byte(same + 1) do same = same + 1 end
    length = same
  end
  while length > 0 and (first:byte(length + 1) or 0) & 0xc0 == 0x80 do length = length - 1 end
  return first:sub(1, length)
end

local function length(word) return utf8.len(word) or #word end

local function columns(words, width)
  local widest, lines, line = 0, {}, ""
  for _, word in ipairs(words) do widest = math.max(widest, length(word) + 2) end
  for i, word in ipairs(words) do
    line = line .. word .. (" "):rep(widest - length(word))
    if length(line) + widest > width or i == #words then
      lines[#lines + 1] = line:gsub(" +$", "")
      line = ""
    end
  end
  return table.concat(lines, "\n") .. "\n"
end

--- What to insert behind the text, and else the words there are, as lines of at most `width` (that of the terminal).
return function(text, width)
  if type(text) ~= "string" then
    errors.raise("complete: argument text: expected a text, got " .. options.show(text))
  elseif width ~= nil and math.type(width) ~= "integer" then
    errors.raise("complete: argument width: expected a number of columns, got " .. options.show(width))
  end
  local place = place_of(text)
  if not place.callee and text:match "[^\n]*$":find "^%s*$" then return INDENT end -- pasted lines have tabs, too
  local told = place.opened and signature(place.opened)
  if told then return "", wrap.text(told, width or (core.system.terminal_size())) .. "\n" end
  for _, name in ipairs(finders(place)) do
    local words, part, last = require("sdelua.complete." .. name)(place)
    if #words > 0 then
      table.sort(words)
      local more = common(words):sub(#part + 1)
      if #words == 1 then more = more .. (type(last) == "function" and last(words[1]) or last) end
      return more, more == "" and #words > 1 and columns(words, width or (core.system.terminal_size())) or nil
    end
  end
  return "", nil
end
