-- CIFAR-10, binary version: records of one byte of label and 3 * 1024 bytes of pixels, the red plane first, then green
-- and blue, each 32 rows of 32 (Krizhevsky 2009; the layout is on the data set's page). Nothing else is in the files.
local sl = require "sdelua"
local errors = require "sdelua.errors"
local options = require "sdelua.options"
local system = require "sdelua.core".system

local cifar = {}

local SIDE, RECORD, CLASSES = 32, 1 + 3 * 32 * 32, 10
local BELOW = "cifar-10-batches-bin" -- as the archive unpacks

local function is_file(path) return system.kind(path) == "file" end

-- The folder with the batches: this one, or the one the archive made in it.
local function home(path)
  for _, folder in ipairs { path, path .. "/" .. BELOW } do
    if is_file(folder .. "/data_batch_1.bin") or is_file(folder .. "/test_batch.bin") then return folder end
  end
end

-- The files of a split, in order.
local function batches(folder, split)
  local files = {}
  for i = 1, 5 do
    local path = ("%s/data_batch_%d.bin"):format(folder, i)
    if split == "train" and is_file(path) then files[#files + 1] = path end
  end
  local test = folder .. "/test_batch.bin"
  if split == "test" and is_file(test) then files[1] = test end
  return files
end

--- True for a folder with batches of CIFAR-10's binary version, of a split where one is given.
function cifar.is_folder(path, split)
  local folder = home(path)
  return folder ~= nil and (not split or #batches(folder, split) > 0)
end

--- True for so many bytes, the first of which is a label, as a batch has them.
function cifar.is_batch(size, first) return size > 0 and size % RECORD == 0 and first < CLASSES end

-- uint8 [n,32,32,3] and [n] of one file.
local function read_batch(path)
  local bytes = sl.io.bytes(path)
  local size = bytes:numel()
  if size == 0 or size % RECORD ~= 0 then
    errors.raise("data.cifar10: %s: expected records of %d bytes, got %d bytes", path, RECORD, size)
  end
  local records = bytes:reshape { size // RECORD, RECORD }
  local labels = records:narrow(2, 1, 1):reshape { size // RECORD }
  local most = labels:to("int64"):amax():item()
  if most >= CLASSES then errors.raise("data.cifar10: %s: expected labels 0 to 9, got %d", path, most) end
  local planes = records:narrow(2, 2, RECORD - 1):reshape { size // RECORD, 3, SIDE, SIDE }
  return planes:permute({ 1, 3, 4, 2 }):contiguous(), labels:contiguous()
end

-- The classes' names, a line each; nil where the file is missing.
local function class_names(folder)
  local file <close> = io.open(folder .. "/batches.meta.txt", "r")
  local names = {}
  for line in (file and file:lines() or function() end) do
    if line:find "%S" then names[#names + 1] = line:match "^%s*(.-)%s*$" end
  end
  return #names > 0 and names or nil
end

--- uint8 images [50000,32,32,3], their labels [50000] and the classes' names (split = "test": 10000) of the binary
-- version of CIFAR-10. path is a folder with data_batch_1.bin … data_batch_5.bin and test_batch.bin, of which those
-- that are there are read, or the folder above it, or one such file. Option split = "train" or "test".
function cifar.load(path, opts)
  local o = options.read("data.cifar10", opts, { split = "train" })
  if type(path) ~= "string" then
    errors.raise("data.cifar10: argument path: expected a path, got " .. options.show(path))
  end
  if o.split ~= "train" and o.split ~= "test" then
    errors.raise('data.cifar10: option split: expected "train" or "test", got %s', o.split)
  end
  if is_file(path) then return read_batch(path) end
  local folder = home(path)
  local files, x, y = folder and batches(folder, o.split) or {}, {}, {}
  if #files == 0 then
    errors.raise("data.cifar10: %s: expected %s of CIFAR-10's binary version, got none", path,
      o.split == "train" and "data_batch_1.bin … data_batch_5.bin" or "test_batch.bin")
  end
  for i, file in ipairs(files) do x[i], y[i] = read_batch(file) end
  return sl.cat(x, 1), sl.cat(y, 1), class_names(folder)
end

errors.named("data.cifar10", cifar.load)

return cifar
