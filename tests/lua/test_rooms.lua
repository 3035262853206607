-- The include rule of the house: base <- kernel <- tensor <- op <- autograd <- {linalg, nn, optim, sde <- solve};
-- draw <- io <- tensor; bind <- all. lua.h belongs to bind alone.
local check = require "check"

local below = {
  base = {}, kernel = { "base" }, tensor = { "base", "kernel" }, op = { "base", "kernel", "tensor" },
  autograd = { "base", "kernel", "tensor", "op" },
}
below.io = { "base", "kernel", "tensor" }
below.draw = { "base", "kernel", "tensor", "io" }
below.nn = { "base", "kernel", "tensor", "op", "autograd" }
below.optim, below.sde, below.linalg = below.nn, below.nn, below.nn
below.solve = { "base", "kernel", "tensor", "op", "autograd", "sde" }

-- op declares nodes in terms of the public autograd header, and kernel's table in terms of dtypes: headers
-- of types, without code of the room above.
local type_headers = { op = { ["sdelua/autograd.h"] = true }, kernel = { ["sdelua/tensor.h"] = true } }

local function room_of(include)
  local name = include:match("^sdelua/(%a+)%.h$") or include:match("^(%a+)/")
  return name and below[name] and name
end

local function allowed(room, include)
  local target = room_of(include)
  if not target or target == room or (type_headers[room] or {})[include] then return true end
  for _, r in ipairs(below[room]) do if r == target then return true end end
  return false
end

check.test("rooms include only what is below them", function()
  local list = assert(io.popen("find src -name '*.c' -o -name '*.h' -o -name '*.inc'"))
  local files = 0
  for path in list:lines() do
    local room = path:match("^src/(%a+)/")
    files = files + 1
    for line in io.lines(path) do
      local include = line:match('^%s*#%s*include%s*["<]([^">]+)[">]')
      if include and room ~= "bind" then
        check.ok(not include:match("^lua") and include ~= "lauxlib.h", path .. " includes " .. include)
        check.ok(allowed(room, include), path .. " may not include " .. include)
      end
    end
  end
  list:close()
  check.ok(files > 50, "found only " .. files .. " files: run from the top of the tree")
end)
