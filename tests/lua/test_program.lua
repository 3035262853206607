-- The program from outside: options, exit codes, what it loads, signals, the REPL. It runs itself, through the shell.
local check = require "check"
local process = require "process"

local program, quoted = process.program, process.quote
local folder = process.folder()

local function file(name, text)
  local path = folder .. "/" .. name
  local f <close> = assert(io.open(path, "wb"))
  f:write(text)
  return path
end

-- Standard output, standard error and the exit code of a shell command, in which $P is the program.
local function shell(command, input)
  local out, err, inp = folder .. "/out", folder .. "/err", file("in", input or "")
  local _, _, code = os.execute(("P=%s; cd %s; unset LUA_INIT LUA_INIT_5_4; { %s\n} >out 2>err <in")
    :format(quoted(program), quoted(folder), command))
  local function read(path) local f <close> = assert(io.open(path)); return f:read "a" end
  os.remove(inp)
  return read(out), read(err), code
end

local function gives(command, want_out, want_code, input)
  local out, err, code = shell(command, input)
  check.eq({ out, code }, { want_out, want_code or 0 }, command .. "\n" .. err)
  return err
end

check.test("options as lua5.4 has them", function()
  file("s.lua", "print(arg[0], #arg, arg[1], ...)")
  gives([["$P" s.lua a b]], "s.lua\t2\ta\ta\tb\n")
  gives([["$P" -- s.lua]], "s.lua\t0\tnil\n")
  gives([["$P" -e 'print(1)' -e 'print(arg[0])' s.lua x]], "1\ns.lua\ns.lua\t1\tx\tx\n")
  gives([["$P" -e 'print(2)']], "2\n")
  gives([["$P" - x]], "3\tx\n", 0, "print(1 + 2, ...)")
  gives([["$P"]], "4\n", 0, "print(4)")
  gives([["$P" -l s=string -e 'print(s.rep("a", 3))']], "aaa\n")
  gives([["$P" -lstring -e 'print(string.len "ab")']], "2\n")
  check.ok(shell [["$P" -v]]:find "^sdelua %d+%.%d+%.%d+  Lua 5.4")
  check.eq(gives([["$P" -W -e 'warn "hey"']], ""), "Lua warning: hey\n")
  check.eq(gives([["$P" -e 'warn "hey"']], ""), "")
  gives([[LUA_INIT='print "init"' "$P" -e 'print(1)']], "init\n1\n")
  gives([[LUA_INIT='print "init"' LUA_INIT_5_4='print "5.4"' "$P" -e 'print(1)']], "5.4\n1\n")
  gives([[LUA_INIT=@s.lua "$P" -e 'print(1)' | tail -n 1]], "1\n")
  gives([[LUA_INIT='print "init"' "$P" -E -e 'print(1)']], "1\n")
end)

check.test("exit codes and messages", function()
  gives([["$P" -e 'os.exit(7)']], "", 7)
  gives([["$P" -e 'os.exit(false)']], "", 1)
  gives([["$P" -e 'os.exit(true, true)']], "", 0)
  check.ok(gives([["$P" -e 'error "no"']], "", 1):find "^sdelua: %(command line%):1: no\nstack traceback:")
  check.ok(gives([["$P" -e 'error(setmetatable({}, {__tostring = function() return "obj" end}))']], "", 1)
    :find "^sdelua: obj")
  check.ok(gives([["$P" -e 'x = = 1']], "", 1):find "unexpected symbol")
  check.ok(gives([["$P" none.lua]], "", 1):find "cannot open none.lua")
  check.ok(gives([["$P" -x]], "", 1):find "unrecognized option '%-x'")
  check.ok(gives([["$P" -e]], "", 1):find "'%-e' needs argument")
  check.ok(gives([["$P" -l none]], "", 1):find "module 'none' not found")
end)

