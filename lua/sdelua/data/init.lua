-- Data sets and the loader that cuts them into batches.
local sl = require "sdelua"
local options = require "sdelua.options"
local system = require "sdelua.core".system

local data = {}

-- ---- Fashion-MNIST -----------------------------------------------------------------------------

local FASHION_MNIST = "/usr/share/datasets/fashion-mnist"

-- The IDX file of that name, gzipped or not; nil when neither exists.
local function find_idx(folder, name)
  for _, path in ipairs { folder .. "/" .. name .. ".gz", folder .. "/" .. name } do
    if system.kind(path) == "file" then return path end
  end
end

--- True for a folder with IDX files named as MNIST and Fashion-MNIST have them.
function data.is_mnist(folder) return find_idx(folder, "train-images-idx3-ubyte") ~= nil end

local function mnist_part(folder, prefix)
  local images = find_idx(folder, prefix .. "-images-idx3-ubyte")
  local labels = find_idx(folder, prefix .. "-labels-idx1-ubyte")
  if not images or not labels then
    error(("data.fashion_mnist: %s has no %s-images-idx3-ubyte.gz and %s-labels-idx1-ubyte.gz: install Debian's "
      .. "package dataset-fashion-mnist, or name a folder that has them with --data (path = in Lua)"):format(
      folder, prefix, prefix), 0)
  end
  local x, y = sl.io.idx(images), sl.io.idx(labels)
  if x:dim() ~= 3 or y:dim() ~= 1 or x:shape(1) ~= y:shape(1) then
    error(("data.fashion_mnist: %s and %s: expected images [n,H,W] and labels [n], got [%s] and [%s]"):format(
      images, labels, table.concat(x:shape(), ","), table.concat(y:shape(), ",")), 0)
  end
  return x:unsqueeze(4), y
end

--- uint8 images [60000,28,28,1] and their labels [60000] (split = "test": 10000). Options: path, a folder with the four
-- files as distributed (default: where Debian's package dataset-fashion-mnist puts them); split = "train" or "test".
function data.fashion_mnist(opts)
  local o = options.read("data.fashion_mnist", opts, { path = FASHION_MNIST, split = "train" })
  local prefix = ({ train = "train", test = "t10k" })[o.split]
  if not prefix then error('data.fashion_mnist: option split: expected "train" or "test", got ' .. o.split, 2) end
  return mnist_part(o.path, prefix)
end

-- ---- a folder of images ---------------------------------------------------------------------------

local function image_names(folder)
  local names = {}
  for _, name in ipairs(system.list_folder(folder)) do
    local extension = name:match "%.(%w+)$"
    if extension and ({ png = 1, jpg = 1, jpeg = 1, bmp = 1 })[extension:lower()] then names[#names + 1] = name end
  end
  table.sort(names)
  if #names == 0 then
    error(("data.image_folder: %s: expected PNG, JPEG or BMP files, got none"):format(folder), 3)
  end
  return names
end

--- uint8 [n,size,size,channels] and the list of names, sorted: the PNG, JPEG and BMP files of a folder, each cut to its
-- central square and resized. Options: size = 32, channels = 3 (or 1).
function data.image_folder(folder, opts)
  local o = options.read("data.image_folder", opts, { size = 32, channels = 3 })
  if type(folder) ~= "string" then
    error("data.image_folder: argument folder: expected a path, got " .. tostring(folder), 2)
  end
  local names, images = image_names(folder), {}
  for i, name in ipairs(names) do
    images[i] = sl.image.load(folder .. "/" .. name, { size = o.size, channels = o.channels })
  end
  return sl.stack(images, 1), names
end

data.loader = require "sdelua.data.loader"
for name, set in pairs(require "sdelua.data.points") do data[name] = set end

return data
