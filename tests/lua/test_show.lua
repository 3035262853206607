-- Pictures in the terminal: the bytes of each protocol, and which one a terminal gets, in terminals that python3 plays.
local check = require "check"
local files = require "files"
local process = require "process"
local sl = require "sdelua"
local system = require "sdelua.core".system

local PYTHON = system.kind "/usr/bin/python3" and "/usr/bin/python3" or "python3"

local RED_GREEN = sl.tensor({ { { 255, 0, 0 }, { 0, 255, 0 } } }, { dtype = "uint8" })
local FOUR = sl.tensor({ { { 255, 0, 0 }, { 0, 255, 0 } }, { { 0, 0, 255 }, { 0, 255, 0 } } }, { dtype = "uint8" })

-- ---- bytes ---------------------------------------------------------------------------------------------------------

-- What a program without a terminal prints, with these variables.
local function printed(variables, code)
  local status, text = process.run("env -u COLORTERM -u COLUMNS " .. variables, process.program, "-e",
    'sl = require "sdelua"; x = sl.tensor({ { { 255, 0, 0 }, { 0, 255, 0 } }, { { 0, 0, 255 }, { 0, 255, 0 } } }, '
    .. '{ dtype = "uint8" }) ' .. code)
  check.eq(status, 0, text)
  return text
end

check.test("half blocks: true colour, 256 colours, a last line of one pixel", function()
  local E = "\27["
  check.eq(printed("COLORTERM=truecolor", "sl.show.blocks(x)"),
    E .. "38;2;255;0;0m" .. E .. "48;2;0;0;255m▀" .. E .. "38;2;0;255;0m" .. E .. "48;2;0;255;0m▀" .. E .. "0m\n")
  check.eq(printed("COLORTERM=24bit", 'sl.show(x:narrow(1, 1, 1), { protocol = "blocks" })'),
    E .. "38;2;255;0;0m▀" .. E .. "38;2;0;255;0m▀" .. E .. "0m\n")
  check.eq(printed("", "sl.show.blocks(x)"),
    E .. "38;5;196m" .. E .. "48;5;21m▀" .. E .. "38;5;46m" .. E .. "48;5;46m▀" .. E .. "0m\n")
  check.eq(printed("", 'sl.show.blocks(sl.full({ 2, 3, 1 }, 120, { dtype = "uint8" }))'),
    E .. "38;5;243m" .. E .. "48;5;243m▀▀▀" .. E .. "0m\n")
end)

check.test("half blocks fit the width", function()
  local function size(variables, code)
    local text = printed(variables, code):gsub("\27%[[%d;]*m", "")
    return { utf8.len(text:match "^[^\n]*"), select(2, text:gsub("\n", "")) }
  end
  check.eq(size("", "sl.show.blocks(sl.zeros { 200, 200, 3 })"), { 80, 40 })
  check.eq(size("COLUMNS=50", "sl.show.blocks(sl.zeros { 200, 200, 3 })"), { 50, 25 })
  check.eq(size("COLUMNS=50", "sl.show.blocks(sl.zeros { 10, 20, 3 }, { width = 40 })"), { 40, 10 })
  check.eq(size("COLUMNS=50", "sl.show.blocks(sl.zeros { 10, 20, 3 }, { width = 400 })"), { 50, 13 })
  check.eq(size("COLUMNS=nonsense", "sl.show.blocks(sl.zeros { 1, 2000, 1 })"), { 80, 1 })
  check.eq(size("", "sl.show.blocks(sl.zeros { 3, 8, 8, 1 })"), { 22, 11 })
end)