check.test("--help: options, the prompt, every installed script, where to read on", function()
  local text, err, code = shell [["$P" --help]]
  check.eq({ err, code }, { "", 0 })
  for _, words in ipairs { "usage: sdelua [options] [script [args]]", "  -e stat ", "prompt", "help(sl.solve)",
    "apropos", "SCRIPT --help", "docs/guides/ten-minutes.md" } do
    check.ok(text:find(words, 1, true), words)
  end
  local own = { ["docs.lua"] = true, ["gallery.lua"] = true, ["reference.lua"] = true } -- not installed
  for name in io.popen "cd scripts && ls *.lua":lines() do
    check.ok(own[name] or text:find("%f[%w_]" .. name:gsub("%.", "%%.")), name)
  end
  for line in text:gmatch "[^\n]+" do check.ok(#line <= 110, line) end
  gives([["$P" -h]], text)
  gives([["$P" -e 'print(1)' --help]], text)
  check.ok(gives([["$P" --hlep]], "", 1):find "unrecognized option '%-%-hlep'")
end)

check.test("precompiled chunks are refused everywhere", function()
  local code = file("c.luac", string.dump(load "return 1"))
  local refused = "attempt to load a binary chunk"
  for _, command in ipairs { [["$P" c.luac]], [["$P" - <c.luac]], [[LUA_INIT=@c.luac "$P" -e 'print(1)']] } do
    check.ok(gives(command, "", 1):find(refused, 1, true), command)
  end
  local f = assert(io.open(code, "rb")):read "a"
  check.ok(select(2, load(f)):find(refused, 1, true))
  check.ok(select(2, load(f, "x", "b")):find(refused, 1, true))
  check.ok(select(2, loadfile(code, "b")):find(refused, 1, true))
  check.raises(function() dofile(code) end, refused)
  local path = package.path
  package.path = folder .. "/?.luac"
  check.raises(function() require "c" end, refused)
  package.path = path
  check.eq(load("return a, ...", "x", nil, { a = 3 })(4), 3)
end)

check.test("it finds its own Lua files from any folder", function()
  gives([[cd / && "$P" -e 'print(require "sdelua".zeros(2):sum():item())']], "0.0\n")
  gives([[env -i "$P" -e 'print(type(require "sdelua".nn))']], "table\n")
end)

-- ---- SIGINT ------------------------------------------------------------------------------

-- Starts a script, sends it SIGINT when it says "ready" and after each further line it writes.
local function interrupted(script, times)
  file("loop.lua", script)
  return shell(([[: >log; "$P" loop.lua >log 2>err2 & pid=$!
    for n in $(seq %d); do
      tries=0
      while [ $(wc -l <log) -lt $n ] && [ $tries -lt 400 ]; do sleep 0.02; tries=$((tries + 1)); done
      kill -INT $pid
    done
    wait $pid; code=$?; cat log; cat err2 >&2; exit $code]]):format(times))
end

check.test("SIGINT raises in running Lua and at the core's poll points", function()
  local out, err, code = interrupted("io.stdout:setvbuf 'line' print 'ready' while true do end", 1)
  check.eq({ out, code }, { "ready\n", 1 }, err)
  check.ok(err:find "interrupted!", err)
  out, err, code = interrupted([[
    local sl = require "sdelua"
    local poll = sl.testing.poll
    io.stdout:setvbuf "line"
    print "ready"
    local ok, message = pcall(coroutine.wrap(function() while true do poll() end end))
    print(message:match "interrupted!")
    print(sl.ones(2):sum():item())]], 1)
  check.eq({ out, code }, { "ready\ninterrupted!\n2.0\n", 0 }, err)
end)

check.test("inside a progress loop the first SIGINT asks and the second raises", function()
  local out, err, code = interrupted([[
    local interrupt = require "sdelua.core".interrupt
    io.stdout:setvbuf "line"
    interrupt.begin()
    print "ready"
    while not interrupt.requested() do end
    print("asked", interrupt.finish())
    os.exit(130)]], 1)
  check.eq({ out, code }, { "ready\nasked\ttrue\n", 130 }, err)
  out, err, code = interrupted([[
    local interrupt = require "sdelua.core".interrupt
    io.stdout:setvbuf "line"
    interrupt.begin()
    print "ready"
    while not interrupt.requested() do end
    print "asked"
    while true do end]], 2)
  check.eq({ out, code }, { "ready\nasked\n", 1 }, err)
  check.ok(err:find "interrupted!", err)
end)

-- ---- the REPL -----------------------------------------------------------------------------

-- Its answers, without banner and prompts.
local function repl(input)
  local out, err, code = shell([["$P" -i]], input)
  check.eq(code, 0, err)
  out = out:gsub("^[^\n]*\n", ""):gsub("\n$", "")
  return out:gsub("(>+ )", ""), err
end

check.test("the REPL prints expressions, continues lines, and goes on after errors", function()
  check.eq(repl "1 + 1\n", "2\n")
  check.eq(repl "1, nil, 'a'\n=3\nx = 4\nx\n;\n", "1\tnil\ta\n3\n4\n")
  check.eq(repl "for i = 1, 2 do\nprint(i)\nend\n", "1\n2\n")
  check.eq(repl "sl.ones { 2 }\n", "float32 [2]\n 1 1\n")
  local out, err = repl "error 'no'\n1 +\nx = = 2\n5\n"
  check.ok(out:find "5\n$", out)
  check.ok(err:find "^stdin:1: no\nstack traceback:" and err:find "unexpected symbol", err)
  check.ok(select(2, repl("\27Lua\n")):find "attempt to load a binary chunk")
end)

check.test("the REPL says what is in plain tables", function()
  check.eq(repl "sl.zeros(2, 3):shape()\n", "{ 2, 3 }\n")
  check.eq(repl "{ 1.5, 2.0, a = 'x', [-1] = true, f = { sl.ones(2), { {} } } }, nil, 3\n",
    '{ [-1] = true, 1.5, 2.0, a = "x", f = { float32 [2], { … } } }\tnil\t3\n')
  check.eq(repl "setmetatable({ 1 }, { __tostring = function() return 'own' end })\n", "own\n")
  check.eq(repl "t = {} t.t = t\nt\n{}\n", "{ t = { t = { … } } }\n{}\n")
  check.eq(repl "t = {} for i = 1, 100 do t[i] = i end\nt\n":match "16, … 100 in all }\n$", "16, … 100 in all }\n")
  check.eq(repl "function print(x) io.write(x, '!') end\n{ 1 }\n", "{ 1 }!")
end)

check.test("help, apropos, quit and exit typed alone say what they are for; errors of help are a line", function()
  local out = repl "help\napropos\nquit\nexit\n"
  check.ok(out:find("help() says what there is", 1, true), out)
  check.ok(out:find("Ctrl-D leaves, and so does quit()\n", 1, true), out)
  local err
  out, err = repl 'help "euler_maruyma"\nhelp(undefined)\n'
  check.ok(out:find("did you mean solve.euler_maruyama?\n", 1, true) and out:find "got nil, which is", out)
  check.eq(err, "")
  check.eq(repl "1\nquit()\n2\n", "1\n")
  check.eq(repl "exit()\n2\n", "")
end)

check.test("errors suggest what a misspelt name was meant for, once sdelua is loaded", function()
  local _, err = repl "sl.zero(3)\nsl.plot {}:scater()\n"
  check.ok(err:find("(field 'zero'); did you mean sl.zeros?\nstack traceback", 1, true), err)
  check.ok(err:find("did you mean Figure:scatter?", 1, true), err)
  err = gives([["$P" -e 'require "sdelua".zero()']], "", 1)
  check.ok(err:find("(field 'zero'); did you mean sl.zeros?", 1, true), err)
  err = gives([["$P" -e 'local t = {} t.zero()']], "", 1)
  check.ok(err:find "field 'zero'" and not err:find "did you mean", err)
end)

-- With a terminal (script makes one): editing, completion, history. The lines come one by one, as from a person: what
-- arrives while no line is being read is not edited.
local function terminal(lines, variables)
  local keys = {}
  for i, line in ipairs(lines) do keys[i] = "sleep 0.2; printf %s " .. quoted(line .. "\n") end
  return shell("{ " .. table.concat(keys, "; ") .. [[; sleep 0.2; } |
    HOME=$PWD XDG_STATE_HOME= TERM=dumb ]] .. (variables or "LC_ALL=C")
    .. [[ timeout 20 script -qec "'$P'" typescript]])
