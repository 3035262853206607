-- sl.help and sl.apropos: of names, and of the things themselves; and as globals of the REPL.
local check = require "check"
local sl = require "sdelua"
local process = require "process"

local function has(text, ...)
  for _, part in ipairs { ... } do check.ok(text:find(part, 1, true), "no " .. part .. " in: " .. text:sub(1, 400)) end
end

check.test("help of names", function()
  check.eq(sl.help "likelihood.encode", sl.help "sl.likelihood.encode")
  has(sl.help "likelihood.encode", "likelihood.encode(process, score, x, opts): The code z of each point")
  has(sl.help "tensor:item", "tensor:item(): The value of a tensor of one element.")
  has(sl.help "npy.load", "npy.load(path): ")
  has(sl.help "sde.Process:perturb", "sde.Process:perturb(x0, t, z): x_t from x_0 and unit normal z.")
  has(sl.help "two_moons", "data.two_moons(n, opts): n points [n,2]")
  has(sl.help "encode", "json.encode(value)", "likelihood.encode(process")
  has(sl.help "solve", "solve: sl.solve: samplers.", "\n  list: A list", "\n  heun: Heun's method")
  has(sl.help "Linear", "nn.Linear { in_features, out_features, bias = true, scale = 1 }: x [...,in] -> [...,out]")
  has(sl.help "solve.Run:normal", "the next draw of unit normals, like x")
end)

check.test("help of ops says calls that can be typed; dimensions count from 1", function()
  has(sl.help "conv2d", "conv2d(x, w, b?, { stride = 1, padding = 0, dilation = 1, groups = 1 }): Convolution")
  has(sl.help "tensor.sum", "tensor:sum(dims?, { keepdim = false }): ")
  has(sl.help "stack", "stack(xs, { dim = 1 }): ")
  has(sl.help "clamp", "clamp(x, { lo = -math.huge, hi = math.huge }): ")
  has(sl.help "fir_resample", "fir_resample(x, filter, { up = 1, down = 1, padding = {} }): ")
  has(sl.help "group_norm", "group_norm(x, w?, b?, groups, { eps = 1e-5 }): ")
  for _, entry in ipairs(sl.manual.entries()) do
    local call = entry.spec and sl.manual.signature(entry):gsub("%?", "")
    if call then check.ok(load("return " .. call), call) end
  end
end)

check.test("help of the things themselves", function()
  check.eq(sl.help(sl.conv2d), sl.help "conv2d")
  check.eq(sl.help(sl.zeros(1).item), sl.help "tensor.item")
  check.eq(sl.help(sl.likelihood.encode), sl.help "likelihood.encode")
  check.eq(sl.help(sl.solve), sl.help "solve")
  check.eq(sl.help(sl.solve.heun), sl.help "heun")
  check.eq(sl.help(sl.nn.Linear), sl.help "Linear")
  has(sl.help(sl.zeros(2)), "tensor: An array of numbers", "\n  methods   backward ", " item ",
    "\n  ops       abs add ", " conv2d ", "\n  in place  abs_ ", "\n  fields    dtype grad ", '\nhelp "tensor.')
  has(sl.help(sl.sde.VP {}), "sde.VP { ", "Variance preserving", "\n  perturb: x_t from x_0")
  has(sl.help(sl.solve.heun {}), "solve.heun { S_churn = 0.0", "solve.Solver: ", "\n  sample: ")
  has(sl.help(sl.inverse.grayscale { shape = { 4, 4, 3 } }), "inverse.grayscale", "\n  pinv: ")
  has(sl.help(sl.nn.Linear(2, 2)), "Layer: ", "\n  parameters: ")
  has(sl.help(sl.nn.MLP { dim = 2, hidden = 4 }), "nn.MLP { depth = 3")
  has(sl.help(sl.scope()), "scope: ", "\n  keep: ")
  has(sl.help(sl.noise { seed = 1 }), "noise.Noise: ", "\n  increment: ")
  for _, x in ipairs { 3, true, "nothing", {} } do
    check.raises(function() sl.help(x) end, "help: argument name: expected the name of an op")
  end
end)

check.test("help of a tensor fits a screen of 80 columns and 24 lines", function()
  local lines = select(2, require "sdelua.manual.wrap".text(sl.help(sl.zeros(1)), 80):gsub("\n", "")) + 1
  check.ok(lines <= 24, lines)
end)

