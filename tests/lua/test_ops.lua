-- How the rows of the op table reach Lua: functions, methods, in-place forms, arguments by place and by name.
local check = require "check"
local sl = require "sdelua"
local docs = require "sdelua.core".op_docs
local tensor_method = function(name) return sl.zeros(1)[name] end

check.test("every op is a function, most are methods, and all have help", function()
  local n = 0
  for name, doc in pairs(docs) do
    n = n + 1
    check.eq(type(sl[name]), "function", name)
    check.ok(doc:find(name .. "(", 1, true) == 1 and doc:find "%): .+", doc)
    local first = sl.help(name):match "^[^\n]*" -- then others of that name
    check.ok(first:find(name .. "(", 1, true) == 1 and first:find(doc:match "%): (.+)", 1, true), first)
    if not doc:find("^[%w_]+%(%w+%*") then check.eq(tensor_method(name), sl[name], name) end
  end
  check.ok(n > 50, "only " .. n .. " ops")
  check.ok(#sl.help() > 1000)
end)

-- Each op given nothing, the wrong thing, too much, and an unknown option: an error that names it.
check.test("every op names itself, the argument and what it got", function()
  for name, doc in pairs(docs) do
    local first, list = doc:match "%((%w+)([%*]?)"
    local missing = check.raises(function() sl[name]() end, name .. ": argument " .. first .. ": expected")
    check.ok(missing:find "got no value", missing)
    check.raises(function() sl[name](print) end, name .. ": argument " .. first)
    check.raises(function() sl[name](sl, {}) end, "expected")
    if list == "" then
      local x = sl.zeros(1)
      local err = check.raises(function() sl[name](x, x, x, x, x, x, x, x, x, x, x, x) end, name)
      check.ok(err:find "expected", err)
      check.raises(function() sl[name](x, { colour = 1 }) end, name .. ": unknown option colour; expected " .. first)
    end
  end
end)

check.test("arguments by place, by name and as lists", function()
  local x = sl.arange(24):reshape(2, 3, 4)
  check.eq(x:sum():item(), 276)
  check.eq(x:sum(1, 3):shape(), { 3 })
  check.eq(x:sum({ 1, 3 }, true):shape(), { 1, 3, 1 })
  check.eq(x:sum { dims = { -1 }, keepdim = true }:shape(), { 2, 3, 1 })
  check.eq(sl.sum(x, 2, { keepdim = true }):shape(), { 2, 1, 4 })
  check.eq(x:reshape(4, -1):shape(), { 4, 6 })
  check.eq(x:reshape { 24 }:shape(), { 24 })
  check.eq(x:permute(3, 1, 2):shape(), { 4, 2, 3 })
  check.eq(sl.cat({ x, x }, 2):shape(), { 2, 6, 4 })
  check.eq(sl.stack({ x, x }, 1):shape(), { 2, 2, 3, 4 })
  check.eq(sl.zeros(1):reshape {}:shape(), {})
  local img, w = sl.ones { 1, 5, 5, 2 }, sl.ones { 3, 3, 2, 4 }
  check.eq(sl.conv2d(img, w):shape(), { 1, 3, 3, 4 })
  check.eq(sl.conv2d(img, w, nil, 2, 1):shape(), { 1, 3, 3, 4 })
  check.eq(img:conv2d(w, { padding = 1 }):shape(), { 1, 5, 5, 4 })
  check.eq(sl.conv2d { x = img, w = w, b = sl.ones(4) }[1][1][1][1]:item(), 19)
  check.eq(sl.conv2d(img, w, nil, { 1, 2 }, { padding = { 2, 0 } }):shape(), { 1, 7, 2, 4 })
  check.eq(img:conv2d(w, { padding = 2, dilation = 2 }):shape(), { 1, 5, 5, 4 })
  check.eq(img:conv2d(sl.ones { 3, 3, 1, 4 }, { groups = 2 })[1][1][1]:totable(), { 9, 9, 9, 9 })
  check.eq(img:conv_transpose2d(sl.ones { 3, 3, 4, 2 }, { stride = 2, padding = 1 }):shape(), { 1, 9, 9, 4 })
  check.eq(img:conv_transpose2d(sl.ones { 3, 3, 4, 2 }, nil, 2, 1, { output_padding = { 0, 1 } }):shape(),
    { 1, 9, 10, 4 })
  check.raises(function() img:conv2d(w, { groups = 2 }) end,
    "conv2d: argument x: expected 2 channels, last, for each of the 2 groups, to match w [3,3,2,4], got [1,5,5,2]")
  check.raises(function() x:sum(1, { dims = 2 }) end, "sum: argument dims: given twice")
  check.raises(function() x:sum(1, true, 3) end, "sum: expected at most 3 arguments, got 4")
  check.raises(function() x:sum(0) end, "sum: argument dims: expected 1, 2, ... or, from the end, -1, -2, ..., got 0")
end)

check.test("pairs: one number for height and width, or both", function()
  local img, box = sl.ones { 1, 6, 8, 2 }, sl.ones { 2, 3 }
  check.eq(img:max_pool():shape(), { 1, 3, 4, 2 })
  check.eq(img:max_pool({ 3, 2 }, { stride = 1, padding = { 1, 0 } }):shape(), { 1, 6, 7, 2 })
  check.eq(img:avg_pool(2, { 2, 1 }):shape(), { 1, 3, 7, 2 })
  check.eq(img:fir_resample(box, { up = { 2, 1 }, down = { 1, 2 }, padding = { 1, 0 } }):shape(), { 1, 12, 4, 2 })
  check.eq(img:fir_resample(box, 1, 1, 2):shape(), { 1, 9, 10, 2 })
  check.eq(img:fir_resample(box, 1, 1, { 1, 0, 3, 2 }):shape(), { 1, 6, 11, 2 })
  check.raises(function() img:max_pool { 2, 2, 2 } end, "max_pool: argument window: expected an integer or two, got 3")
  check.raises(function() img:max_pool "2" end, "max_pool: argument window: expected an integer or two, got the string")
  check.raises(function() img:max_pool { window = { 1, 1.5 } } end, "max_pool: argument window[2]: expected an integer")
  check.raises(function() img:max_pool(1 << 40) end, "max_pool: argument window: expected integers of less than 2^31")
  check.raises(function() img:fir_resample(box, { padding = { 1, 2, 3 } }) end,
    "fir_resample: argument padding: expected one number, {before, after} or {top, bottom, left, right}, got 3 numbers")
end)

check.test("positions count from 1", function()
  local x = sl.tensor { { 1, 9, 3 }, { 7, 5, 6 } }
  local at = x:argmax(2)
  check.eq(at:totable(), { 2, 1 })
  check.eq(x:gather(at:reshape(2, 1), 2):totable(), { { 9 }, { 7 } })
  check.eq(x:index_select(sl.tensor({ 3, 1 }, { dtype = "int64" }), 2):totable(), { { 3, 1 }, { 6, 7 } })
  check.eq(sl.embedding(x, at):totable(), { { 7, 5, 6 }, { 1, 9, 3 } })
  check.eq(x:select(2, 3):totable(), { 3, 6 })
  check.eq(x:select(2, -1):totable(), { 3, 6 })
  check.eq(x:narrow(2, 2, 2):totable(), { { 9, 3 }, { 5, 6 } })
  check.raises(function() sl.embedding(x, sl.tensor({ 3 }, { dtype = "int64" })) end, "embedding: argument index")
  check.raises(function() sl.embedding(x, sl.tensor({ 0 }, { dtype = "int64" })) end, "embedding: argument index")
end)

check.test("operators", function()
  local x = sl.tensor { 1, 2, 4 }
  check.eq((x + 1):totable(), { 2, 3, 5 })
  check.eq((1 - x):totable(), { 0, -1, -3 })
  check.eq((x * x):totable(), { 1, 4, 16 })
  check.eq((2 / x):totable(), { 2, 1, 0.5 })
  check.eq((x ^ 2):totable(), { 1, 4, 16 })
  check.eq((-x):totable(), { -1, -2, -4 })
  check.eq((x:reshape(3, 1) + x):shape(), { 3, 3 })
  check.raises(function() return x + "1" end, 'add: argument y: expected a tensor or a number, got the string "1"')
  check.raises(function() return {} * x end, "mul: argument x: expected a tensor or a number, got a table")
  check.raises(function() return x + sl.ones(2) end,
    "add: argument y: expected a shape that broadcasts with [3], got [2]")
end)

check.test("in-place forms change the tensor and return it", function()
  local x = sl.tensor { 1, 2 }
  check.ok(x:add_(1) == x)
  check.eq(x:mul_(x):totable(), { 4, 9 })
  check.raises(function() x:add_(sl.ones(3, 2)) end, "add_")
  check.raises(function() x:add_ "1" end, "add_: argument y")
  check.raises(function() x:requires_grad_():add_(1) end, "no_grad")
  sl.no_grad(function() x:add_(1) end)
  check.eq(x:totable(), { 5, 10 })
end)

-- Whatever is given, an op returns or raises.
check.test("no mixture of arguments does worse than an error", function()
  local closed = sl.ones(1)
  do local _ <close> = closed end
  local values = {
    false, true, 0, 1, -1, 2, -2, 3.5, 1 / 0, 0 / 0, 1 << 60, math.mininteger, "x", print, {}, { 1 }, { 2, 1 },
    { -1, 0 }, { 1 << 40, 1 << 40 }, { dim = 1 }, { 1, "x" }, closed, sl.tensor(2), sl.ones { 3 }, sl.ones { 2, 3 },
    sl.zeros { 0, 3 },
    sl.ones { 1, 4, 4, 2 }, sl.ones { 3, 3, 2, 2 }, sl.ones { 2, 3 }:transpose(1, 2), sl.ones { 1, 3 }:expand(4, 3),
    sl.ones({ 2, 3 }, { dtype = "float64" }), sl.ones({ 3 }, { dtype = "int64" }),
    sl.ones({ 2, 3 }, { dtype = "uint8" }),
    sl.full({ 2 }, -9, { dtype = "int64" }), sl.ones { 2, 3 }:requires_grad_(), { sl.ones(2), sl.ones(2) },
    { sl.ones(2), sl.ones { 2, 2 } },
  }
  math.randomseed(7)
  local names, good = {}, 0
  for name in pairs(docs) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    local into = sl.zeros(1)[name .. "_"]
    for _ = 1, 150 do
      local args = {}
      for i = 1, math.random(0, 6) do args[i] = values[math.random(#values)] end
      args[1] = math.random() < 0.8 and values[math.random(22, #values)] or args[1]
      if pcall(sl[name], table.unpack(args)) then good = good + 1 end
      if into then pcall(function() into(args[1]:clone(), args[2]) end) end
    end
  end
  check.ok(good > 500, good .. " calls went well")
end)
