-- The folder of a run: config.json (what it began with), metrics.jsonl and the same for TensorBoard, samples.png, the
-- samples over time in samples/step_*.png, checkpoint.safetensors, and in the end result.json.
local errors = require "sdelua.errors"
local Events = require "sdelua.train.events"
local json = require "sdelua.json"
local core = require "sdelua.core"
local system, write = core.system, core.io.write

local Run = {}
Run.__index = Run

local EVENTS = "/events.out.tfevents.sdelua"
local STEP_PICTURE = "^step_(%d+)%.png$"

--- Opens the folder, made if need be. With from = s > 0 what was written of steps 1..s is kept, else none.
function Run.open(folder, from)
  system.make_folder(folder)
  local run = setmetatable({
    folder = folder, samples = folder .. "/samples.png", metrics = folder .. "/metrics.jsonl",
    checkpoint = folder .. "/checkpoint.safetensors", config = folder .. "/config.json",
    result = folder .. "/result.json", pictures = folder .. "/samples",
  }, Run)
  run:cut(from)
  run.log_file = assert(io.open(run.metrics, "a"))
  run.log_file:setvbuf "line"
  run.events = Events.open(folder .. EVENTS, from)
  return run
end

-- ---- reading -------------------------------------------------------------------------------------------------

-- The lines of metrics.jsonl of steps up to `last`, and what they say; one that was cut off goes.
local function read_metrics(path, last)
  local lines, records, file = {}, {}, io.open(path)
  if not file then return lines, records end
  for line in file:lines() do
    local ok, record = pcall(json.decode, line)
    if ok and type(record) == "table" and math.type(record.step) == "integer" and record.step <= last then
      lines[#lines + 1], records[#records + 1] = line .. "\n", record
    end
  end
  file:close()
  return lines, records
end

--- The samples over time: a list of { step =, path = }, by step.
function Run.list_pictures(folder)
  local list = {}
  folder = folder .. "/samples"
  if system.kind(folder) ~= "folder" then return list end
  for _, name in ipairs(system.list_folder(folder)) do
    local step = math.tointeger(tonumber(name:match(STEP_PICTURE)))
    if step then list[#list + 1] = { step = step, path = folder .. "/" .. name } end
  end
  table.sort(list, function(a, b) return a.step < b.step end)
  return list
end

-- What a file holds in JSON; nil where there is none.
local function read_json(path)
  local file = io.open(path)
  if not file then return nil end
  local text = file:read "a"
  file:close()
  local ok, value = pcall(json.decode, text)
  if not ok then errors.raise("run: %s: %s", path, errors.bare(value)) end
  return value
end

--- What a run's folder says: { folder, config, result (nil where there is none), metrics = list of records, pictures =
-- list of { step =, path = }, samples = path or nil, times = list of { step =, time = } (see
-- sdelua/train/events.lua) }.
function Run.read(folder)
  local _, records = read_metrics(folder .. "/metrics.jsonl", math.maxinteger)
  local pictures, samples = Run.list_pictures(folder), folder .. "/samples.png"
  local config = read_json(folder .. "/config.json")
  if #records == 0 and not config then
    errors.raise("run: argument folder: expected a folder with metrics.jsonl or config.json, got %s", folder)
  end
  return {
    folder = folder, config = config, result = read_json(folder .. "/result.json"), metrics = records,
    pictures = pictures, samples = system.kind(samples) == "file" and samples or nil,
    times = Events.times(folder .. EVENTS),
  }
end

-- ---- writing -------------------------------------------------------------------------------------------------

--- Cuts metrics.jsonl and samples/ back to steps 1..from.
function Run:cut(from)
  write(self.metrics, table.concat(from > 0 and read_metrics(self.metrics, from) or {}))
  for _, picture in ipairs(Run.list_pictures(self.folder)) do
    if picture.step > from then assert(os.remove(picture.path)) end
  end
  os.remove(self.result)
  if from == 0 then os.remove(self.config) end
end

-- A table with a line for each of its keys.
local function lines_of(t)
  local keys, lines = {}, {}
  for key in pairs(t) do keys[#keys + 1] = key end
  table.sort(keys)
  for i, key in ipairs(keys) do lines[i] = ("  %s: %s"):format(json.encode(key), json.encode(t[key])) end
  return ("{\n%s\n}\n"):format(table.concat(lines, ",\n"))
end

--- Writes config.json, a table that JSON can hold; what is there already stays, for a run goes on as it began.
function Run:describe(config)
  if system.kind(self.config) ~= "file" then write(self.config, lines_of(config)) end
end

--- Writes result.json: what was measured in the end. Numbers that JSON has no word for are texts there.
function Run:conclude(result)
  local told = {}
  for key, value in pairs(result) do
    local odd = math.type(value) == "float" and (value ~= value or math.abs(value) == math.huge)
    told[key] = odd and tostring(value) or value
  end
  write(self.result, lines_of(told))
end

--- Appends a line, and a scalar for each of its numbers to the events: a table with the field step.
function Run:log(record)
  assert(self.log_file:write(json.encode(record), "\n"))
  self.events:log(record)
end

local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

--- Keeps a picture as the newest samples: samples.png, and samples/step_<step>.png unless it is the final one.
function Run:picture(step, x, final)
  require "sdelua".image.save(self.samples, x)
  local png = read(self.samples)
  if not final then
    system.make_folder(self.pictures)
    write(("%s/step_%06d.png"):format(self.pictures, step), png)
  end
  self.events:image(step, final and "samples/final" or "samples", png)
end

--- Ends the log and the event file.
--- Closes the files; all of it is written already.
function Run:close()
  self.log_file:close()
  self.events:close()
end

Run.__close = Run.close

return Run
