-- for step, bar in sl.progress(n) do ... bar:set { loss = loss:item() } end
--
-- A line that is drawn over itself on a terminal; elsewhere a plain line every ten seconds, less often the longer it
-- takes, and one at the end; all on stderr. A loop inside another one is told of in the line of the outermost. Ctrl-C
-- ends the loop after the step under way (bar.interrupted is then true); a second one raises at once.
local errors = require "sdelua.errors"
local options = require "sdelua.options"
local core = require "sdelua.core"

local clock = core.system.clock
local TERMINAL_SECONDS, PLAIN_SECONDS = 0.2, 10
local PLAIN_SHARE = 0.05 -- of the time that has gone by, at least, between plain lines

local Bar = {}
Bar.__index = Bar

local function duration(seconds)
  local s = math.floor(seconds + 0.5)
  if s >= 3600 then return ("%d:%02d:%02d"):format(s // 3600, s // 60 % 60, s % 60) end
  return ("%d:%02d"):format(s // 60, s % 60)
end

-- The loops under way that are drawn, outermost first.
local nest = {}

local fraction

-- The number of steps done, with the share of the one under way that it has told, else of the loop inside it.
local function done(bar)
  local inner = bar.depth and nest[bar.depth + 1]
  local part = bar.part or inner and fraction(inner, clock())
  return part and bar.step - 1 + part or bar.step
end

-- Steps a second, over all of this loop.
local function rate(bar, now) return (done(bar) - bar.first + 1) / math.max(now - bar.start, 1e-9) end

local function seconds_left(bar, now)
  local left = (bar.last - done(bar)) / rate(bar, now)
  return bar.deadline and math.min(left, math.max(bar.deadline - now, 0)) or left
end

-- How much of the loop is done, 0 to 1, by steps or by time, whichever ends it first.
function fraction(bar, now)
  local by_step = bar.last > 0 and done(bar) / bar.last or 1
  return math.min(1, bar.deadline and math.max(by_step, (now - bar.start) / (bar.deadline - bar.start)) or by_step)
end

--- Sets values to show beside the bar, numbers or strings; they stay until set again.
function Bar:set(values)
  for key, value in pairs(values) do
    if self.values[key] == nil then
      self.keys[#self.keys + 1] = key
      table.sort(self.keys)
    end
    self.values[key] = value
  end
end

-- How far it is.
local function position(bar)
  local step = "step " .. bar.step .. (bar.last < math.huge and "/" .. bar.last or "")
  return bar.part and ("%s (%.0f %%)"):format(step, 100 * bar.part) or step
end

function Bar:__tostring()
  local now = clock()
  local parts = { position(self) }
  for _, key in ipairs(self.keys) do
    local value = self.values[key]
    parts[#parts + 1] = key .. " " .. (math.type(value) == "float" and ("%.4f"):format(value) or tostring(value))
  end
  local speed = rate(self, now)
  parts[#parts + 1] = speed > 0 and speed < 0.1 and ("%.1f s/step"):format(1 / speed) or ("%.2f steps/s"):format(speed)
  local left = seconds_left(self, now)
  if left < math.huge then parts[#parts + 1] = duration(left) .. " left" end
  return table.concat(parts, "  ")
end

-- What `say` says of all loops under way.
local function line(say)
  local parts = {}
  for i, bar in ipairs(nest) do parts[i] = say(bar) end
  return table.concat(parts, "  |  ")
end

-- A line for a log, unless the last one told of the same steps.
local function write_plain(bar)
  local at = line(position)
  if at == bar.told then return end
  bar.told = at
  io.stderr:write(line(tostring), "\n")
end

-- A terminal cuts the line off at its edge, lest what is over stay there.
local function draw_terminal(bar)
  local width = 20
  local full = math.floor(width * fraction(bar, clock()))
  io.stderr:write("\r\27[?7l[", ("#"):rep(full), ("-"):rep(width - full), "] ", line(tostring), "\27[K\27[?7h")
  bar.drawn = true
end

local function draw()
  local bar, now = nest[1], clock()
  if not bar or now < bar.next_draw then return end
  bar.next_draw = now + (bar.terminal and TERMINAL_SECONDS or math.max(PLAIN_SECONDS, PLAIN_SHARE * (now - bar.start)))
  if bar.terminal then draw_terminal(bar) else write_plain(bar) end
end

--- For steps that take long: how much of the one under way is done, from 0 to 1.
function Bar:inside(share)
  self.part = share
  if not self.quiet then draw() end
end

--- Writes a line of text that stays, above the bar.
function Bar.print(_, ...)
  local outer = nest[1]
  if outer and outer.drawn then
    io.stderr:write("\r\27[K")
    outer.drawn = false
  end
  io.stderr:write(table.concat({ ... }, "\t"), "\n")
end

-- The loop, and what it left behind inside it, is no longer drawn.
local function leave(bar)
  local depth = bar.depth
  for i = #nest, depth or #nest + 1, -1 do nest[i].depth, nest[i] = nil, nil end
  return depth
end

local function finish(bar)
  if bar.finished or not bar.start then return end
  bar.finished = true
  core.interrupt.finish()
  if leave(bar) ~= 1 or bar.step < bar.first then return end
  nest[1] = bar
  if bar.terminal then
    draw_terminal(bar)
    io.stderr:write "\n"
  else
    write_plain(bar)
  end
  nest[1] = nil
end

local function begin(bar)
  core.interrupt.begin()
  bar.start = clock()
  bar.next_draw = bar.start + (bar.terminal and 0 or PLAIN_SECONDS)
  bar.deadline = bar.minutes and bar.start + 60 * bar.minutes
  if bar.quiet then return end
  bar.depth = #nest + 1
  nest[bar.depth] = bar
end

local function advance(bar, step)
  if not bar then
    errors.raise "progress: expected to be called in the loop itself: for step, bar in sl.progress(n) do"
  end
  if not bar.start then begin(bar) end
  bar.part = nil
  if step >= bar.first and not bar.quiet then draw() end
  bar.interrupted = core.interrupt.requested()
  if bar.interrupted or step >= bar.last or (bar.deadline and clock() >= bar.deadline) then
    finish(bar)
    return nil
  end
  bar.step = step + 1
  return bar.step, bar
end

local closer = { __close = function(self) finish(self.bar) end }

local defaults = { first = 1, minutes = options.NONE, quiet = false }

--- Steps first..n, each with the bar; n may be math.huge. Options: first = 1; minutes, after which no further step
-- begins; quiet = true draws nothing.
return function(n, opts)
  local o = options.read("progress", opts, defaults)
  if n ~= math.huge and (math.type(n) ~= "integer" or n < 0) then
    errors.raise("progress: argument n: expected a count, got %s", options.show(n))
  end
  local bar = setmetatable({
    first = o.first, step = o.first - 1, last = n, minutes = o.minutes, quiet = o.quiet, values = {}, keys = {},
    terminal = core.system.is_terminal "stderr" and os.getenv "TERM" ~= "dumb", interrupted = false,
  }, Bar)
  return advance, bar, o.first - 1, setmetatable({ bar = bar }, closer)
end
