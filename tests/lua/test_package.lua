-- The packages: what `cpack -G DEB` makes, unpacked elsewhere; the rock; and the manual page and completions, which
-- name the options that the program has.
local check = require "check"
local files = require "files"
local installed = require "installed"
local process = require "process"
local sl = require "sdelua"
local system = require "sdelua.core".system

local run = installed.run

-- ---- Debian ----------------------------------------------------------------------------------------------

-- What dpkg-deb says of a package, by field.
local function fields(deb)
  local found = {}
  for name, value in run("", "dpkg-deb", "-f", deb):gmatch "([%w-]+): ([^\n]*)" do found[name] = value end
  return found
end

local function contains(text, words)
  for _, word in ipairs(words) do check.ok(text:find(word, 1, true), word .. " is not in " .. text) end
end

check.test("cpack -G DEB makes packages that name what they need, and run from anywhere", function()
  files.with_folder(function(folder)
    run("cd " .. process.quote(installed.build) .. " && ", "cpack", "-G", "DEB", "-B", folder, "-D",
      "CPACK_DEBIAN_COMPRESSION_TYPE=gzip")
    local function deb(name) return run("", "sh", "-c", "ls " .. folder .. "/" .. name .. "_*.deb"):match "^[^\n]+" end
    local program, library, development = fields(deb "sdelua"), fields(deb "libsdelua0"), fields(deb "libsdelua-dev")
    contains(program.Depends, { "lua-argparse", "libc6 (>=", "liblua5.4-0", "libpng16-16", "libopenblas0" })
    contains(library.Depends, { "libc6 (>=", "libpng16-16", "libopenblas0" })
    check.ok(not library.Depends:find "lua", library.Depends)
    contains(development.Depends, { ("libsdelua0 (= %s)"):format(library.Version), "libpng-dev", "libopenblas-dev" })

    check.eq(files.read "cmake/debian/changelog":match "^sdelua %(([^)]+)%)", program.Version, "cmake/debian/changelog")

    local root = folder .. "/root"
    run("", "dpkg-deb", "-x", deb "libsdelua-dev", root)
    check.eq(system.kind(root .. "/usr/lib/pkgconfig"), nil)
    contains(run("PKG_CONFIG_PATH=" .. root .. "/usr/share/pkgconfig ", "pkg-config", "--cflags", "sdelua"),
      { "-I" .. root .. "/usr/share/pkgconfig/../../include" })
    run("", "dpkg-deb", "-x", deb "sdelua", root)
    local pictures = folder .. "/pictures"
    system.make_folder(pictures)
    for i = 1, 4 do
      sl.image.save(("%s/%d.png"):format(pictures, i), sl.randint(0, 256, { 8, 8, 1 }, { dtype = "uint8" }))
    end
    local text = run("cd " .. folder .. " && env -u LUA_PATH -u LUA_CPATH ", root .. "/usr/bin/sdelua", "train_vp.lua",
      "--data", "pictures", "--size", "8", "--channels", "1", "--nf", "4", "--ch-mult", "1,1", "--steps", "2")
    check.ok(text:find("wrote runs/vp/samples.png", 1, true), text)
    check.eq(system.kind(root .. "/usr/share/man/man1/sdelua.1.gz"), "file")
    check.eq(system.kind(root .. "/usr/share/zsh/vendor-completions/_sdelua"), "file")
  end)
end)

-- ---- LuaRocks ---------------------------------------------------------------------------------------------

-- As luarocks does with what was installed for LUADIR, LIBDIR and BINDIR: it lays them into its tree.
local function lay(folder)
  local rocks = folder .. "/rocks"
  for from, to in pairs { LUADIR = "/share/lua", LIBDIR = "/lib/lua", BINDIR = "" } do
    system.make_folder(rocks .. to)
    run("", "mv", folder .. "/" .. from, rocks .. to .. (from == "BINDIR" and "/bin" or "/5.4"))
  end
  return rocks
end

-- The build folder, which is not built, with what that of this test has built; installed as a rock.
local function install_rock(folder)
  for _, file in ipairs { "sdelua", "lib/sdelua/core.so" } do
    system.make_folder((folder .. "/" .. file):match "^(.*)/")
    run("", "cp", installed.build .. "/" .. file, folder .. "/" .. file)
  end
  run("", "cmake", "--install", folder, "--component", "program")
  return lay(folder)
end

local function check_rock(rocks)
  local alone, program = "cd " .. process.quote(rocks) .. " && env -u LUA_PATH -u LUA_CPATH ", rocks .. "/bin/sdelua"
  check.ok(run(alone, program, "train_vp.lua", "--help"):find "^Usage: train_vp.lua ")
  local code, text = process.run(alone, program, "no_script.lua")
  check.ok(code ~= 0 and text:find "cannot open no_script.lua", text)
  local paths = ("LUA_PATH='%s/share/lua/5.4/?/init.lua;%s/share/lua/5.4/?.lua' LUA_CPATH='%s/lib/lua/5.4/?.so' ")
    :format(rocks, rocks, rocks)
  check.eq(run(alone .. paths, "lua5.4", "-e", "print(require 'sdelua'.ones { 3 }:sum():item())"), "3.0\n")
end

check.test("the rockspec configures the module, the program and no more; as a rock they find their files", function()
  local rock = {}
  assert(loadfile("sdelua-scm-1.rockspec", "t", rock))()
  check.eq({ rock.package, rock.version, rock.build.type, rock.dependencies }, { "sdelua", "scm-1", "cmake",
    { "lua ~> 5.4" } })
  files.with_folder(function(folder)
    local words = { "cmake", "-S", installed.source, "-B", folder, "-G", "Ninja" }
    for name, value in pairs(rock.build.variables) do
      words[#words + 1] = ("-D%s=%s"):format(name, (value:gsub("%$%((%w+)%)", folder .. "/%1")))
    end
    local text = run("", table.unpack(words))
    check.ok(not text:find "not used by the project", text)
    local targets = run("", "ninja", "-C", folder, "-t", "targets", "all")
    contains(targets, { "sdelua: ", "lib/sdelua/core.so: " })
    check.ok(not targets:find "libsdelua%.so" and not targets:find "test_", "the rock builds too much")
    local steps = files.read(folder .. "/cmake_install.cmake")
    contains(steps, { folder .. "/LUADIR", folder .. "/LIBDIR/sdelua", folder .. "/BINDIR" })
    check_rock(install_rock(folder))
  end)
end)

-- ---- what people read and type ------------------------------------------------------------------------------

-- Every option that the program's usage tells, with the text behind it.
local function options()
  local _, usage = process.run("", process.program, "-?")
  local list = {}
  for letter, text in usage:gmatch "\n  %-(%a) ?%a* +([^\n]+)" do list[#list + 1] = { letter = letter, text = text } end
  check.ok(#list >= 6, usage)
  return list
end

check.test("the manual page and the completions know the program's options", function()
  local page = files.read "docs/man/sdelua.1"
  for _, option in ipairs(options()) do
    local letter = option.letter
    check.ok(page:find("\n%.B[IR]? \\%-" .. letter), "sdelua.1: -" .. letter)
    check.ok(files.read "cmake/completions/sdelua.bash":find(" %-" .. letter .. " "), "sdelua.bash: -" .. letter)
    check.ok(files.read "cmake/completions/_sdelua":find("['{]%*?%-" .. letter .. "[%[,]"), "_sdelua: -" .. letter)
    check.ok(files.read "cmake/completions/sdelua.fish":find(" %-s " .. letter .. " "), "sdelua.fish: -" .. letter)
  end
end)
