-- TensorBoard's event files: records of a length, a checksum of it, the data and a checksum of that, each datum a
-- protobuf message Event of TensorFlow's event.proto. Only scalars and PNG pictures are written.
local core = require "sdelua.core"
local errors = require "sdelua.errors"
local system = core.system

local Events = {}
Events.__index = Events

-- What a reader takes the file's version from; the first event holds it.
local VERSION = "brain.Event:2"

-- ---- checksums ----------------------------------------------------------------------------------------------

-- CRC32C (Castagnoli) of each byte, the polynomial 0x1EDC6F41 mirrored.
local CRC = {}
for byte = 0, 255 do
  local c = byte
  for _ = 1, 8 do c = c & 1 == 1 and c >> 1 ~ 0x82F63B78 or c >> 1 end
  CRC[byte] = c
end

--- CRC32C of a string.
function Events.crc(text)
  local c = 0xFFFFFFFF
  for i = 1, #text do c = CRC[(c ~ text:byte(i)) & 0xFF] ~ c >> 8 end
  return c ~ 0xFFFFFFFF
end

-- As records hold it: rotated and shifted, so that a checksum of data which hold checksums stays one.
local function masked(text)
  local c = Events.crc(text)
  return ((c >> 15 | c << 17) + 0xA282EAD8) & 0xFFFFFFFF
end

--- The bytes of one record.
function Events.record(data)
  local length = ("<I8"):pack(#data)
  return ("%s%s%s%s"):format(length, ("<I4"):pack(masked(length)), data, ("<I4"):pack(masked(data)))
end

-- ---- messages -----------------------------------------------------------------------------------------------

local function varint(n)
  local bytes = {}
  repeat
    local low = n & 0x7F
    n = n >> 7
    bytes[#bytes + 1] = string.char(n ~= 0 and low | 0x80 or low)
  until n == 0
  return table.concat(bytes)
end

local function whole(field, n) return varint(field << 3) .. varint(n) end
local function double(field, x) return varint(field << 3 | 1) .. ("<d"):pack(x) end
local function text(field, s) return varint(field << 3 | 2) .. varint(#s) .. s end
local function float(field, x) return varint(field << 3 | 5) .. ("<f"):pack(x) end

-- An Event: wall_time = 1, step = 2, and what is in `rest`: file_version = 3, summary = 5.
local function event(time, step, rest) return double(1, time) .. whole(2, step) .. rest end

-- A Value of a Summary: tag = 1, and simple_value = 2 or image = 4.
local function value(tag, rest) return text(1, text(1, tag) .. rest) end

local function scalars(record)
  local names, parts = {}, {}
  for name, x in pairs(record) do
    if name ~= "step" and type(x) == "number" then names[#names + 1] = name end
  end
  table.sort(names)
  for i, name in ipairs(names) do parts[i] = value(name, float(2, record[name])) end
  return table.concat(parts)
end

-- An Image: height = 1, width = 2, colorspace = 3 (channels), encoded_image_string = 4. A PNG's IHDR says them.
local CHANNELS = { [0] = 1, [2] = 3, [3] = 3, [4] = 2, [6] = 4 }

local function picture(png)
  if png:sub(1, 8) ~= "\137PNG\r\n\26\n" or png:sub(13, 16) ~= "IHDR" then
    errors.raise("events: argument png: expected the bytes of a PNG file")
  end
  local width, height, _, color = (">I4I4BB"):unpack(png, 17)
  return whole(1, height) .. whole(2, width) .. whole(3, CHANNELS[color]) .. text(4, png)
end

-- ---- reading what there is --------------------------------------------------------------------------------------

-- The number that a message begins with at `at`, and the place after it; nil at its end.
local function read_varint(data, at)
  local n, shift = 0, 0
  while true do
    local byte = data:byte(at)
    if not byte or shift > 63 then return nil end
    n, at, shift = n | (byte & 0x7F) << shift, at + 1, shift + 7
    if byte < 0x80 then return n, at end
  end
end

-- Step and time of an Event as this file writes it: the nine bytes of its time come first.
local function step_of(data)
  if data:byte(10) ~= 2 << 3 then return nil end
  return read_varint(data, 11), (("<d"):unpack(data, 2))
end

-- The data of the record at `at` and the place after it; nil where it is cut off or damaged.
local function read_record(bytes, at)
  if #bytes < at + 11 then return nil end
  local length, check = ("<I8I4"):unpack(bytes, at)
  if check ~= masked(bytes:sub(at, at + 7)) or length > #bytes - at - 15 or length < 0 then return nil end
  local data = bytes:sub(at + 12, at + 11 + length)
  if ("<I4"):unpack(bytes, at + 12 + length) ~= masked(data) then return nil end
  return data, at + 16 + length
end

-- Calls visit(step, time, record) for each event of a file; what follows a damaged record is left out with it.
local function each(path, visit)
  local file = io.open(path, "rb")
  if not file then return end
  local bytes, at = file:read "a", 1
  file:close()
  while true do
    local data, after = read_record(bytes, at)
    if not data then return end
    local step, time = step_of(data)
    if step then visit(step, time, bytes:sub(at, after - 1)) end
    at = after
  end
end

-- The records of steps 1..from.
local function kept(path, from)
  local parts = {}
  if from == 0 then return parts end
  each(path, function(step, _, record) if step <= from then parts[#parts + 1] = record end end)
  return parts
end

--- When each step was told of, in seconds since 1970: a list of { step =, time = } in order of the steps, the first
-- being step 0, the beginning; empty where there is no such file.
function Events.times(path)
  local list = {}
  each(path, function(step, time)
    if #list == 0 or step > list[#list].step then list[#list + 1] = { step = step, time = time } end
  end)
  return list
end

-- ---- the file ---------------------------------------------------------------------------------------------------

-- Seconds since 1970, with fractions, never going back.
local function wall_clock()
  local start = os.time() - system.clock()
  return function() return start + system.clock() end
end

--- Opens the file to write at its end. With from = s > 0 the events of steps 1..s are kept, else none. clock() says
-- seconds since 1970 (default: the machine's).
function Events.open(path, from, clock)
  local self = setmetatable({ path = path, clock = clock or wall_clock() }, Events)
  local parts = kept(path, from)
  if #parts == 0 then parts[1] = Events.record(event(self.clock(), 0, text(3, VERSION))) end
  core.io.write(path, table.concat(parts))
  self.file = assert(io.open(path, "ab"))
  return self
end

local function append(self, step, summary)
  assert(self.file:write(Events.record(event(self.clock(), step, text(5, summary)))))
  assert(self.file:flush())
end

--- Appends the numbers of a table as scalars of its field step.
function Events:log(record) append(self, record.step, scalars(record)) end

--- Appends a picture, the bytes of a PNG file.
function Events:image(step, tag, png) append(self, step, value(tag, text(4, picture(png)))) end

--- Ends the file.
--- No more is written; what was written is in the file already.
function Events:close() self.file:close() end

Events.__close = Events.close

return Events
