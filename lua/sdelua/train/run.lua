-- The folder of a run: samples.png, metrics.jsonl, checkpoint.safetensors.
local json = require "sdelua.json"
local system = require "sdelua.core".system

local Run = {}
Run.__index = Run

--- Opens the folder, made if need be. With from = s > 0 the metrics of steps 1..s are kept, else none.
function Run.open(folder, from)
  system.make_folder(folder)
  local run = setmetatable({
    folder = folder, samples = folder .. "/samples.png", metrics = folder .. "/metrics.jsonl",
    checkpoint = folder .. "/checkpoint.safetensors",
  }, Run)
  run:cut(from)
  run.log_file = assert(io.open(run.metrics, "a"))
  run.log_file:setvbuf "line"
  return run
end

-- Lines of later steps, and a last line that was cut off, go.
local function kept_lines(path, from)
  local lines, file = {}, from > 0 and io.open(path)
  if not file then return lines end
  for line in file:lines() do
    local ok, record = pcall(json.decode, line)
    if ok and type(record) == "table" and math.type(record.step) == "integer" and record.step <= from then
      lines[#lines + 1] = line .. "\n"
    end
  end
  file:close()
  return lines
end

--- Cuts metrics.jsonl back to steps 1..from.
function Run:cut(from)
  local text, new = table.concat(kept_lines(self.metrics, from)), self.metrics .. ".new"
  local file = assert(io.open(new, "w"))
  assert(file:write(text))
  assert(file:close())
  assert(os.rename(new, self.metrics))
end

--- Appends a line: a table with the field step.
function Run:log(record) assert(self.log_file:write(json.encode(record), "\n")) end

function Run:close() self.log_file:close() end

Run.__close = Run.close

return Run
