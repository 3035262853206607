-- What sl.progress writes, by a clock of our own: on a terminal, in a log, and nested.
local check = require "check"
local system = require "sdelua.core".system

-- All that fn(progress, wait) writes to stderr; wait(s) lets s seconds go by.
local function written(terminal, fn)
  local clock, is_terminal, stderr, now, parts = system.clock, system.is_terminal, io.stderr, 100.0, {}
  local function restore()
    system.clock, system.is_terminal = clock, is_terminal
    rawset(io, "stderr", stderr)
  end
  system.clock, system.is_terminal = function() return now end, function() return terminal end
  rawset(io, "stderr", { write = function(_, ...) parts[#parts + 1] = table.concat { ... } end })
  local ok, err = xpcall(function()
    package.loaded["sdelua.progress"] = nil
    fn(require "sdelua.progress", function(s) now = now + s end)
  end, debug.traceback)
  restore()
  package.loaded["sdelua.progress"] = nil
  if not ok then error(err, 0) end
  return table.concat(parts)
end

local function lines_of(text)
  local lines = {}
  for line in text:gmatch "[^\n]+" do lines[#lines + 1] = line end
  return lines
end

check.test("a log: nothing before ten seconds, a line at the end", function()
  local text = written(false, function(progress, wait)
    for _ in progress(4) do wait(2) end
  end)
  check.eq(text, "step 4/4  0.50 steps/s  0:00 left\n")
  check.eq(written(false, function(progress) for _ in progress(0) do error "none" end end), "")
end)

check.test("a log: every ten seconds at first, then at every twentieth of the time gone by", function()
  local text = written(false, function(progress, wait)
    for step, bar in progress(36000) do
      wait(1)
      bar:set { loss = step / 2 }
    end
  end)
  local lines = lines_of(text)
  check.eq(lines[1], "step 10/36000  loss 5.0000  1.00 steps/s  9:59:50 left")
  check.eq(lines[2], "step 20/36000  loss 10.0000  1.00 steps/s  9:59:40 left")
  check.eq(lines[#lines], "step 36000/36000  loss 18000.0000  1.00 steps/s  0:00 left")
  check.ok(#lines > 100 and #lines < 140, #lines .. " lines in ten hours")
end)

check.test("a log: a loop inside another says nothing itself, and its share counts in the estimate", function()
  local text = written(false, function(progress, wait)
    for _, bar in progress(2) do
      for j, inner in progress(4) do
        wait(4)
        inner:set { bpd = j / 4 }
      end
      bar:set { done = "yes" }
    end
  end)
  check.eq(lines_of(text), {
    "step 1/2  16.0 s/step  0:20 left  |  step 3/4  bpd 0.7500  0.25 steps/s  0:04 left",
    "step 2/2  done yes  16.0 s/step  0:08 left  |  step 2/4  bpd 0.5000  0.25 steps/s  0:08 left",
    "step 2/2  done yes  16.0 s/step  0:00 left",
  })
end)

check.test("a terminal: one line drawn over itself, cut off at the edge, whole at the end", function()
  local text = written(true, function(progress, wait)
    for i, bar in progress(2) do
      for _ in progress(2) do wait(0.5) end
      if i == 1 then bar:print("a", 1) end
    end
  end)
  local function drawn(full, words)
    return ("\r\27[?7l[%s%s] %s\27[K\27[?7h"):format(("#"):rep(full), ("-"):rep(20 - full), words)
  end
  check.eq(text, drawn(5, "step 1/2  1.00 steps/s  0:02 left  |  step 1/2  2.00 steps/s  0:01 left")
    .. drawn(10, "step 1/2  1.00 steps/s  0:01 left  |  step 2/2  2.00 steps/s  0:00 left")
    .. "\r\27[Ka\t1\n"
    .. drawn(15, "step 2/2  1.00 steps/s  0:01 left  |  step 1/2  2.00 steps/s  0:01 left")
    .. drawn(20, "step 2/2  1.00 steps/s  0:00 left  |  step 2/2  2.00 steps/s  0:00 left")
    .. drawn(20, "step 2/2  1.00 steps/s  0:00 left") .. "\n")
end)

check.test("quiet loops are not told of; those that end by break or error leave the line", function()
  local text = written(false, function(progress, wait)
    for i in progress(3) do
      for _ in progress(9, { quiet = true }) do wait(0.1) end
      for _ in progress(9) do
        if i == 2 then break end
      end
      pcall(function()
        for _ in progress(9) do error "x" end
      end)
      wait(11)
    end
  end)
  for _, line in ipairs(lines_of(text)) do check.ok(not line:find("|", 1, true), line) end
  check.eq(#lines_of(text), 3)
end)

check.test("a log: what is told of once is not told of again", function()
  local text = written(false, function(progress, wait)
    for _, bar in progress(2) do
      for _ = 1, 3 do
        wait(11)
        bar:inside(0.9)
      end
      wait(11)
    end
  end)
  local told = {}
  for i, line in ipairs(lines_of(text)) do told[i] = line:match "^(.-)  " end
  check.eq(told, { "step 1/2 (90 %)", "step 1/2", "step 2/2 (90 %)", "step 2/2" })
end)

check.test("no time is told while the speed is not known", function()
  written(false, function(progress, wait)
    local shares = { 0, 0.5 }
    local lines = { "step 1/2 (0 %)  0.00 steps/s", "step 2/2 (50 %)  0.75 steps/s  0:01 left" }
    for step, bar in progress(2) do
      bar:inside(shares[step])
      wait(1)
      check.eq(tostring(bar), lines[step])
    end
  end)
end)

check.test("what is no count, and a loop that has no bar, say so", function()
  local progress = require "sdelua".progress
  check.raises(function() progress { 10 } end, "progress: argument n: expected a count, got a table")
  check.raises(function()
    local step = progress(3)
    for i in step do check.ok(i) end
  end, "for step, bar in sl.progress(n) do")
end)
