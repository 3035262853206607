--- sl.apropos "langevin": a line for each thing whose name or doc has that text in it, in any case; those with it in
-- their names first.
local errors = require "sdelua.errors"
local manual = require "sdelua.manual"
local source = require "sdelua.manual.source"

local function line(entry)
  local name = entry.kind == "method" and entry.name:gsub("%.([^.]*)$", ":%1") or entry.name
  return ("%s: %s"):format(name, source.sentence(entry.doc or "(no doc)"))
end

-- 1: in the name; 2: in doc or source; nil: nowhere.
local function rank(entry, wanted)
  if entry.name:lower():find(wanted, 1, true) then return 1 end
  local said = (entry.doc or "") .. "\n" .. (entry.source or "")
  return said:lower():find(wanted, 1, true) and 2 or nil
end

--- Lines of all that the text turns up in; "nothing about …" where there is none.
return function(wanted)
  if type(wanted) ~= "string" or wanted == "" then
    errors.raise("apropos: argument text: expected what to look for, got " .. tostring(wanted))
  end
  local found = { {}, {} }
  for _, entry in ipairs(manual.entries()) do
    local at = rank(entry, wanted:lower())
    if at and not entry.op then table.insert(found[at], line(entry)) end
  end
  table.move(found[2], 1, #found[2], #found[1] + 1, found[1])
  return #found[1] > 0 and table.concat(found[1], "\n") or "nothing about " .. wanted
end
