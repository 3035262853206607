-- Folders of pictures.
local sl = require "sdelua"
local errors = require "sdelua.errors"
local options = require "sdelua.options"
local system = require "sdelua.core".system

local images = {}

local EXTENSIONS = { png = true, jpg = true, jpeg = true, bmp = true, webp = true }

local function ending_of(name) return (name:match "[^.]%.(%w+)$" or ""):lower() end
local function is_picture(name) return EXTENSIONS[ending_of(name)] or false end

-- The pictures in a folder, sorted; "prefix/name" each.
local function pictures(folder, prefix)
  local names = {}
  for _, name in ipairs(system.list_folder(folder)) do
    if is_picture(name) and name:sub(1, 1) ~= "." then names[#names + 1] = prefix .. name end
  end
  table.sort(names)
  return names
end

-- Pictures in the folder, or else those in its sub-folders, each of which is a class: names, label of each, classes.
local function list(folder)
  local names, labels, classes = pictures(folder, ""), {}, {}
  if #names > 0 then return names end
  local below = system.list_folder(folder)
  table.sort(below)
  for _, class in ipairs(below) do
    local inside = class:sub(1, 1) ~= "." and system.kind(folder .. "/" .. class) == "folder"
      and pictures(folder .. "/" .. class, class .. "/") or {}
    if #inside > 0 then classes[#classes + 1] = class end
    for _, name in ipairs(inside) do names[#names + 1], labels[#labels + 1] = name, #classes - 1 end
  end
  return names, labels, classes
end

-- The other files in the folder of a data set and in those of its classes, counted by their endings: "2 .gif, 1 .txt".
local function others(folder, classes)
  local count, words = {}, {}
  for _, place in ipairs { "", table.unpack(classes or {}) } do
    local path = folder .. "/" .. place
    for _, name in ipairs(system.list_folder(path)) do
      local ending = "." .. ending_of(name)
      local other = not is_picture(name) and name:sub(1, 1) ~= "." and system.kind(path .. "/" .. name) == "file"
      if other then count[ending] = (count[ending] or 0) + 1 end
    end
  end
  for i, ending in ipairs(options.names(count)) do
    words[i] = ("%d %s"):format(count[ending], ending == "." and "without an ending" or ending)
  end
  return table.concat(words, ", ")
end

-- What became of the files, in words: how many were resized, and what was not read.
local function told(folder, classes, resized, count, size)
  local parts, left = {}, others(folder, classes)
  if resized > 0 then
    parts[1] = ("%d of %d cut to the central square and resized to %d x %d"):format(resized, count, size, size)
  end
  if left ~= "" then parts[#parts + 1] = "not read: " .. left end
  return #parts > 0 and table.concat(parts, "; ") or nil
end

--- True for a folder with pictures in it or in its sub-folders.
function images.is_folder(folder) return system.kind(folder) == "folder" and #list(folder) > 0 end

--- uint8 [n,size,size,channels] and the list of names, sorted: the PNG, JPEG, BMP and WebP files of a folder, each cut
-- to its central square and resized. Where the folder itself has none, each sub-folder with pictures is a class: then
-- int64 labels [n], from 0, and the list of classes come too. Fifth come words on what was resized and which files were
-- not read, where there is something to say. Options: size = 32, channels = 3 (or 1).
function images.folder(folder, opts)
  local o = options.read("data.image_folder", opts, { size = 32, channels = 3 })
  if type(folder) ~= "string" then
    errors.raise("data.image_folder: argument folder: expected a path, got " .. tostring(folder))
  end
  local names, labels, classes = list(folder)
  if #names == 0 then
    errors.raise("data.image_folder: %s: expected PNG, JPEG, BMP or WebP files, there or in folders of classes, "
      .. "got none", folder)
  end
  local x, resized = {}, 0
  for i, name in ipairs(names) do
    local picture = sl.image.load(folder .. "/" .. name, { channels = o.channels })
    if picture:shape(1) ~= o.size or picture:shape(2) ~= o.size then resized = resized + 1 end
    x[i] = sl.image.square(picture, o.size)
  end
  return sl.stack(x, 1), names, labels and sl.tensor(labels, { dtype = "int64" }), classes,
    told(folder, classes, resized, #names, o.size)
end

errors.named("data.image_folder", images.folder)

return images
