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
  has(sl.help "Linear", "nn.Linear { in_features out_features bias=true scale=1 }: x [...,in] -> [...,out]")
  has(sl.help "solve.Run:normal", "the next draw of unit normals, like x")
  has(sl.help(), "\nlikelihood.encode: ", "\nconv2d(x w", "\nsolve.heun { S_churn")
end)

check.test("help of the things themselves", function()
  check.eq(sl.help(sl.conv2d), sl.help "conv2d")
  check.eq(sl.help(sl.zeros(1).item), sl.help "tensor.item")
  check.eq(sl.help(sl.likelihood.encode), sl.help "likelihood.encode")
  check.eq(sl.help(sl.solve), sl.help "solve")
  check.eq(sl.help(sl.solve.heun), sl.help "heun")
  check.eq(sl.help(sl.nn.Linear), sl.help "Linear")
  has(sl.help(sl.zeros(2)), "tensor: An array of numbers", "\n  item: ", "\n  conv2d: ")
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
