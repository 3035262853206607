-- A sampler and processes, each one file in a folder of the reader's own: found, listed, explained, run and measured
-- like those of the house, with nothing else touched.
local check = require "check"
local convergence = require "convergence"
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

-- One that is probed, and one without a kernel.
local DECAY = [[
local sl = require "sdelua"
return {
  doc = "A process of my own: decay and noise.", source = "this test", options = { rate = 2.0 },
  new = function(o)
    return sl.sde.define {
      drift = function(x, t) return x * t * -o.rate + 1 end, diffusion = function(t) return (t + 1):sqrt() end,
    }
  end,
}
]]

local GROWTH = [[
local sl = require "sdelua"
return {
  doc = "A process of my own: geometric Brownian motion.", source = "this test", options = {},
  new = function()
    return sl.sde.define {
      drift = function(x) return x * 0.5 end, diffusion = function(x, _) return x * 0.8 end, noise_type = "diagonal",
      tier = "general", prior = { mean = 1, std = 0.5 },
    }
  end,
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

check.test("they are measured with all others", function()
  local rows = convergence.rows()
  with_files({
    ["sdelua/solve/samplers/my_euler.lua"] = SAMPLER, ["sdelua/sde/processes/my_process.lua"] = PROCESS,
    ["sdelua/sde/processes/my_decay.lua"] = DECAY, ["sdelua/sde/processes/my_growth.lua"] = GROWTH,
  }, function()
    check.eq(convergence.samplers(rows, "^my_"), {})
    check.eq({ #rows, rows[1].sampler, rows[1].kind, rows[1].stated }, { 1, "my_euler", "flow", 1 })
    check.close(rows[1].measured, 1, 0.15)
    check.eq(convergence.processes(rows, "^my_"), {})
    check.ok(sl.help "my_growth":find("geometric Brownian motion. (this test)", 1, true))
  end)
  local seen = {}
  for i = 2, #rows do seen[i - 1] = ("%s %s: %g"):format(rows[i].sampler, rows[i].remark, rows[i].stated) end
  check.eq(seen, {
    "ode on my_decay: 2", "dpm_2 on my_decay: 2", "euler_maruyama on my_decay: 1",
    "ode on my_growth, by differences: 2", "simulate on my_growth, by differences; 1 for additive noise: 0.5",
    "ode on my_process: 2", "dpm_2 on my_process: 2", "euler_maruyama on my_process: 1",
  })
end)

-- Where in a source the thing stands: a place in a paper, or a file or function of a named program.
local PLACES = {
  "eq%. %d", "algorithms? %d", "section %w", "appendix %u", "theorem %d", "corollary %d", "table %d", "chapter %u",
  "[%w_]+%.py", "'s [%w]+_[%w_]+",
}

check.test("every row of the mathematics has a doc and a source with a place in it", function()
  local without, seen = {}, 0
  for _, rows in ipairs {
    sl.solve.samplers, sl.solve.grids, sl.sde.processes, sl.loss.objectives, sl.metrics.measures,
  } do
    for name, row in rows:each() do
      local placed = false
      for _, place in ipairs(PLACES) do placed = placed or (row.source or ""):find(place) ~= nil end
      if not placed or #row.doc < 10 then without[#without + 1] = rows.prefix .. name end
      seen = seen + 1
    end
  end
  check.ok(seen > 60)
  check.eq(without, {})
end)

check.test("grids are rows as well: one more file is one more name, listed in errors and told by help", function()
  with_files({ ["sdelua/solve/grids/my_grid.lua"] = [[
return {
  doc = "A grid of my own.", source = "this test", space = "time", options = { power = 3.0 },
  make = function(n, hi, lo, o)
    local list = {}
    for i = 0, n do list[i + 1] = lo + (hi - lo) * (1 - i / n) ^ o.power end
    return list
  end,
}
]] }, function()
    check.ok(sl.help "my_grid":find("solve.grids.my_grid { power = 3.0 }: A grid of my own. (this test)", 1, true))
    local times, p = {}, sl.sde.VP {}
    local function callback(state) times[#times + 1] = state.t end
    sl.solve.ddim { steps = 4, eps = 0.1, grid = { "my_grid", power = 2 } } (p, function(x) return -x end, { 2, 1 }, {
      seed = 1, callback = callback,
    })
    check.close(times[2], 0.1 + 0.9 * 0.75 ^ 2, 1e-9)
    check.raises(function()
      sl.solve.ddim { grid = "my_gird" } (p, function(x) return -x end, { 2, 1 })
    end, '"my_grid"')
  end)
  check.ok(sl.help "karras":find("(Karras et al. 2022, eq. 5", 1, true))
end)

check.test("every grid falls between its ends, and stands at its beginning for no steps at all", function()
  for name, row in sl.solve.grids:each() do
    for _, n in ipairs { 0, 1, 7 } do
      local list = row.make(n, 3.0, 0.02, row.options, "test")
      check.eq(#list, n + 1, name)
      for i, v in ipairs(list) do
        check.ok(v <= 3.0 * (1 + 1e-9) and v >= 0.02 * (1 - 1e-9) and (i == 1 or v < list[i - 1]), name)
      end
      check.close(list[1], 3.0, 0.05, 0, name) -- iddpm's levels are where they are
    end
  end
  check.raises(function()
    sl.solve.heun { grid = { "iddpm", M = 2.5 } } (sl.sde.EDM {}, function(x) return -x end, { 2, 1 })
  end, "heun: grid: option M: expected a positive integer, got 2.5")
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
