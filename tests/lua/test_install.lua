-- What `cmake --install` leaves: the program, the module for stock Lua, and a library that C programs find through
-- pkg-config and CMake. The examples in C, and every C block of the guide, are built against it and run.
local check = require "check"
local files = require "files"
local installed = require "installed"
local process = require "process"
local system = require "sdelua.core".system

local run, quote = installed.run, process.quote
local folder, prefix = installed.tree()
local work = folder .. "/work"
system.make_folder(work)

local HERE = "cd " .. quote(work) .. " && env -u LUA_PATH -u LUA_CPATH "
local LUA = ("LUA_PATH='%s/share/lua/5.4/?.lua;%s/share/lua/5.4/?/init.lua;;' LUA_CPATH='%s/lib/lua/5.4/?.so;;' ")
  :format(prefix, prefix, prefix)
local LIBRARY = "LD_LIBRARY_PATH=" .. quote(prefix .. "/lib") .. " "

check.test("the program finds its Lua files and its scripts beside itself", function()
  local sdelua = prefix .. "/bin/sdelua"
  local code = [[print(require "sdelua".ones { 2 }:sum():item(), package.searchpath("sdelua", package.path))]]
  local text = run(HERE, sdelua, "-e", code)
  check.ok(text:find("^2%.0\t.*/opt/somewhere/bin/%.%./share/lua/5%.4/sdelua/init%.lua\n$"), text)
  check.ok(run(HERE, sdelua, "train_vp.lua", "--help"):find "^Usage: train_vp.lua ")
  files.write(work .. "/train_vp.lua", "print 'a file here comes first'")
  check.eq(run(HERE, sdelua, "train_vp.lua"), "a file here comes first\n")
  check.ok(select(2, process.run(HERE, sdelua, "bench/ops.lua")):find "cannot open bench/ops.lua")
end)

check.test("without /proc it finds them by the name that it was called with", function()
  files.write(work .. "/no_proc.c", [[
    #include <sys/types.h>
    #include <errno.h>
    #include <stddef.h>
    ssize_t readlink(const char *path, char *into, size_t size);
    ssize_t readlink(const char *path, char *into, size_t size) {
      (void)path, (void)into, (void)size;
      errno = ENOENT;
      return -1;
    }]])
  run(HERE, "cc", "-shared", "-fPIC", "-o", "no_proc.so", "no_proc.c")
  system.make_folder(work .. "/empty")
  local before = ("cd %s/empty && ln -sf %s/bin/sdelua linked && env -u LUA_PATH -u LUA_CPATH "
    .. "LD_PRELOAD=%s/no_proc.so "):format(work, prefix, work)
  local path = ("PATH=/nowhere:%s/bin:$PATH "):format(prefix)
  for _, called in ipairs { path .. "sdelua", "../../opt/somewhere/bin/sdelua", "./linked" } do
    check.ok(run(before .. called .. " train_vp.lua --help"):find "^Usage: train_vp.lua ", called)
  end
end)

check.test("stock Lua loads the module", function()
  check.eq(run(HERE .. LUA, "lua5.4", "-e", [[print(require "sdelua".ones { 3 }:sum():item())]]), "3.0\n")
end)

check.test("every file has its place", function()
  for _, path in ipairs { "include/sdelua.h", "include/sdelua/solve.h", "lib/libsdelua.so", "lib/libsdelua.so.0",
    "lib/libsdelua.a", "share/man/man1/sdelua.1", "share/bash-completion/completions/sdelua",
    "share/zsh/site-functions/_sdelua", "share/fish/vendor_completions.d/sdelua.fish", "share/sdelua/types/sdelua.lua",
    "share/lua/5.4/sdelua/scripts/sample.lua", "share/doc/sdelua/README.md",
    "share/doc/sdelua/docs/reference/README.md" } do
    check.eq(system.kind(prefix .. "/" .. path), "file", path)
  end
  check.eq(system.kind(prefix .. "/share/lua/5.4/sdelua/scripts/reference.lua"), nil)
end)

