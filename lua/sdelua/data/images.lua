-- Folders of pictures.
local sl = require "sdelua"
local options = require "sdelua.options"
local system = require "sdelua.core".system

local images = {}

local EXTENSIONS = { png = true, jpg = true, jpeg = true, bmp = true }

local function is_picture(name) return EXTENSIONS[(name:match "%.(%w+)$" or ""):lower()] or false end

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

--- True for a folder with pictures in it or in its sub-folders.
function images.is_folder(folder) return system.kind(folder) == "folder" and #list(folder) > 0 end

--- uint8 [n,size,size,channels] and the list of names, sorted: the PNG, JPEG and BMP files of a folder, each cut to its
-- central square and resized. Where the folder itself has none, each sub-folder with pictures is a class: then int64
-- labels [n], from 0, and the list of classes come too. Options: size = 32, channels = 3 (or 1).
function images.folder(folder, opts)
  local o = options.read("data.image_folder", opts, { size = 32, channels = 3 })
  if type(folder) ~= "string" then
    error("data.image_folder: argument folder: expected a path, got " .. tostring(folder), 2)
  end
  local names, labels, classes = list(folder)
  if #names == 0 then
    error(("data.image_folder: %s: expected PNG, JPEG or BMP files, there or in folders of classes, got none")
      :format(folder), 2)
  end
  local x = {}
  for i, name in ipairs(names) do
    x[i] = sl.image.load(folder .. "/" .. name, { size = o.size, channels = o.channels })
  end
  return sl.stack(x, 1), names, labels and sl.tensor(labels, { dtype = "int64" }), classes
end

return images
