-- docs/reference/<room>.md: a page a room, from the entries of sl.manual.
local manual = require "sdelua.manual"
local markdown = require "text".markdown

local HOMES = { tensor = "tensor", scope = "sl", Optimizer = "optim", EMA = "optim", Layer = "nn", Canvas = "draw" }

-- The page that an entry stands on.
local function home(entry)
  local class = entry.of or entry.kind == "class" and entry.name
  if class and HOMES[class] then return HOMES[class] end
  if entry.kind == "room" then return entry.name end
  return entry.name:match "^([^.]+)%." or "sl"
end

local function title(entry)
  local shown = manual.signature(entry)
  local method = entry.kind == "method"
  return (method and "" or "sl.") .. shown
end

local SECTIONS = {
  { "op", "Ops" }, { "function", "Functions" }, { "layer", "Layers" }, { "row", "By name" },
}

local function item(entry, level)
  local source = entry.source and ("\n\nSource: %s."):format(markdown(entry.source)) or ""
  local results = entry.results and " → " .. entry.results or ""
  return ("%s `%s`%s\n\n%s%s\n"):format(level, title(entry), results, markdown(entry.doc or "(no doc)"), source)
end

local function add_class(out, class, entries)
  out[#out + 1] = ("## Class `%s`\n\n%s\n"):format(class.name, markdown(class.doc or "(no doc)"))
  for _, field in ipairs(manual.fields(class.name)) do
    out[#out + 1] = ("- field `%s` (%s): %s"):format(field.name, field.type, field.doc)
  end
  if #manual.fields(class.name) > 0 then out[#out + 1] = "" end
  for _, entry in ipairs(entries) do
    if entry.of == class.name then out[#out + 1] = item(entry, "###") end
  end
end

local function page(name, entries)
  local out = { ("# %s\n"):format(name == "tensor" and "Tensors" or name == "sl" and "sl" or "sl." .. name) }
  if name == "sl" then out[#out + 1] = "What `require \"sdelua\"` gives, apart from the rooms.\n" end
  for _, entry in ipairs(entries) do
    if entry.kind == "room" then out[#out + 1] = markdown(entry.doc or "(no doc)") .. "\n" end
  end
  for _, section in ipairs(SECTIONS) do
    local begun = false
    for _, entry in ipairs(entries) do
      if entry.kind == section[1] then
        if not begun then out[#out + 1] = "## " .. section[2] .. "\n" end
        begun = true
        out[#out + 1] = item(entry, "###")
      end
    end
  end
  for _, entry in ipairs(entries) do
    if entry.kind == "class" then add_class(out, entry, entries) end
  end
  return table.concat(out, "\n")
end

--- The pages, as { name = text }.
return function()
  local pages, texts = {}, {}
  for _, entry in ipairs(manual.entries()) do
    local name = home(entry)
    pages[name] = pages[name] or {}
    table.insert(pages[name], entry)
  end
  for name, entries in pairs(pages) do texts[name] = page(name, entries) end
  return texts
end