check.test("the manual page names every installed script", function()
  local page, count = files.read(prefix .. "/share/man/man1/sdelua.1"), 0
  for _, name in ipairs(system.list_folder(prefix .. "/share/lua/5.4/sdelua/scripts")) do
    check.ok(page:find(name, 1, true), name)
    count = count + 1
  end
  check.ok(count > 10, count .. " scripts")
end)

check.test("bash completes options, scripts and their options", function()
  local function complete(...)
    local script = ("source %s; compopt() { :; }; COMP_WORDS=(sdelua \"$@\"); COMP_CWORD=$#; _sdelua sdelua; "
      .. "printf '%%s ' \"${COMPREPLY[@]}\""):format(quote(prefix .. "/share/bash-completion/completions/sdelua"))
    return run(HERE .. "PATH=" .. quote(prefix) .. "/bin:$PATH ", "bash", "--norc", "-c", script, "bash", ...)
  end
  check.eq(complete "-", "-e -i -l -v -h --help -E -W -- - ")
  check.eq(complete("-W", "-e", "x = 1", "samp"), "sample.lua ")
  check.eq(complete("train_ve.lua", "--resu"), "--resume ")
  check.eq(complete("-l", "sd"), "sdelua ")
end)

-- ---- C through pkg-config -----------------------------------------------------------------------------

local PKG_CONFIG = "PKG_CONFIG_PATH=" .. quote(prefix .. "/lib/pkgconfig") .. " pkg-config --cflags --libs "
local CC = "cc -std=c11 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Wshadow -Werror -O1 "

-- Builds the C file at `source` as `name`, with the packages that pkg-config knows.
local function compile(source, name, packages)
  run(HERE, "sh", "-c", ("%s %s -o %s $(%s %s)"):format(CC, quote(source), name, PKG_CONFIG, packages))
  return work .. "/" .. name
end

