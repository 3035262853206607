-- What the measuring scripts share: timing, running other processes, tables, docs/benchmarks.md.
local sl = require "sdelua"
local system = require("sdelua.core").system

local measure = {}

-- ---- time ----------------------------------------------------------------------------------------

local LEAST = 0.02 -- seconds: shorter calls are repeated until one measurement takes as long

--- Seconds of one call of fn: the least of `count` measurements, and their median. Each calls fn `repeats` times
-- (default: as often as LEAST needs). Two calls go before.
function measure.seconds(fn, count, repeats)
  fn()
  local start = system.clock()
  fn()
  repeats = repeats or math.max(1, math.ceil(LEAST / (system.clock() - start)))
  local times = {}
  for i = 1, count do
    start = system.clock()
    for _ = 1, repeats do fn() end
    times[i] = (system.clock() - start) / repeats
  end
  return math.min(table.unpack(times)), measure.median(times)
end

--- The middle value, or the mean of the two in the middle.
function measure.median(values)
  local sorted = table.move(values, 1, #values, 1, {})
  table.sort(sorted)
  local n = #sorted
  return (sorted[(n + 1) // 2] + sorted[n // 2 + 1]) / 2
end

function measure.geometric_mean(values)
  local sum = 0
  for _, x in ipairs(values) do sum = sum + math.log(x) end
  return math.exp(sum / #values)
end

--- The most memory this process has held, in MB as PyTorch's side counts them (2^20 bytes).
function measure.peak_mb()
  for line in io.lines "/proc/self/status" do
    local kb = line:match "^VmHWM:%s*(%d+)"
    if kb then return kb / 1024 end
  end
end

-- ---- processes -----------------------------------------------------------------------------------

--- Words as one command of the shell.
function measure.command(words)
  local quoted = {}
  for i, word in ipairs(words) do
    word = tostring(word)
    quoted[i] = word:find "^[%w_./,:=-]+$" and word or "'" .. word:gsub("'", "'\\''") .. "'"
  end
  return table.concat(quoted, " ")
end

--- What the command printed. Its errors pass through; a failure raises.
function measure.output(words)
  local command = measure.command(words)
  local pipe = assert(io.popen("exec " .. command, "r"))
  local text = pipe:read "a"
  if not pipe:close() then error("this failed: " .. command .. "\n" .. text, 0) end
  return text
end

--- The JSON in the last line that the command printed.
function measure.run(words)
  local text = measure.output(words)
  local ok, record = pcall(sl.json.decode, text:match "([^\n]*)\n*$")
  if not ok then error(("expected a line of JSON from: %s\ngot: %s"):format(measure.command(words), text), 0) end
  return record
end

--- The script beside this one, with the program that runs us.
function measure.script(name) return { arg[-1], measure.folder .. "/" .. name } end
measure.folder = arg[0]:match "^(.*)/[^/]*$" or "."

-- ---- the machine ---------------------------------------------------------------------------------

local function processor()
  for line in io.lines "/proc/cpuinfo" do
    local name = line:match "^model name%s*:%s*(.-)%s*$"
    if name then return name end
  end
  return "unknown processor"
end

-- The first line that a command prints; nil when it fails.
local function first_line(words)
  local ok, text = pcall(measure.output, words)
  return ok and text:match "^[^\n]+" or nil
end

--- Processor, instruction set, date and versions, for the foot of a table; `more` are further words.
function measure.circumstances(more)
  local commit = first_line { "git", "-C", measure.folder, "describe", "--always", "--dirty" }
  local facts = {
    ("%s, %s cores, %s"):format(processor(), first_line { "nproc" }, sl.isa()),
    ("sdelua %s (%s)"):format(commit or "without git", system.compiler),
  }
  for _, fact in ipairs(more) do facts[#facts + 1] = fact end
  facts[#facts + 1] = os.date "%Y-%m-%d"
  return table.concat(facts, "; ") .. "."
end

-- ---- tables ---------------------------------------------------------------------------------------

--- A Markdown table; all columns but the first are set to the right.
function measure.table(head, rows)
  local lines = { "| " .. table.concat(head, " | ") .. " |", "|---" .. ("|--:"):rep(#head - 1) .. "|" }
  for _, row in ipairs(rows) do lines[#lines + 1] = "| " .. table.concat(row, " | ") .. " |" end
  return table.concat(lines, "\n")
end

--- Four significant digits, never as 1e+03.
function measure.digits(x) return x >= 1000 and ("%.0f"):format(x) or ("%.4g"):format(x) end

--- Puts `text` between the lines <!-- name --> and <!-- /name --> of a Markdown file.
function measure.write(path, name, text)
  local file, why = io.open(path)
  if not file then error("--write: " .. why, 0) end
  local old = file:read "a"
  file:close()
  local head, tail = ("<!-- %s -->\n"):format(name), ("<!-- /%s -->"):format(name)
  local _, from = old:find(head, 1, true)
  local to = from and old:find(tail, from, true)
  if not to then error(("%s: expected the lines %s and %s, found none"):format(path, head:sub(1, -2), tail), 0) end
  file = assert(io.open(path, "w"))
  assert(file:write(old:sub(1, from), text, "\n", old:sub(to)))
  assert(file:close())
end

--- Prints a table, unless --json asked for none, and puts it into the file of --write, with what it was measured on.
function measure.publish(a, name, text, facts)
  if not a.json then print(text) end
  if not a.write then return end
  local path = a.write[1] or measure.folder .. "/../../docs/benchmarks.md"
  measure.write(path, name, text .. "\n\n" .. measure.circumstances(facts))
  io.stderr:write(("wrote the section %s of %s\n"):format(name, path))
end

return measure
