-- Images and labels in IDX files, as MNIST and Fashion-MNIST are distributed.
local sl = require "sdelua"
local errors = require "sdelua.errors"
local options = require "sdelua.options"
local system = require "sdelua.core".system

local idx = {}

idx.FASHION_MNIST = "/usr/share/datasets/fashion-mnist"
local PREFIX = { train = "train", test = "t10k" }

-- The IDX file of that name, gzipped or not; nil when neither exists.
local function find(folder, name)
  for _, path in ipairs { folder .. "/" .. name .. ".gz", folder .. "/" .. name } do
    if system.kind(path) == "file" then return path end
  end
end

--- True for a folder with IDX files named as MNIST and Fashion-MNIST have them; split = "train" or "test".
function idx.is_mnist(folder, split)
  return find(folder, PREFIX[split or "train"] .. "-images-idx3-ubyte") ~= nil
end

-- Images [n,H,W,1] and labels [n] of two files.
local function read_pair(who, images, labels)
  local x, y = sl.io.idx(images), sl.io.idx(labels)
  if x:dim() ~= 3 or y:dim() ~= 1 or x:shape(1) ~= y:shape(1) then
    errors.raise("%s: %s and %s: expected images [n,H,W] and labels [n], got [%s] and [%s]", who, images, labels,
      table.concat(x:shape(), ","), table.concat(y:shape(), ","))
  end
  return x:unsqueeze(4), y
end

--- uint8 images [60000,28,28,1] and their labels [60000] (split = "test": 10000). Options: path, a folder with the four
-- files as distributed (default: where Debian's package dataset-fashion-mnist puts them); split = "train" or "test".
function idx.fashion_mnist(opts)
  local who = "data.fashion_mnist"
  local o = options.read(who, opts, { path = idx.FASHION_MNIST, split = "train" })
  local prefix = PREFIX[o.split]
  if not prefix then errors.raise('%s: option split: expected "train" or "test", got %s', who, o.split) end
  local images = find(o.path, prefix .. "-images-idx3-ubyte")
  local labels = find(o.path, prefix .. "-labels-idx1-ubyte")
  if images and labels then return read_pair(who, images, labels) end
  local missing = ("%s has no %s-images-idx3-ubyte.gz and %s-labels-idx1-ubyte.gz"):format(o.path, prefix, prefix)
  if not system.kind(o.path) then missing = "there is no folder " .. o.path end
  errors.raise("%s: %s: install Debian's package dataset-fashion-mnist, or name a folder that has them with --data "
    .. "(path = in Lua)", who, missing)
end

-- The file of labels beside one of images that is named as MNIST's are; nil when there is none.
local function beside(path)
  local folder, name = path:match "^(.*/)([^/]*)$"
  local stem = (name or path):match "^(.*)%-images%-idx3%-ubyte"
  return stem and find(folder and folder:sub(1, -2) or ".", stem .. "-labels-idx1-ubyte")
end

--- What an IDX file holds (plain or gzipped); images [n,H,W] become [n,H,W,1]. Option labels, the file of their labels
-- [n], which come second (default: NAME-labels-idx1-ubyte beside NAME-images-idx3-ubyte, where it is).
function idx.load(path, opts)
  local o = options.read("data.idx", opts, { labels = options.NONE })
  if type(path) ~= "string" then
    errors.raise("data.idx: argument path: expected a path, got " .. options.show(path))
  end
  local labels = o.labels or beside(path)
  if labels then return read_pair("data.idx", path, labels) end
  local x = sl.io.idx(path)
  return x:dim() == 3 and x:unsqueeze(4) or x
end

errors.named("data.idx", idx.load)
errors.named("data.fashion_mnist", idx.fashion_mnist)

return idx
