-- A sampler and a process, each one file in a folder of the reader's own: found, listed, explained and run like those
-- of the house, with nothing else touched.
local check = require "check"
local sl = require "sdelua"

local SAMPLER = [[
return {
  doc = "Euler's method on the flow, of my own.", source = "this test",
  order = 1, cost = 1, needs = { "kernel", "signal" }, options = { strength = 1.0 },
  step = function(self, run)
    local x, t = run.x, run.t
    local flow = run.process:reverse(function(y, s) return run:score(y, s) end, { probability_flow = true })
    return x + flow:drift(x, t) * (self.strength * (run.r - t))
  end,
}
]]

local PROCESS = [[
local sl = require "sdelua"
return {
  doc = "A process of my own: beta constant.", source = "this test", options = { beta = 8.0 },
  new = function(o) return sl.sde.VP { beta_min = o.beta, beta_max = o.beta + 1e-9 } end,
}
]]

local function with_files(files, fn)
  local folder, path = os.tmpname(), package.path
  os.remove(folder)
  for name, text in pairs(files) do
    assert(os.execute(("mkdir -p '%s/%s'"):format(folder, name:match "^(.*)/")))
    local file <close> = assert(io.open(folder .. "/" .. name, "w"))
    file:write(text)
  end
  package.path = folder .. "/?.lua;" .. path
  local ok, err = xpcall(fn, debug.traceback)
  package.path = path
  os.execute(("rm -r '%s'"):format(folder))
  if not ok then error(err, 0) end
end

local function named(list, name)
  for _, row in ipairs(list) do
    if row.name == name then return row end
  end
end

check.test("a sampler and a process in one file each", function()
  with_files({
    ["sdelua/solve/samplers/my_euler.lua"] = SAMPLER, ["sdelua/sde/processes/my_process.lua"] = PROCESS,
  }, function()
    check.eq(named(sl.solve.list(), "my_euler").order, 1)
    check.ok(tostring(sl.solve.list()):find "\nmy_euler ")
    check.ok(named(sl.sde.list(), "my_process"))
    check.eq(sl.help "my_euler":match "[^\n]*",
      "solve.my_euler { strength = 1.0 }: Euler's method on the flow, of my own. (this test)")
    check.ok(sl.help "my_process":find("sde.my_process { beta = 8.0 }", 1, true))
    check.eq(tostring(sl.sde.my_process {}), "my_process process on [0, 1] (affine): beta = 8")
    local process = sl.sde.my_process { beta = 9.0 }
    local function score(x) return -x end -- of N(0, 1), which the process leaves as it is
    local x, info = sl.solve.my_euler { steps = 5 } (process, score, { 4, 2 }, { seed = 1 })
    check.close(x:totable(), process:prior_sampling({ 4, 2 }, { seed = 1 }):totable(), 1e-6)
    check.eq(info.nfe, 5)
    check.raises(function() sl.solve.my_euler { strength = "much" } end, "my_euler: option strength")
  end)
end)

check.test("what is no row is named", function()
  with_files({ ["sdelua/solve/samplers/broken.lua"] = "return 3" }, function()
    check.raises(function() return sl.solve.broken end,
      "sdelua.solve.samplers.broken: expected a table with a doc line")
  end)
  check.eq(sl.solve.nothing, nil)
  check.raises(function() sl.help "nothing" end, "help: argument name")
end)

-- The lines of a list as the program prints it, with COLUMNS set.
local function lines_at(columns, code)
  local process = require "process"
  local _, text = process.run(("COLUMNS=%d"):format(columns), process.program, "-e",
    "sl = require 'sdelua'  print(" .. code .. ")")
  local lines = {}
  for line in text:gmatch "[^\n]+" do lines[#lines + 1] = line end
  return lines
end

check.test("lists are no wider than COLUMNS, wrapped at words, with the first sentence of docs", function()
  for _, code in ipairs { "sl.sde.list()", "sl.solve.list()", "sl.data.list()" } do
    for _, line in ipairs(lines_at(90, code)) do check.ok(utf8.len(line) <= 90, line) end
  end
  local lines = lines_at(70, "sl.sde.list()")
  check.eq(lines[1]:gsub("%s+", " "), "name doc source")
  local wide = table.concat(lines_at(1000, "sl.sde.list()"), "\n")
  for word in table.concat(lines, " "):gmatch "%S+" do check.ok(wide:find(word, 1, true), word) end
  check.ok(wide:find("side by side in the last dimension: dx = beta v/M dt", 1, true), wide)
  check.ok(not wide:find("general tier", 1, true) and named(sl.sde.list(), "CLD").doc:find("general tier", 1, true))
end)

check.test("a list of what has no rows: sl.data", function()
  check.ok(named(sl.data.list(), "two_moons").doc:find "^n points")
  check.ok(not named(sl.data.list(), "list"))
  check.ok(tostring(sl.data.list()):find "\neight_gaussians  ")
end)