end

check.test("completion on fields and methods, and a history for the user alone", function()
  local out = terminal { "x = sl.zer\t(2)", "x:requires_grad\t()", "sl.nn.GroupN\t", "print(x:num\t())", "os.exit()" }
  local history = assert(io.open(folder .. "/.local/state/sdelua/history")):read "a"
  check.ok(history:find("sl.zeros(2)", 1, true), history .. out)
  check.ok(history:find("sl.nn.GroupNorm", 1, true) and history:find("x:numel()", 1, true), history)
  local mode = shell "stat -c %a .local/state/sdelua/history .local/state/sdelua"
  check.eq(mode, "600\n700\n")
end)

check.test("a session at a terminal begins with what to ask, and help is as wide as the terminal", function()
  local out = terminal { "os.execute 'stty cols 60 rows 30'", "help 'heun'", "os.exit()" }
  check.ok(out:find('help() says what there is, help "heun"', 1, true), out)
  for line in out:match "solve%.heun {.*":gmatch "[^\r\n]+" do check.ok(utf8.len(line) <= 60, line) end
end)

check.test("completion of options, of files, of calls over several lines, and what there is to choose", function()
  shell "mkdir -p pictures && : > pictures/shirt.png"
  local out = terminal {
    "a = sl.solve.heun { S_ch\t3 }", "b = sl.nn.MLP {", "di\t2, hid\t16 }", 'c = "pict\tsh\t',
    "print(a.options.S_churn, b.config.hidden[1], c)", "sl.solve.dpmpp_2m\t", "\td = 7", "os.exit()",
  }
  check.ok(out:find("3\t16\tpictures/shirt.png", 1, true), out)
  check.ok(out:find("dpmpp_2m      dpmpp_2m_sde", 1, true), out)
  check.ok(not out:find "stdin:%d", out)
end)

check.test("letters beyond ASCII where they are UTF-8", function()
  shell "mkdir -p words && : > words/été.png"
  local out = terminal({ 'x = "words/é\t', "print(x, #x, 1.5)", "os.exit()" }, "LC_ALL=C.UTF-8")
  check.ok(out:find("words/été.png\t15\t1.5", 1, true), out)
end)

os.execute("rm -rf " .. quoted(folder))
