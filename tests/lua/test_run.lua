-- A run's folder, and TensorBoard's record format, read here by the rules of the format alone.
local check = require "check"
local files = require "files"
local process = require "process"
local sl = require "sdelua"
local system = require "sdelua.core".system

local Events, Run = require "sdelua.train.events", sl.train.Run

local with_folder, bytes = files.with_folder, files.read

-- ---- the format ----------------------------------------------------------------------------------------

-- CRC32C bit by bit, most significant bit first: the polynomial as it is published, the bits of bytes mirrored.
local function crc32c(text)
  local function mirrored(x, bits)
    local y = 0
    for i = 0, bits - 1 do y = y | (x >> i & 1) << bits - 1 - i end
    return y
  end
  local c = 0xFFFFFFFF
  for i = 1, #text do
    c = c ~ mirrored(text:byte(i), 8) << 24
    for _ = 1, 8 do c = (c << 1 ~ (c >> 31 & 1) * 0x1EDC6F41) & 0xFFFFFFFF end
  end
  return mirrored(c ~ 0xFFFFFFFF, 32)
end

local function unmasked(c)
  local rotated = (c - 0xA282EAD8) & 0xFFFFFFFF
  return (rotated >> 17 | rotated << 15) & 0xFFFFFFFF
end

-- A protobuf message as { field = list of values }: integers, the bytes of what has a length, and of fixed sizes.
local function message(data)
  local fields, at = {}, 1
  local function varint()
    local n, shift, byte = 0, 0
    repeat
      byte = data:byte(at)
      n, shift, at = n | (byte & 127) << shift, shift + 7, at + 1
    until byte < 128
    return n
  end
  local function fixed(n)
    at = at + n
    return data:sub(at - n, at - 1)
  end
  local readers = { [0] = varint, function() return fixed(8) end, function() return fixed(varint()) end,
    [5] = function() return fixed(4) end }
  while at <= #data do
    local key = varint()
    local list = fields[key >> 3] or {}
    list[#list + 1], fields[key >> 3] = readers[key & 7](), list
  end
  return fields
end

-- The events of a file: { time, step, version, values = { tag = number, or table of a picture } }.
local function events(path)
  local text, list, at = bytes(path), {}, 1
  while at <= #text do
    local length, check_length = ("<I8I4"):unpack(text, at)
    check.eq(unmasked(check_length), crc32c(text:sub(at, at + 7)), "checksum of the length")
    local data = text:sub(at + 12, at + 11 + length)
    check.eq(unmasked(("<I4"):unpack(text, at + 12 + length)), crc32c(data), "checksum of the data")
    local m, e = message(data), { values = {} }
    e.time, e.step, e.version = ("<d"):unpack(m[1][1]), m[2][1], m[3] and m[3][1]
    for _, v in ipairs(m[5] and message(m[5][1])[1] or {}) do
      local value = message(v)
      local image = value[4] and message(value[4][1])
      e.values[value[1][1]] = image and { image[1][1], image[2][1], image[3][1], image[4][1] }
        or ("<f"):unpack(value[2][1])
    end
    list[#list + 1], at = e, at + 16 + length
  end
  return list
end

check.test("CRC32C has the published check values", function()
  check.eq(Events.crc "123456789", 0xE3069283)
  check.eq(crc32c "123456789", 0xE3069283)
  check.eq(Events.crc(("\0"):rep(32)), 0x8A9136AA) -- RFC 3720, B.4
  check.eq(Events.crc(("\xFF"):rep(32)), 0x62A8AB43)
  check.eq(Events.crc "", 0)
end)

check.test("events: version, scalars and pictures, as any reader of the format sees them", function()
  with_folder(function(folder)
    local path, now = folder .. "/events.out.tfevents.x", 1700000000.25
    local e = Events.open(path, 0, function() return now end)
    e:log { step = 1, loss = 0.5, grad_norm = 3, note = "no number" }
    e:log { step = 300, loss = -2.25 }
    sl.image.save(folder .. "/p.png", sl.zeros { 3, 5, 1 })
    e:image(1 << 40, "samples", bytes(folder .. "/p.png"))
    sl.image.save(folder .. "/p.png", sl.zeros { 4, 2, 3 })
    e:image(301, "colour", bytes(folder .. "/p.png"))
    check.raises(function() e:image(301, "colour", "GIF89a") end, "events: argument png: expected the bytes of a PNG")
    local list = events(path) -- without closing it: each is written when it comes
    e:close()
    check.eq({ #list, list[1].version, list[1].step, list[1].time }, { 5, "brain.Event:2", 0, now })
    check.eq({ list[2].step, list[2].values }, { 1, { loss = 0.5, grad_norm = 3.0 } })
    check.eq({ list[3].step, list[3].values }, { 300, { loss = -2.25 } })
    local grey, colour = list[4].values.samples, list[5].values.colour
    check.eq({ list[4].step, grey[1], grey[2], grey[3] }, { 1 << 40, 3, 5, 1 })
    check.eq({ colour[1], colour[2], colour[3], colour[4] }, { 4, 2, 3, bytes(folder .. "/p.png") })
  end)
end)

-- Google's own parser of protobuf messages, which knows nothing of what wrote them.
local function decoded(folder, data)
  local file <close> = assert(io.open(folder .. "/data", "wb"))
  file:write(data)
  file:close()
  local code, text = process.run("", "sh", "-c", 'protoc --decode_raw <"$1"', "sh", folder .. "/data")
  check.eq(code, 0, text)
  return (text:gsub("%s+", " "))
end

if process.run("", "which", "protoc") ~= 0 then
  print "test_run: the test with protoc is skipped: no protobuf-compiler is installed"
else
  check.test("events: protoc reads the messages", function()
    with_folder(function(folder)
      local e <close> = Events.open(folder .. "/e", 0, function() return 1.5 end)
      e:log { step = 300, loss = 0.5, grad_norm = 3 }
      local text = bytes(folder .. "/e")
      local first = ("<I8"):unpack(text)
      check.eq(decoded(folder, text:sub(13, 12 + first)), '1: 0x3ff8000000000000 2: 0 3: "brain.Event:2" ')
      check.eq(decoded(folder, text:sub(first + 29, -5)), '1: 0x3ff8000000000000 2: 300 5 { '
        .. '1 { 1: "grad_norm" 2: 0x40400000 } 1 { 1: "loss" 2: 0x3f000000 } } ')
    end)
  end)
end

check.test("events are cut back to the checkpoint's step; what follows a damaged record goes", function()
  with_folder(function(folder)
    local path = folder .. "/events.out.tfevents.x"
    local function steps()
      local list = {}
      for i, e in ipairs(events(path)) do list[i] = e.step end
      return list
    end
    local function open(from) Events.open(path, from):close() end
    local function write(from, to)
      local e <close> = Events.open(path, from)
      for step = from + 1, to do e:log { step = step, loss = step / 4 } end
    end
    write(0, 5)
    write(3, 4)
    check.eq(steps(), { 0, 1, 2, 3, 4 })
    local whole = bytes(path)
    local function damage(text)
      local file <close> = assert(io.open(path, "wb"))
      file:write(text)
    end
    for _, cut in ipairs { 1, 5, 20, 33 } do
      damage(whole:sub(1, -1 - cut))
      open(9)
      check.eq(steps(), { 0, 1, 2, 3 }, "cut by " .. cut)
    end
    damage(whole:sub(1, -9) .. "x" .. whole:sub(-7))
    open(9)
    check.eq(steps(), { 0, 1, 2, 3 }, "a byte changed")
    open(0)
    check.eq(steps(), { 0 })
    damage "no events"
    open(9)
    check.eq(steps(), { 0 })
  end)
end)

-- ---- the folder -------------------------------------------------------------------------------------------------

local function names_in(folder)
  local names = system.list_folder(folder)
  table.sort(names)
  return names
end

check.test("a run: configuration, metrics, events, pictures over time, a result", function()
  with_folder(function(folder)
    local run = Run.open(folder .. "/a", 0)
    run:describe { network = { kind = "MLP", options = { width = 8 } }, seed = 3 }
    run:describe { seed = 4 }
    for step = 1, 4 do run:log { step = step, loss = step / 4 } end
    for step = 2, 4, 2 do run:picture(step, sl.full({ 4, 4, 1 }, step / 4)) end
    run:picture(4, sl.zeros { 6, 6, 1 }, true)
    run:conclude { step = 4, heldout = 0 / 0, of = "dsm" }
    run:close()
    check.eq(names_in(folder .. "/a"), { "config.json", "events.out.tfevents.sdelua", "metrics.jsonl", "result.json",
      "samples", "samples.png" })
    check.eq(bytes(run.config), '{\n  "network": {"kind":"MLP","options":{"width":8}},\n  "seed": 3\n}\n')
    local told = Run.read(folder .. "/a")
    check.eq({ told.config.seed, told.metrics[3], #told.metrics }, { 3, { step = 3, loss = 0.75 }, 4 })
    check.ok(told.result.heldout:find "nan" and told.result.of == "dsm")
    check.eq(told.pictures, { { step = 2, path = folder .. "/a/samples/step_000002.png" },
      { step = 4, path = folder .. "/a/samples/step_000004.png" } })
    check.eq(sl.image.load(told.pictures[1].path):totable()[1][1][1], 191)
    check.eq(sl.image.load(told.samples):shape(), { 6, 6, 1 })
    local list = events(folder .. "/a/events.out.tfevents.sdelua")
    check.eq({ #list, list[6].values["samples"][4] }, { 8, bytes(told.pictures[1].path) })
    check.eq(list[8].values["samples/final"][4], bytes(told.samples))
  end)
end)

check.test("a run that goes on keeps what is up to its checkpoint, and its configuration", function()
  with_folder(function(folder)
    local run = Run.open(folder, 0)
    run:describe { seed = 3 }
    for step = 1, 4 do
      run:log { step = step, loss = 1 }
      run:picture(step, sl.zeros { 2, 2, 1 })
    end
    run:conclude { step = 4 }
    run:close()
    local other = assert(io.open(folder .. "/samples/00004.png", "w")) -- of scripts/sample.lua
    other:close()
    run = Run.open(folder, 3)
    run:describe { seed = 4 }
    run:close()
    local told = Run.read(folder)
    check.eq({ #told.metrics, #told.pictures, told.config.seed, told.result == nil }, { 3, 3, 3, true })
    check.eq(#events(folder .. "/events.out.tfevents.sdelua"), 7)
    check.eq(system.kind(folder .. "/samples/00004.png"), "file")
    run = Run.open(folder, 0)
    run:close()
    check.raises(function() Run.read(folder) end, "run: argument folder: expected a folder with metrics.jsonl")
    check.eq(#Run.list_pictures(folder), 0)
    local file = assert(io.open(folder .. "/config.json", "w"))
    file:write "{"
    file:close()
    check.raises(function() Run.read(folder) end, "config.json: json.decode: byte 2")
  end)
end)
