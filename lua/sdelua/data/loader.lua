-- Batches for training, in a seeded order. The state is one number, `seen`: the samples handed out so far. Position p
-- of the endless order is slot p % n of epoch p // n, so batches run across the end of an epoch and no sample is left
-- out.
local sl = require "sdelua"
local core = require "sdelua.core".data
local draws = require "sdelua.data.draws"
local errors = require "sdelua.errors"
local options = require "sdelua.options"

local Loader = {}
Loader.__index = Loader

-- int64 [count]: which samples lie at positions first, first+1, ...
local function indices(self, first, count)
  local parts = {}
  while count > 0 do
    local epoch, slot = first // self.n, first % self.n
    if self.shuffle and self.epoch ~= epoch then -- in place: a handle made here could end with the caller's scope
      self.order:copy_(core.permutation(self.n, self.seed, epoch))
      self.epoch = epoch
    end
    local length = math.min(count, self.n - slot)
    parts[#parts + 1] = self.order:narrow(1, slot + 1, length):clone() -- the next epoch overwrites the order
    first, count = first + length, count - length
  end
  return #parts == 1 and parts[1] or sl.cat(parts, 1)
end

-- uint8 images to float32 in [-1,1]; to dequantize them, u is drawn anew at every visit.
local function to_float(self, x, first)
  if x.dtype ~= "uint8" then return x end
  if not self.dequantize then return sl.image.to_float(x) end
  return sl.image.to_float(x, core.random("uniform", x:shape(), self.seed, first, draws.LOADER_DEQUANTIZE))
end

-- Mirrors each image left to right with probability 1/2.
local function flip(self, x, first)
  local coin = core.random("uniform", { x:shape(1), 1, 1, 1 }, self.seed, first, draws.FLIP)
  return sl.where(coin:lt(0.5), x:flip { 3 }, x)
end

--- The next batch: float32 [batch, ...] and, if the loader has labels, those.
function Loader:__call()
  local first = self.seen
  local index = indices(self, first, self.batch)
  local x = to_float(self, self.samples:index_select(index, 1), first)
  if self.flip then x = flip(self, x, first) end
  self.seen = first + self.batch
  return x, self.labels and self.labels:index_select(index, 1)
end

--- Goes on after the first `seen` samples of the endless order.
function Loader:seek(seen)
  if math.type(seen) ~= "integer" or seen < 0 then
    errors.raise("loader:seek: argument seen: expected a count, got %s", tostring(seen))
  end
  self.seen = seen
end

function Loader:__tostring()
  return ("loader of %d samples, batch %d, seed %d, seen %d"):format(self.n, self.batch, self.seed, self.seen)
end

local defaults = { batch = 64, seed = 0, shuffle = true, flip = false, dequantize = false, labels = options.NONE }

--- loader(samples [n, ...], { batch = 64, seed = 0, shuffle = true, flip = false, dequantize = false, labels = nil }).
-- samples are uint8 images [n,H,W,C], which come out in [-1,1], or floats, which come out as they are. What a batch
-- holds depends on the seed and on the positions of its samples, not on how the positions were cut into batches.
return function(samples, opts)
  local who = "data.loader"
  local o = options.read(who, opts, defaults)
  local function refuse(argument, expected, got)
    errors.raise("%s: argument %s: expected %s, got %s", who, argument, expected, tostring(got))
  end
  if not sl.is_tensor(samples) then refuse("samples", "a tensor", samples) end
  local n = samples:dim() > 0 and samples:shape(1) or 0
  if n == 0 then refuse("samples", "a tensor [n, ...] with n >= 1", samples) end
  if math.type(o.batch) ~= "integer" or o.batch < 1 then refuse("batch", "a count >= 1", o.batch) end
  if o.flip and samples:dim() ~= 4 then refuse("flip", "images [n,H,W,C] to mirror", samples) end
  if o.dequantize and samples.dtype ~= "uint8" then refuse("dequantize", "uint8 samples", samples.dtype) end
  if o.labels and (not sl.is_tensor(o.labels) or o.labels:shape(1) ~= n) then
    refuse("labels", ("a tensor [%d, ...]"):format(n), o.labels)
  end
  o.samples, o.n, o.seen, o.order = samples, n, 0, sl.arange(1, n + 1, 1, { dtype = "int64" })
  return setmetatable(o, Loader)
end