check.test("kitty: pixels in base64, in chunks", function()
  check.eq(sl.show.protocols:find "kitty".draw(RED_GREEN), "\27_Ga=T,f=24,q=2,s=2,v=1,m=0;/wAAAP8A\27\\\n")
  local text = sl.show.protocols:find "kitty".draw(sl.full({ 64, 64, 3 }, 1, { dtype = "uint8" }))
  local data, more = {}, {}
  for keys, chunk in text:gmatch "\27_G([^;]*);([^\27]*)\27\\" do
    data[#data + 1], more[#more + 1] = #chunk, keys:match "m=(%d)$"
  end
  check.eq(data, { 4096, 4096, 4096, 4096 })
  check.eq(more, { "1", "1", "1", "0" })
  check.ok(not text:find("a=T", 10, true), "keys come once")
  for length, padding in pairs { [3] = "^[^=]*$", [1] = "AA==$", [2] = "AAA=$" } do
    local picture = sl.zeros({ 1, length, 1 }, { dtype = "uint8" }) -- of as many bytes, which is no picture of kitty's
    check.ok(sl.show.protocols:find "kitty".draw(picture):match ";(.-)\27\\":find(padding), length)
  end
end)

check.test("sixel: palette, bands, runs", function()
  local draw = sl.show.protocols:find "sixel".draw
  local colors = "#0;2;0;0;100#1;2;0;100;0#2;2;100;0;0"
  check.eq(draw(FOUR), '\27P0;1q"1;1;2;2' .. colors .. "#0A$#1?B$#2@\27\\\n")
  check.eq(draw(sl.full({ 8, 5, 3 }, 255, { dtype = "uint8" })),
    '\27P0;1q"1;1;5;8#0;2;100;100;100#0!5~-#0!5B\27\\\n')
end)

check.test("pixels: small pictures are enlarged, large ones fit", function()
  local function size(picture, opts)
    opts.protocol = "sixel"
    local w, h = sl.show.text(picture, opts):match '"1;1;(%d+);(%d+)'
    return { tonumber(w), tonumber(h) }
  end
  local columns, _, cell = system.terminal_size()
  local room = columns * (cell > 0 and cell or 10)
  check.eq(size(sl.zeros { 28, 28, 1 }, {}), { 308, 308 })
  check.eq(size(sl.zeros { 100, 330, 1 }, {}), { 330, 100 })
  check.eq(size(sl.zeros { 10, 3 * room, 1 }, {}), { room, 3 })
  if cell == 0 then
    check.eq(size(sl.zeros { 30, 100, 1 }, { width = 5 }), { 50, 15 })
    check.eq(size(sl.zeros { 28, 28, 1 }, { width = 40 }), { 392, 392 }) -- whole factors alone
  end
  local text = sl.show.text(FOUR, { protocol = "kitty", width = 1 })
  check.ok(text:find "s=10,v=10" or cell > 0, text)
end)

check.test("without a terminal a line says what it would show", function()
  check.eq(printed("COLORTERM=truecolor KITTY_WINDOW_ID=1 TERM=xterm-kitty", "sl.show(x)"),
    'a picture of 2 x 2 pixels, which is drawn in a terminal, or with protocol = "blocks"\n')
end)

check.test("a protocol of one's own is a file", function()
  files.with_folder(function(folder)
    local path = package.path
    package.path = folder .. "/?.lua;" .. path
    sl.system.make_folder(folder .. "/sdelua/show/protocols")
    files.write(folder .. "/sdelua/show/protocols/ascii.lua", [[
      return {
        doc = "Letters.", source = "this test", fit = function(x) return x:shape(1), x:shape(2) end,
        draw = function(x)
          local lines = {}
          for i, row in ipairs(x:totable()) do
            for j, pixel in ipairs(row) do row[j] = pixel[1] > 127 and "#" or "." end
            lines[i] = table.concat(row) .. "\n"
          end
          return table.concat(lines)
        end,
      }]])
    local ok, err = pcall(function()
      check.eq(sl.show.text(FOUR, { protocol = "ascii" }), "#.\n..\n")
      check.ok(tostring(sl.show.list()):find "ascii%s+Letters%.")
    end)
    package.path = path
    if not ok then error(err, 0) end
  end)
end)

check.test("bad arguments of show", function()
  check.raises(function() sl.show(7) end, "show: argument x: expected a picture [H,W,C], a batch [N,H,W,C] or")
  check.raises(function() sl.show() end, "got nil")
  check.raises(function() sl.show(FOUR, { protocol = "ascii" }) end,
    "show: option protocol: expected one of blocks, kitty, sixel, got ascii")
  check.raises(function() sl.show(FOUR, { protocol = 7 }) end, "got 7")
  check.raises(function() sl.show(FOUR, { width = 0 }) end, "show: option width: expected a number of columns, got 0")
  check.raises(function() sl.show.blocks(FOUR, { protocol = "kitty" }) end, "show.blocks: unknown option protocol")
end)

-- ---- terminals ----------------------------------------------------------------------------------------------------

-- Plays a terminal of 40 x 20 cells of 8 x 16 pixels: runs a program in it, types, and answers what is asked.
local PLAYER = [==[
import os, pty, sys, time, select, struct, fcntl, termios, signal
program, answer, typed, code = sys.argv[1:5] # typed when asked, or early, before all
pid, fd = pty.fork()
if pid == 0:
  time.sleep(0.1)
  for name in ("TMUX", "KITTY_WINDOW_ID", "TERM_PROGRAM", "COLORTERM", "COLUMNS"): os.environ.pop(name, None)
  os.environ["TERM"] = "xterm"
  for word in sys.argv[5:]: os.environ.update([word.split("=")])
  os.execv(program, [program, "-e", 'sl = require "sdelua" x = sl.zeros { 2, 100, 3 } ' + code])
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 20, 40, 320, 320))
before = termios.tcgetattr(fd)
out, asked, begin = b"", False, time.time()
if typed.startswith("early "): os.write(fd, typed[6:].encode())
while time.time() - begin < 8:
  if not select.select([fd], [], [], 0.1)[0]: continue
  try: got = os.read(fd, 65536)
  except OSError: break
  if not got: break
  out += got
  if b"\033[c" in out and not asked:
    asked = True
    os.write(fd, typed.encode().decode("unicode_escape").encode() + answer.encode().decode("unicode_escape").encode())
after = termios.tcgetattr(fd) if os.path.exists("/proc/%d" % pid) else before
os.kill(pid, signal.SIGKILL)
os.waitpid(pid, 0)
print("asked" if asked else "not asked", "same" if before[3] == after[3] else "changed", repr(out.decode("latin1")))
]==]

