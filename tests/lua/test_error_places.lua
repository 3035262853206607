-- Errors are told where the library was called, in the name of what was called there, whatever of it lies between.
local check = require "check"
local errors = require "sdelua.errors"
local files = require "files"
local sl = require "sdelua"
local system = require "sdelua.core".system

-- fn raises "this file:<the line of fn>: " and then what begins with `text`.
local function told(fn, text)
  local message = check.raises(fn, text)
  local place = ("^[^\n:]*test_error_places%%.lua:%d: "):format(debug.getinfo(fn, "S").linedefined)
  check.ok(message:find(place), message)
  check.eq(message:gsub(place, ""):sub(1, #text), text)
end

check.test("data.from", function()
  files.with_folder(function(folder)
    local function path(name, bytes)
      files.write(folder .. "/" .. name, bytes)
      return folder .. "/" .. name
    end
    local npy, png = path("n.npy", "\x93NUMPY\1\0"), path("p.png", "\x89PNG\r\n\x1a\n nothing")
    local idx, npz = path("i.idx", "\0\0\8\1\0\0\0\9ab"), path("z.npz", "PK nothing")
    local csv, gif = path("c.csv", "1,2\n3\n"), path("g.gif", "GIF89a")
    local safe, bin = path("s.safetensors", ("<I8"):pack(3) .. "{{}"), path("b.bin", ("\1"):rep(3073 * 2) .. "\1")
    told(function() sl.data.from(npy) end, "data.from: " .. npy .. ": ")
    told(function() sl.data.from(png) end, "data.from: " .. png .. ": ")
    told(function() sl.data.from(idx) end, "data.from: " .. idx .. ": ")
    told(function() sl.data.from(npz) end, "data.from: " .. npz .. ": ")
    told(function() sl.data.from(csv) end, "data.from: " .. csv .. ": line 2: expected 2 fields")
    told(function() sl.data.from(gif) end, "data.from: " .. gif .. ": expected ")
    told(function() sl.data.from(safe) end, "data.from: " .. safe .. ": ")
    told(function() sl.data.from(bin) end, "data.from: " .. bin .. ": ")
    told(function() sl.data.from(folder, { size = 0 }) end, "data.from: ")
    told(function() sl.data.image_folder(folder) end, "data.image_folder: " .. png .. ": ")
    told(function() sl.data.idx(idx) end, "data.idx: " .. idx .. ": ")
    told(function() sl.image.load(png) end, "image.load: " .. png .. ": ")
    told(function() sl.data.fashion_mnist { path = folder } end, "data.fashion_mnist: ")
  end)
end)

check.test("pictures and plots", function()
  local plot = sl.plot.line({ 1, 2 }, { 1, 2 })
  told(function() sl.image.save("/proc/x.png", sl.zeros { 2, 2, 1 }) end, "image.save: /proc/x.png: ")
  told(function() sl.image.animate("/proc/x.gif", sl.zeros { 1, 2, 2, 1 }) end, "image.animate: /proc/x.gif: ")
  told(function() plot:save "/proc/x.svg" end, "plot.save: ")
  told(function() plot:save "/proc/x.jpg" end, "plot.save: argument path: ")
  told(function() plot:save("x.svg", { scale = "2" }) end, "plot.save: option scale: ")
  local function drawn(opts) sl.plot.line({ 1, 2 }, { 1, 2 }, opts):render() end
  check.raises(function() drawn { width = -1 } end, ": plot.line: argument width: ")
  check.raises(function() drawn { dash = "x" } end, ": plot.line: option dash: ")
  told(function() sl.show(1) end, "show: argument x: expected a picture")
  told(function() sl.show.blocks(sl.zeros { 2, 2, 1 }, { width = 0 }) end, "show.blocks: option width: ")
end)

check.test("what is called in the library's own Lua files is told of where those were called", function()
  told(function() sl.image.grid(sl.zeros { 2, 4, 4, 3 }, { padding = -9 }) end, "")
end)

check.test("of a function of the caller's that the library calls, its own line", function()
  local function field(x)
    local line = debug.getinfo(1, "l").currentline + 1
    local ok, err = pcall(function() return x:matmul(1) end)
    check.ok(not ok)
    check.ok(err:find(("test_error_places.lua:%d: matmul: "):format(line), 1, true), err)
    return x:select(2, 1)
  end
  sl.plot.contour(field):render()
end)

check.test("the bindings raise by raise_text alone; the program around them need not", function()
  for _, name in ipairs(system.list_folder "src/bind") do
    local own = name:find "^main" or name:find "^repl"
    check.ok(own or not files.read("src/bind/" .. name):find("luaL_error(", 1, true), name)
  end
end)

check.test("the Lua side raises by errors.raise alone", function()
  local function each(folder)
    for _, name in ipairs(system.list_folder(folder)) do
      local path = folder .. "/" .. name
      if system.kind(path) == "folder" then
        each(path)
      elseif name:find "%.lua$" and path ~= "lua/sdelua/init.lua" then -- which asks for Lua 5.4, before all else
        check.ok(not files.read(path):find "[^%w_.:]error%(", path)
      end
    end
  end
  each "lua/sdelua"
end)

check.test("samplers, objectives, operators, methods, likelihoods", function()
  local vp, x = sl.sde.VP {}, sl.zeros { 2, 2 }
  local function score(y) return -y end
  told(function() sl.solve.heun { steps = 0 } end, "heun: option steps: expected a positive integer, got 0")
  told(function() sl.solve.heun { steps = 2 } (vp, score, {}) end, "heun: argument shape: ")
  told(function() sl.solve.heun { steps = 2, grid = "no" } (vp, score, { 1, 2 }) end, "heun: option grid: ")
  told(function() sl.loss.dsm(3, score, x) end, "dsm: argument process: ")
  told(function() sl.loss.dsm(vp, score, 3) end, "dsm: argument x0: ")
  told(function() sl.inverse.blur { shape = { 4, 4, 1 }, bandwidth = -1 } end, "blur: option bandwidth: ")
  told(function() sl.posterior.dps { zeta = "a" } end, "dps: option zeta: ")
  told(function() sl.likelihood.ode(vp, score, 3) end, "likelihood.ode: argument x: ")
  told(function() vp:score(3) end, "score: argument net: ")
  told(function() sl.metrics.frechet(3, x) end, "frechet: argument x: ")
  told(function() sl.nn.Sequential { 3 } end, "Sequential: argument layers[1]: ")
end)

check.test("named and raise", function()
  errors.named("here", sl.image.to_uint8)
  told(function() sl.image.to_uint8(sl.tensor({ 1 }, { dtype = "int64" })) end, "here: ")
  check.raises(function() errors.raise "100 % sure" end, ": 100 % sure")
  check.raises(function() errors.raise("f: %d", 3) end, ": f: 3")
  check.raises(function() errors.named(1, print) end, "errors.named: argument who: expected a string")
  check.raises(function() errors.named("f", {}) end, "errors.named: argument f: expected a function, got a table")
end)