check.test("help without a name fits a screen: rooms, functions and ops; of nil it is an error", function()
  has(sl.help(), "\n  solve       samplers.\n", "\n  json        JSON", "functions: ", " zeros", " conv2d ")
  check.ok(not sl.help():find("testing", 1, true))
  check.ok(#sl.help() < 5000, #sl.help())
  check.raises(function() sl.help(nil) end, "or the like, got nil, which is what a name that nothing has stands for")
end)

check.test("help of rows says how they are called, and all their options", function()
  has(sl.help "euler_maruyama", "solve.euler_maruyama { noise = 1.0 }: ", '\n  options of all in sl.solve: correct, ',
    "steps = 1000", "\n  called as x, info = sampler(process, score, shape, { ")
  has(sl.help "heun", "steps = 18")
  has(sl.help "dsm", "loss.dsm(process, score, x0, { eps, reduce_mean = true,")
  has(sl.help "mmd", "metrics.mmd(x, y, { bandwidth, kernel", "bootstrap = 100")
  has(sl.help "score_error", "metrics.score_error(process, score, mixture, {")
  has(sl.help "MLP", "dim, embed = 64", "\n  dim: d, of what comes in and goes out; needed", "\n  hidden: the width")
  has(sl.help "ddrm", "called as x, info = method(process, score, operator, y, ")
end)

check.test("the call that help shows of samplers has the options that it takes", function()
  local shown, known = {}, require "sdelua.solve.common".CALL
  for name in sl.solve.samplers.called:match "{(.*)}":gmatch "[%w_]+" do
    shown[name] = true
    check.ok(known[name] ~= nil, name)
  end
  for name in pairs(known) do
    check.ok(shown[name], name)
    if name ~= "first" and name ~= "index" then has("\n" .. sl.help(name), "\noption of sl.solve: " .. name .. ": ") end
  end
end)

check.test("help of options, and of what sends its reader to a file", function()
  has(sl.help "trajectory", "option of sl.solve: trajectory: true: info.trajectory is the list of all states")
  has(sl.help "steps", "Optimizer:steps(", "option of sl.solve: steps: steps of the grid")
  has(sl.help "S_churn", "option S_churn = 0.0 of solve.heun")
  has(sl.help "simulate", "forwards from x0", "where the steps stand", "\nReturns x at the last time")
end)

check.test("a misspelt name is an error that suggests the right one", function()
  for wrong, right in pairs {
    euler_maruyma = "solve.euler_maruyama", ["sl.solve.huen"] = "solve.heun", Liner = "linear", conv3d = "conv2d",
    VPP = "sde.VP", dpmpp_3m = "solve.dpmpp_2m, solve.dpmpp_3m_sde",
  } do
    check.raises(function() sl.help(wrong) end, "or the like, got " .. wrong .. "; did you mean " .. right)
  end
  check.raises(function() sl.help "zyzzyva" end, 'got zyzzyva; apropos "zyzzyva" looks into the texts as well')
end)

check.test("errors of names that nothing has suggest one; others stay as they are", function()
  local hint = require "sdelua.manual.hint"
  for name, right in pairs {
    ["field 'zero'"] = "sl.zeros", ["field 'vp'"] = "sl.sde.VP", ["method 'view'"] = "tensor:reshape",
    ["method 'scater'"] = "Figure:scatter", ["global 'zeros'"] = "sl.zeros", ["field 'SiLU'"] = "sl.silu",
    ["method 'marginal'"] = "Process:marginal_prob",
  } do
    local message = ("x.lua:1: attempt to call a nil value (%s)"):format(name)
    local want = ("%s; did you mean %s"):format(message, right) -- first, whatever else is near
    check.eq(hint(message):sub(1, #want), want)
  end
  check.eq(hint "attempt to index a nil value (field 'slove')":match "did you mean sl.solve", "did you mean sl.solve")
  for _, message in ipairs {
    "x.lua:1: attempt to call a nil value (field 'qqqqqq')", "attempt to call a nil value (local 'zero')", "no", "",
    "attempt to call a table value (field 'zero')",
  } do check.eq(hint(message), message) end
end)

check.test("texts are wrapped at words, lists below their second column", function()
  local wrap = require "sdelua.manual.wrap"
  check.eq(wrap.text("one two three four", 9), "one two\n    three\n    four")
  check.eq(wrap.text("  a   one two three", 12), "  a   one\n      two\n      three")
  check.eq(wrap.text("a  b\n\nlongerthanthat x", 8), "a  b\n\nlongerthanthat\n    x")
  check.eq(wrap.text("éé éé éé", 5), "éé éé\n    éé")
  check.eq(wrap.text("", 5), "")
end)

check.test("apropos looks into names, then docs and sources, in any case", function()
  local text = sl.apropos "LANGEVIN"
  has(text, "solve.langevin: ", "solve.annealed_langevin: ", "sde.CLD: ")
  check.ok(text:find("solve.langevin", 1, true) < text:find("sde.CLD", 1, true))
  has(sl.apropos "numel", "tensor:numel: How many elements it has.")
  has(sl.apropos "Anderson", "sde.Reverse")
  check.eq(sl.apropos "zyzzyva", "nothing about zyzzyva")
  check.raises(function() sl.apropos() end, "apropos: argument text: expected what to look for, got nil")
end)

check.test("both are globals of the REPL, and of nothing else", function()
  local code, text = process.run("printf '%s\\n' 'help \"npy.load\"' 'apropos \"numel\"' |", process.program, "-i")
  check.eq(code, 0, text)
  has(text, "npy.load(path): ", "tensor:numel: ")
  code, text = process.run("", process.program, "-e", "print(help, apropos)")
  check.eq({ code, text }, { 0, "nil\tnil\n" })
end)