local function play(answer, typed, code, ...)
  local status, text = process.run("", PYTHON, "-c", PLAYER, process.program, answer, typed, code, ...)
  check.eq(status, 0, text)
  return text
end

-- With what is left to read afterwards, and whether the terminal shows what is typed and hands on whole lines.
local LEFT = 'sl.show(x) os.execute "stty -a | tr \\";\\" \\"\\n\\" | grep -ow -e -icanon -e icanon -e -echo -e echo" '

check.test("a terminal that says so gets sixels, and is asked once", function()
  local text = play("\\x1b[?62;4;22c", "", LEFT .. "sl.show(x)")
  check.ok(text:find "^asked", text)
  check.eq(select(2, text:gsub('\\x1bP0;1q"1;1;300;6', "")), 2, text)
  check.eq(select(2, text:gsub("\\x1b%[c", "")), 1, text)
  check.ok(text:find("icanon\\r\\necho", 1, true) and not text:find("-icanon", 1, true), text)
end)

check.test("one that has none, or does not answer, gets half blocks of its width", function()
  local text = play("\\x1b[?1;2c", "", LEFT)
  check.ok(text:find("^asked") and text:find("38;5;244m", 1, true) and not text:find("1b%[%?1;2c"), text)
  check.eq(select(2, text:gsub("\\x96\\x80", "")), 40, text)
  local begin = system.clock()
  text = play("", "", LEFT, "COLORTERM=truecolor")
  check.ok(text:find("38;2;128;128;128m", 1, true) and text:find("icanon\\r\\necho", 1, true), text)
  check.ok(system.clock() - begin < 4)
end)

check.test("a picture is a line less high than the terminal at most, unless its width is said", function()
  local function blocks(code)
    local text = play("", "", code, "TERM=dumb")
    local _, n = text:gsub("\\x96\\x80", "")
    return { n, select(2, text:gsub("\\n", "")) }
  end
  check.eq(blocks "sl.show(sl.zeros { 100, 100, 3 })", { 38 * 19, 19 })
  check.eq(blocks "sl.show(sl.zeros { 3, 100, 3 })", { 40, 1 })
  check.eq(blocks "sl.show(sl.zeros { 1000, 1, 3 })", { 19, 19 })
  check.eq(blocks "sl.show(sl.zeros { 100, 100, 3 }, { width = 40 })", { 40 * 20, 20 })
  local function pixels(code) return play("", "", code, "TERM=xterm-kitty"):match "_Ga=T,f=24,q=2,(s=%d+,v=%d+)" end
  check.eq(pixels "sl.show(sl.zeros { 608, 100, 3 })", "s=50,v=304")
  check.eq(pixels "sl.show(sl.zeros { 100, 50, 3 })", "s=150,v=300")
  check.eq(pixels "sl.show(sl.zeros { 608, 100, 3 }, { width = 10 })", "s=80,v=486")
end)

check.test("kitty by what its variables say, unless in tmux; a dumb terminal is not asked", function()
  for _, said in ipairs { "TERM=xterm-kitty", "TERM_PROGRAM=WezTerm", "TERM=xterm-ghostty", "KITTY_WINDOW_ID=3" } do
    local text = play("", "", "sl.show(x)", said)
    check.ok(text:find "^not asked" and text:find("_Ga=T,f=24,q=2,s=300,v=6", 1, true), text)
  end
  check.ok(play("\\x1b[?1;2c", "", "sl.show(x)", "KITTY_WINDOW_ID=3", "TMUX=a"):find "^asked")
  check.ok(play("", "", "sl.show(x)", "TERM=dumb"):find "^not asked")
end)

check.test("what is typed meanwhile stays to be read, or else is not read", function()
  local text = play("", "early hello\n", "sl.show(x) print('read', io.read())")
  check.ok(text:find "^not asked" and text:find("read\\thello", 1, true), text)
  text = play("\\x1b[?62;4c", "hello\\n", "sl.show(x) print('read', io.read())")
  check.ok(text:find('1;1;300;6', 1, true), text)
  -- Kernels that do not let a program put keys back lose them.
  local file <close> = io.open "/proc/sys/dev/tty/legacy_tiocsti"
  if file and file:read(1) == "0" then return print "test_show: this kernel lets no key be put back: not tested" end
  check.ok(text:find("read\\thello", 1, true), text)
end)