-- Every name in the headers that a program may call or read.
local function declared()
  local text = {}
  for _, name in ipairs(system.list_folder(prefix .. "/include/sdelua")) do
    text[#text + 1] = files.read(prefix .. "/include/sdelua/" .. name):gsub("/%*.-%*/", "")
  end
  local names, all = {}, table.concat(text)
  for list in all:gmatch "#define SL_%u+_OPS%(F%)(.-[^\\])\n" do
    for name in list:gmatch "F%((%w+)%)" do names["sl_" .. name] = true end
  end
  for line in all:gsub("#define[^\n]*", ""):gmatch "SL_API ([^;{]*)" do
    names[line:match "(sl_[%w_]+)%s*%(" or line:match "(sl_[%w_]+)[%[%]%d%s]*$"] = true
  end
  return names
end

check.test("the shared library gives what the headers declare, and nothing else", function()
  local names, count = declared(), 0
  for name in run("", "nm", "-D", "--defined-only", prefix .. "/lib/libsdelua.so"):gmatch " %u ([%w_]+)" do
    check.ok(names[name], name .. " is exported, and in no header")
    names[name], count = nil, count + 1
  end
  check.ok(count > 250, count .. " names")
  check.eq(next(names), nil, "in a header, and not exported")
end)

check.test("each header stands alone", function()
  for _, name in ipairs(system.list_folder(prefix .. "/include/sdelua")) do
    files.write(work .. "/header.c", ("#include <sdelua/%s>\n"):format(name))
    run(HERE, "sh", "-c", CC .. "-pedantic -fsyntax-only -I" .. quote(prefix .. "/include") .. " header.c")
  end
end)

check.test("the example without Lua: the same bits as its twin in Lua", function()
  local program = compile(installed.source .. "/examples/c/train_points.c", "train_points", "sdelua")
  check.ok(run(HERE .. LIBRARY, program, "c", "6"):find("wrote c.npy and c.png", 1, true))
  run(HERE, process.program, installed.source .. "/examples/c/train_points.lua", "lua", "6")
  check.ok(files.read(work .. "/c.npy") == files.read(work .. "/lua.npy"), "the points differ")
  local image = require "sdelua".image.load(work .. "/c.png")
  check.eq(image:shape(), { 320, 320, 1 })
  check.ok(image:to("float32"):mean():item() < 254, "the picture is blank")
  local code, text = process.run(HERE .. LIBRARY, program, "no/such/folder/c", "1")
  check.ok(code == 1 and text:find "\ntrain_points: npy.save: " or text:find "^train_points: npy.save: ", text)
end)

check.test("the example with Lua in it", function()
  local program = compile(installed.source .. "/examples/c/embed_lua.c", "embed_lua", "lua5.4")
  local script = installed.source .. "/examples/c/embed_lua.lua"
  local map = run(HERE .. LUA, program, script, "500")
  check.eq({ #map, select(2, map:gsub("\n", "")), map:find "@" ~= nil }, { 24 * 49, 24, true }, map)
  files.write(work .. "/broken.lua", "return function() error 'no model today' end")
  local code, text = process.run(HERE .. LUA, program, work .. "/broken.lua")
  check.ok(code == 1 and text:find "no model today\nstack traceback:", text)
end)

-- The blocks of the guide: the C blocks under one heading are one program, and the block without a language after them
-- is what it prints.
local function programs()
  local list, fence, block = {}, nil, nil
  for line in (files.read "docs/guides/embedding.md" .. "\n"):gmatch "(.-)\n" do
    local mark = line:match "^```(.*)"
    if line:find "^## " then list[#list + 1] = { title = line:sub(4), c = "", prints = nil } end
    if mark and not fence then fence, block = mark, {}
    elseif mark then
      local text, program = table.concat(block), list[#list]
      if fence == "c" then program.c = program.c .. text elseif fence == "" then program.prints = text end
      fence = nil
    elseif fence then block[#block + 1] = line .. "\n" end
  end
  return list
end

check.test("the programs of the guide print what it says", function()
  local count = 0
  for i, page in ipairs(programs()) do
    if page.c ~= "" then
      count = count + 1
      files.write(work .. "/guide.c", page.c)
      local program = compile(work .. "/guide.c", "guide" .. i, page.c:find "sdelua%.h" and "sdelua" or "lua5.4")
      check.eq(run(HERE .. LUA .. LIBRARY, program), page.prints, page.title)
    end
  end
  check.eq(count, 7, "programs")
end)

-- ---- C through CMake -------------------------------------------------------------------------------------

check.test("find_package finds both libraries", function()
  files.write(work .. "/CMakeLists.txt", ([[
cmake_minimum_required(VERSION 3.25)
project(host LANGUAGES C)
find_package(sdelua 0.1 REQUIRED)
add_subdirectory(%s/examples/c examples)
add_executable(with_static %s/examples/c/train_points.c)
target_link_libraries(with_static PRIVATE sdelua::static)
]]):format(installed.source, installed.source))
  run(HERE, "cmake", "-S", ".", "-B", "out", "-G", "Ninja", "-DCMAKE_PREFIX_PATH=" .. prefix)
  run(HERE, "cmake", "--build", "out")
  run(HERE, "out/with_static", "static", "6")
  check.ok(files.read(work .. "/static.npy") == files.read(work .. "/c.npy"), "the static library gives other bits")
  check.ok(not run(HERE, "ldd", "out/with_static"):find "libsdelua")
  local shared = run(HERE, "ldd", "out/examples/train_points") -- CMake gives it an rpath
  check.ok(shared:find("libsdelua.so.0 => " .. prefix .. "/lib/libsdelua.so.0", 1, true), shared)
end)

check.test("the examples in C without Lua: what needs none is built", function()
  local alone = HERE .. "PKG_CONFIG_LIBDIR=/nowhere "
  local text = run(alone, "cmake", "-S", installed.source .. "/examples/c", "-B", "bare", "-G", "Ninja",
    "-DCMAKE_PREFIX_PATH=" .. prefix)
  check.ok(text:find("embed_lua is left out", 1, true), text)
  check.ok(run(alone, "ninja", "-C", "bare", "-t", "targets", "all"):find "\ntrain_points: ")
end)

files.remove(folder)
