-- What the prompt's tab key offers; that it gets into the line is tested by test_program.lua.
local check = require "check"
local files = require "files"
local options = require "sdelua.options"
local sl = require "sdelua"

rawset(_G, "sl", sl) -- as the prompt has it

-- What tab makes of a text; the words it shows come second, as a list.
local function tab(text)
  local more, shown = sl.complete(text, 70)
  local words = {}
  for word in (shown or ""):gmatch "%S+" do words[#words + 1] = word end
  return text .. more, words
end

local function becomes(cases)
  for text, want in pairs(cases) do check.eq(tab(text), want, text) end
end

check.test("globals, fields and methods, of userdata too", function()
  rawset(_G, "x_of_the_test", sl.zeros(2))
  becomes {
    ["pri"] = "print", ["sl.nn.GroupN"] = "sl.nn.GroupNorm", ["y = 2 * sl.zer"] = "y = 2 * sl.zeros",
    ["x_of_the_test:nume"] = "x_of_the_test:numel", ["sl.solve.dpmpp_3"] = "sl.solve.dpmpp_3m_sde",
    ["f(sl.image.gr"] = "f(sl.image.grid", ["sl.no.such.th"] = "sl.no.such.th", ["sl.nn.GroupNorm"] = "sl.nn.GroupNorm",
    ["x_of_the_test.__in"] = "x_of_the_test.__in", ["getmetatable('').__in"] = "getmetatable('').__in",
    ["string."] = "string.", ["1 + 2."] = "1 + 2.",
  }
  check.eq(select(2, tab "string.g"), { "gmatch", "gsub" })
  check.eq(select(2, tab "sl.solve.dpmpp_2m"), { "dpmpp_2m", "dpmpp_2m_sde" })
  rawset(_G, "x_of_the_test", nil)
end)

check.test("behind a colon only what can be called, of objects of every kind; no private names", function()
  local net = sl.nn.MLP { dim = 2, hidden = 4 }
  for _, case in ipairs {
    { sl.sde.VP {}, "marginal_prob", "handle" }, { net, "parameters", "blocks" }, { sl.plot {}, "scatter", "o" },
    { sl.optim.Adam(net:parameters()), "step", "lr" }, { sl.optim.EMA(net:parameters()), "update", "_tensors" },
    { sl.zeros(2), "sum", "dtype" }, { sl.solve.heun {}, "sample", "row" }, { sl.nn.Linear(2, 2), "train", "_train" },
  } do
    rawset(_G, "x_of_the_test", case[1])
    local text, list = tab "x_of_the_test:" -- a word that is the only one is set in
    local words = (" %s %s "):format(text:match ":(.*)", table.concat(list, " "))
    check.ok(words:find(" " .. case[2] .. " ", 1, true), case[2] .. " is not in" .. words)
    check.ok(not words:find(" " .. case[3] .. " ", 1, true), case[3] .. " is in" .. words)
  end
  check.eq(tab "x_of_the_test:_tra", "x_of_the_test:_train")
  rawset(_G, "x_of_the_test", nil)
end)

check.test("of objects whose fields the manual tells, these and methods, and nothing of the house's own", function()
  rawset(_G, "x_of_the_test", sl.sde.VP {})
  local words = " " .. table.concat(select(2, tab "x_of_the_test."), " ") .. " "
  for _, name in ipairs { "T", "tier", "eps", "drift", "options" } do check.ok(words:find(" " .. name .. " "), name) end
  for _, name in ipairs { "handle", "row", "new", "is_paper", "has_prior" } do
    check.ok(not words:find(" " .. name .. " "), name)
  end
  rawset(_G, "x_of_the_test", sl.plot {})
  words = " " .. table.concat(select(2, tab "x_of_the_test."), " ") .. " "
  for _, name in ipairs { "line", "save" } do check.ok(words:find(" " .. name .. " "), name) end
  for _, name in ipairs { "layers", "align", "o" } do check.ok(not words:find(" " .. name .. " "), name) end
  rawset(_G, "x_of_the_test", nil)
end)

check.test("right behind the bracket of a call, how it goes", function()
  rawset(_G, "x_of_the_test", sl.sde.VP {})
  for text, want in pairs {
    ["sl.loss.dsm("] = "loss.dsm(process, score, x0, {", ["sl.nn.Linear("] = "nn.Linear { in_features",
    ["y = sl.solve.heun("] = "solve.heun { S_churn", ["sl.conv2d("] = "conv2d(x, w, b?",
    ["x_of_the_test:perturb("] = "sde.Process:perturb(x0, t, z)\n",
    ["x_of_the_test:perturb( "] = "sde.Process:perturb(",
  } do
    local more, shown = sl.complete(text, 70)
    check.eq(more, "")
    check.eq(shown:sub(1, #want), want)
    for line in shown:gmatch "[^\n]+" do check.ok(#line <= 70, line) end
  end
  rawset(_G, "x_of_the_test", sl.zeros(2))
  check.eq({ sl.complete("x_of_the_test:sum(", 70) }, { "", "tensor:sum(dims?, { keepdim = false })\n" })
  becomes { ["sl.loss.dsm(pri"] = "sl.loss.dsm(print", ["sl.loss.dsm(x, pri"] = "sl.loss.dsm(x, print" }
  check.eq(#select(2, sl.complete("no_such_thing(", 70)) > 0, true)
  rawset(_G, "x_of_the_test", nil)
end)

check.test("a value whose fields raise, or whose names do, offers none", function()
  rawset(_G, "x_of_the_test", setmetatable({ own = 1 }, {
    __index = function() error "no" end, __names = function() error "no" end,
  }))
  becomes { ["x_of_the_test.o"] = "x_of_the_test.own", ["x_of_the_test.other.o"] = "x_of_the_test.other.o" }
  rawset(_G, "x_of_the_test", nil)
end)

check.test("options where a key may stand in the table of a call", function()
  becomes {
    ["sl.solve.heun { S_ch"] = "sl.solve.heun { S_churn = ", ["sl.nn.UNet { nf"] = "sl.nn.UNet { nf = ",
    ["sl.nn.UNet { nf = 3, attn_resolutions = { 14 }, em"] =
      "sl.nn.UNet { nf = 3, attn_resolutions = { 14 }, embedding = ",
    ["sl.optim.Adam(net:parameters(), { we"] = "sl.optim.Adam(net:parameters(), { weight_decay = ",
    ["sl.nn.Conv2d { in"] = "sl.nn.Conv2d { in_channels = ", ["sl.sde.VE { sigma_ma"] = "sl.sde.VE { sigma_max = ",
    ["sl.data.loader(images, {\n  batch = 3; sh"] = "sl.data.loader(images, {\n  batch = 3; shuffle = ",
    ["sl.solve.heun{sigma='}',S_ch"] = "sl.solve.heun{sigma='}',S_churn = ",
    ["sl.posterior.dps { ze"] = "sl.posterior.dps { zeta = ", ["sl.metrics.mmd(a, b, { boo"] =
      "sl.metrics.mmd(a, b, { bootstrap = ", ["sl.inverse.blur { st"] = "sl.inverse.blur { std = ",
    ["sl.guidance.classifier(p, s, f, { sc"] = "sl.guidance.classifier(p, s, f, { scale = ",
    ["sl.image.animate('a.webp', x, { fp"] = "sl.image.animate('a.webp', x, { fps = ",
    ["sl.sde.define { noise_"] = "sl.sde.define { noise_type = ",
  }
  check.eq(select(2, tab "sl.solve.heun { S_"), { "S_churn", "S_noise", "S_tmax", "S_tmin" })
  check.eq(select(2, tab "sl.solve.heun { S_churn = 3, S_"), { "S_noise", "S_tmax", "S_tmin" })
end)

check.test("options of ops, as functions and methods", function()
  rawset(_G, "x_of_the_test", sl.zeros(2))
  becomes {
    ["sl.conv2d(x, w, nil, { str"] = "sl.conv2d(x, w, nil, { stride = ",
    ["sl.sum(x, { ke"] = "sl.sum(x, { keepdim = ", ["x_of_the_test:sum { ke"] = "x_of_the_test:sum { keepdim = ",
    ["x_of_the_test:mean({ 1 }, { ke"] = "x_of_the_test:mean({ 1 }, { keepdim = ",
    ["sl.group_norm(x, { gr"] = "sl.group_norm(x, { groups = ",
  }
  check.eq(select(2, tab "sl.conv2d(x, w, {"), { "b", "dilation", "groups", "padding", "stride" })
  rawset(_G, "x_of_the_test", nil)
end)

-- What an op is told by a name that is no option of it, it refuses, naming those that are.
check.test("the options offered for ops are those that they take by name", function()
  local keys, entries = require "sdelua.manual.keys", sl.manual.entries()
  for _, entry in ipairs(entries) do
    if entry.kind == "op" then
      local _, err = pcall(entry.value, { no_such_option = 1 })
      local known = tostring(err):match "expected ([^\n]*)"
      for name in pairs(keys.of(entry.value, entries, entry.name)) do
        check.ok((" " .. known .. ","):find(" " .. name .. ",", 1, true), entry.name .. ": " .. name .. ": " .. err)
      end
    end
  end
end)

check.test("elsewhere in a table, names", function()
  becomes {
    ["sl.solve.heun { steps = ma"] = "sl.solve.heun { steps = math", ["t = { sl.zer"] = "t = { sl.zeros",
    ["sl.nn.UNet { attn_resolutions = { pri"] = "sl.nn.UNet { attn_resolutions = { print",
    ["no_such_function { pri"] = "no_such_function { print", ["return { pri"] = "return { print",
    ["sl.solve.heun { S_churn } S_ch"] = "sl.solve.heun { S_churn } S_ch",
    ["sl.solve.heun { pri"] = "sl.solve.heun { print", ["x[sl.zer"] = "x[sl.zeros",
  }
end)

check.test("nothing in comments and long strings; nothing stumbles over what is no Lua", function()
  for _, text in ipairs { "-- pri", "x = 1 -- pri", "--[[ pri", "--[==[ ]] pri", "[[ pri", "x = [=[ ]] pri" } do
    check.eq({ sl.complete(text) }, { "" }, text)
  end
  becomes { ["--[[ a ]] pri"] = "--[[ a ]] print", ["-- a\npri"] = "-- a\nprint", ["[[a]] .. pri"] = "[[a]] .. print" }
  becomes { ["'it\\'s' .. pri"] = "'it\\'s' .. print", ["t[1] pri"] = "t[1] print", ["a - pri"] = "a - print" }
  for text in ([[} )]}{ ={= ,{ {=pri (,{, "\0 \255{ {{{{(((( ..:.. :: '\ ]==] 0x.1e 1..2 ;{;]]):gmatch "%S+" do
    sl.complete(text)
  end
  check.ok(pcall(sl.complete, "\0\255"))
  becomes { [""] = "  ", ["do\n"] = "do\n  ", ["do\n  "] = "do\n    ", ["sl.solve.pc {\n"] = "sl.solve.pc {\n" }
end)

check.test("files in a string, folders with a slash", function()
  files.with_folder(function(folder)
    sl.system.make_folder(folder .. "/pictures/inner")
    sl.system.make_folder(folder .. "/accents")
    for _, name in ipairs {
      "shirt.png", "shoe.png", ".hidden", 'quo"te', "accents/été", "accents/èté", "pictures/one file",
    } do
      files.write(folder .. "/" .. name, "")
    end
    local function path(text) return (text:gsub("@", folder)) end
    for text, want in pairs {
      ['sl.image.load "@/shi'] = 'sl.image.load "@/shirt.png"', ["f('@/sho"] = "f('@/shoe.png'",
      ['f("@/sh'] = 'f("@/sh', ['f("@/pic'] = 'f("@/pictures/', ['f("@/pictures/'] = 'f("@/pictures/',
      ['f("@/pictures/o'] = 'f("@/pictures/one file"', ['f("@/.h'] = 'f("@/.hidden"', ['f("@/qu'] = 'f("@/quo\\"te"',
      ["f('@/qu"] = "f('@/quo\"te'", ['f("@/accents/'] = 'f("@/accents/', ['f("@/no/'] = 'f("@/no/',
      ['{ "@/shi'] = '{ "@/shirt.png"',
    } do check.eq(tab(path(text)), path(want), text) end
    check.eq(select(2, tab(path 'f("@/sh')), { "shirt.png", "shoe.png" })
    check.eq(select(2, tab(path 'f("@/pictures/')), { "inner/", "one", "file" })
    check.eq(#select(2, tab(path 'f("@/')), 5)
  end)
  check.eq(tab 'f "tests/lu', 'f "tests/lua/')
end)

check.test("what help knows, in its string", function()
  becomes {
    ['help "conv_tr'] = 'help "conv_transpose2d"', ["sl.help('heu"] = "sl.help('heun'", ['help "READ'] = 'help "READ',
    ['help "solve.heu'] = 'help "solve.heun"', ['help "tensor.requires'] = 'help "tensor.requires_grad_"',
  }
  check.eq(select(2, tab 'help "conv2d'), { "conv2d", "conv2d_add" })
end)

check.test("words stand in columns", function()
  local more, shown = sl.complete("sl.nn.UNet { n", 40)
  check.eq({ more, shown }, { "", "nf              num_groups\nnum_heads       num_res_blocks\n" })
  check.eq(select(2, sl.complete("sl.nn.UNet { n", 1)), "nf\nnum_groups\nnum_heads\nnum_res_blocks\n")
end)

check.test("bad arguments of complete", function()
  check.raises(function() sl.complete() end, "complete: argument text: expected a text, got nil")
  check.raises(function() sl.complete("x", "y") end, "complete: argument width: expected a number of columns, got y")
end)

-- An option that is offered and refused, or known and not offered, would mislead.
check.test("the options offered for functions in Lua are those that they know", function()
  local keys = require "sdelua.manual.keys"
  for _, case in ipairs {
    { sl.image.grid, "image.grid", sl.zeros { 1, 1, 1, 1 } }, { sl.progress, "progress", 3 },
    { sl.likelihood.bits, "likelihood.bits", sl.zeros(1), 1 }, { sl.data.loader, "loader", sl.zeros { 2, 2 } },
    { sl.data.eight_gaussians, "eight_gaussians", 3 }, { sl.sde.define, "define" },
    { sl.inverse.masks.lines, "masks.lines", { 4, 4, 1 } }, { sl.solve.heun, "heun" }, { sl.nn.UNet, "UNet" },
    { sl.data.csv, "data.csv", "tests/lua/no.csv" }, { sl.noise, "noise" }, { sl.posterior.ddrm, "ddrm" },
  } do
    local arguments = { table.unpack(case, 3) }
    arguments[#arguments + 1] = { no_such_option = 1 }
    local ok, err = pcall(case[1], table.unpack(arguments))
    local known = not ok and tostring(err):match "unknown option no_such_option; expected ([^\n]*)"
    check.ok(known, tostring(err))
    check.eq(table.concat(options.names(keys.of(case[1], sl.manual.entries())), ", "), known, case[2])
  end
end)

rawset(_G, "sl", nil)
