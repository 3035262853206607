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
    check.eq(sl.help "my_euler",
      "solve.my_euler { strength = 1.0 }: Euler's method on the flow, of my own. (this test)")
    check.ok(sl.help():find("sde.my_process { beta = 8.0 }", 1, true))
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
