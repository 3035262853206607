-- data.from(path): what a path holds, told by its first bytes, its folder's files and last by its name.
local sl = require "sdelua"
local cifar = require "sdelua.data.cifar"
local csv = require "sdelua.data.csv"
local idx = require "sdelua.data.idx"
local images = require "sdelua.data.images"
local errors = require "sdelua.errors"
local options = require "sdelua.options"
local system = require "sdelua.core".system

local function fail(path, text, ...) errors.raise("data.from: %s: %s", path, text:format(...)) end

-- ---- archives of named arrays ------------------------------------------------------------------

local SAMPLES = { "samples", "images", "x_train", "train_images", "data", "x", "arr_0" }
local LABELS = { "labels", "y_train", "train_labels", "y", "targets", "arr_1" }

local function first_of(tensors, known)
  for _, name in ipairs(known) do
    if tensors[name] then return tensors[name], name end
  end
end

-- The array that is asked for, or the only one, or one whose name says that it holds samples; and labels beside it.
local function pick(path, tensors, o)
  local names = options.names(tensors)
  local x, name = first_of(tensors, o.name and { o.name } or #names == 1 and names or SAMPLES)
  if not x then
    fail(path, "expected an array named %s, got %s: say which with name =", o.name or table.concat(SAMPLES, ", "),
      #names > 0 and table.concat(names, ", ") or "none")
  end
  local y, labels = first_of(tensors, o.labels and { o.labels } or LABELS)
  if o.labels and not y then fail(path, "expected labels named %s, got %s", o.labels, table.concat(names, ", ")) end
  if labels == name or x:dim() == 0 or y and (y:dim() ~= 1 or y:shape(1) ~= x:shape(1)) then y = nil end
  return { samples = x, labels = y, name = name }
end

-- ---- the kinds ---------------------------------------------------------------------------------

local function mnist(path, o)
  local x, y = idx.fashion_mnist { path = path, split = o.split }
  return { samples = x, labels = y }
end

local function cifar10(path, o)
  local x, y, classes = cifar.load(path, { split = o.split })
  return { samples = x, labels = y, classes = classes }
end

local function pictures(path, o)
  local x, names, labels, classes, told = images.folder(path, { size = o.size, channels = o.channels })
  return { samples = x, names = names, labels = labels, classes = classes, told = told }
end

local function separated(separator)
  return function(path, o)
    local x, names, labels, classes = csv.load(path, { separator = separator, labels = o.labels, missing = o.missing })
    return { samples = x, names = names, labels = labels, classes = classes }
  end
end

local function picture(path, o)
  return { samples = sl.image.load(path, { channels = o.channels }):unsqueeze(1) }
end

local function idx_file(path)
  local x, y = idx.load(path)
  return { samples = x, labels = y }
end

local function is_idx(f)
  local kind, dims = f.head:byte(3, 4)
  return f.head:sub(1, 2) == "\0\0" and kind and kind >= 8 and kind <= 14 and dims >= 1 and dims <= 8
end

local function is_picture(f)
  return f.head:sub(1, 8) == "\x89PNG\r\n\x1a\n" or f.head:sub(1, 3) == "\xff\xd8\xff"
    or f.head:sub(1, 4) == "RIFF" and f.head:sub(9, 12) == "WEBP" or f.head:sub(1, 2) == "BM" and f.name:find "%.bmp$"
end

-- A length that the file has room for, and JSON.
local function is_safetensors(f)
  return #f.head > 8 and f.head:sub(9, 9) == "{" and math.ult(string.unpack("<I8", f.head), f.size)
end

local function is_cifar(f)
  return f.name:find "%.bin$" and cifar.is_batch(f.size, f.head:byte() or 255)
end

local function starts(magic)
  return function(f) return f.head:sub(1, #magic) == magic end
end

local function ends(pattern)
  return function(f) return f.name:find(pattern) ~= nil end
end

-- One a row, asked in this order: what it is called, whether a folder's path or a file's first bytes look like it, how
-- it is read, and whether a path has a split of it.
local FOLDERS = {
  { kind = "mnist", about = "IDX files named as MNIST's", is = idx.is_mnist, read = mnist, has = idx.is_mnist },
  { kind = "cifar10", about = "CIFAR-10, binary version", is = cifar.is_folder, read = cifar10, has = cifar.is_folder },
  { kind = "images", about = "a folder of pictures", is = images.is_folder, read = pictures },
}
local FILES = {
  { kind = "npy", about = "a NumPy array", is = starts "\x93NUMPY",
    read = function(path) return { samples = sl.npy.load(path) } end },
  { kind = "npz", about = "a NumPy archive", is = starts "PK",
    read = function(path, o) return pick(path, sl.npz.load(path), o) end },
  { kind = "image", about = "one picture", is = is_picture, read = picture },
  { kind = "safetensors", about = "safetensors", is = is_safetensors,
    read = function(path, o) return pick(path, (sl.load(path)), o) end },
  { kind = "idx", about = "IDX", is = is_idx, read = idx_file },
  { kind = "idx", about = "IDX, gzipped", is = starts "\x1f\x8b", read = idx_file },
  { kind = "cifar10", about = "CIFAR-10, binary version", is = is_cifar, read = cifar10 },
  { kind = "csv", about = "numbers separated by tabs", is = ends "%.tsv$", read = separated "\t" },
  { kind = "csv", about = "numbers separated by commas", is = ends "%.csv$", read = separated "," },
}

local function first_bytes(path)
  local file <close>, why = io.open(path, "rb")
  if not file then fail(path, "%s", why) end
  local head = file:read(16) or ""
  return { head = head, size = file:seek "end", name = path:lower() }
end

local function guess(path)
  local what = system.kind(path)
  if what ~= "folder" and what ~= "file" then
    fail(path, "expected a file or a folder, got %s", what and "a device or pipe" or "nothing there")
  end
  local shown = what == "folder" and path or first_bytes(path)
  for _, row in ipairs(what == "folder" and FOLDERS or FILES) do
    if row.is(shown) then return row end
  end
  if what == "folder" then
    fail(path, "expected IDX files named as MNIST's, CIFAR-10's data_batch_*.bin, or PNG, JPEG, BMP or WebP files, "
      .. "there or in folders of classes, got none of these")
  end
  fail(path, "expected npy, npz, safetensors, IDX, CIFAR-10's .bin, .csv, .tsv or a picture, got another kind of file")
end

-- ---- what it says ------------------------------------------------------------------------------

local function labelled(set)
  if set.classes then return (", labels of %d classes"):format(#set.classes) end
  if not set.labels then return "" end
  if set.labels:numel() == 0 then return ", labels" end
  local y = set.labels:to "float64"
  return (", labels %g to %g"):format(y:amin():item(), y:amax():item())
end

local function say(path, row, set)
  local x = set.samples
  return ("%s: %s%s: %s [%s]%s%s"):format(path, row.about, set.name and (' ("%s")'):format(set.name) or "", x.dtype,
    table.concat(x:shape(), ","), labelled(set), set.told and "; " .. set.told or "")
end

-- Grey images come without a last dimension of one from most programs.
local function with_channels(x)
  return x.dtype == "uint8" and x:dim() == 3 and x:unsqueeze(4) or x
end

local Set = { __name = "data set" }
Set.__index = Set
function Set:__tostring() return self.about end

local function read(path, row, o)
  local set = row.read(path, o)
  set.samples = with_channels(set.samples)
  set.kind, set.about = row.kind, say(path, row, set)
  return setmetatable(set, Set)
end

local known = {
  split = "train", size = 32, channels = 3, labels = options.NONE, name = options.NONE, missing = "error",
  quiet = false,
}

--- What path holds, as { samples, labels, classes, names, kind, about, test }: samples is a tensor [n, ...], uint8
-- [n,H,W,C] of images; labels [n], the classes' names and the names (of files or columns) are nil where there are none;
-- about says what was found, which is also written to stderr; test() gives the test split, where there is one.
-- A folder may hold the IDX files of (Fashion-)MNIST, CIFAR-10's binary version, or pictures, there or in a sub-folder
-- a class; a file may be npy, npz, safetensors, IDX (gzipped or not), a batch of CIFAR-10, CSV, or a picture.
-- Options: split = "train" or "test", where there are such; size = 32 and channels = 3, of a folder's pictures; name
-- and labels, of arrays in an archive (labels: also a column of CSV); missing = "error", of CSV; quiet = false.
return errors.named("data.from", function(path, opts)
  local o = options.read("data.from", opts, known)
  if type(path) ~= "string" then
    errors.raise("data.from: argument path: expected a path, got " .. options.show(path))
  elseif o.split ~= "train" and o.split ~= "test" then
    errors.raise('data.from: option split: expected "train" or "test", got %s', o.split)
  end
  local row = guess(path)
  local set = read(path, row, o)
  if row.has and o.split == "train" and row.has(path, "test") then
    function set.test() return read(path, row, { split = "test" }) end
  end
  if not o.quiet then io.stderr:write("sdelua: note: data.from: ", set.about, "\n") end
  return set
end)
