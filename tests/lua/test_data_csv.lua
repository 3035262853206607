local check = require "check"
local sl = require "sdelua"

local function with_csv(text, fn)
  local path = os.tmpname()
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
  local ok, err = xpcall(fn, debug.traceback, path)
  os.remove(path)
  if not ok then error(err, 0) end
end

local function read(text, opts)
  local results
  with_csv(text, function(path) results = table.pack(sl.data.csv(path, opts)) end)
  return table.unpack(results, 1, results.n)
end

local function raises(text, opts, ...)
  for _, part in ipairs { ... } do
    check.raises(function() read(text, opts) end, part)
  end
end

check.test("numbers with and without a header", function()
  local x, names = read "width,height\n1,2.5\n-3e2,.5\n"
  check.eq({ x:totable(), x.dtype, names }, { { { 1, 2.5 }, { -300, 0.5 } }, "float32", { "width", "height" } })
  x, names = read("1,2\n3,4", { dtype = "float64" })
  check.eq({ x:totable(), x.dtype, names }, { { { 1, 2 }, { 3, 4 } }, "float64", nil })
  x, names = read("1,2\n3,4\n", { header = true })
  check.eq({ x:totable(), names }, { { { 3, 4 } }, { "1", "2" } })
  check.eq(read("inf,-Infinity\n+1,2\n"):totable(), { { math.huge, -math.huge }, { 1, 2 } })
  check.eq(read("a,b\n"):shape(), { 0, 2 })
end)

check.test("line ends, a byte order mark, blank lines, spaces, separators", function()
  local want = { { 1, 2 }, { 3, 4 } }
  local texts = { "1,2\r\n3,4\r\n", "\xef\xbb\xbf1,2\n3,4", "\n1,2\n\n\r\n3,4\n\n", " 1 ,\t2\n3, 4 \n", "1,2\r3,4" }
  for _, text in ipairs(texts) do
    check.eq(read(text):totable(), want, ("%q"):format(text))
  end
  for _, separator in ipairs { ";", "\t", " ", "|", "^", "%", "x" } do
    local text = ("1,2\n3,4\n"):gsub(",", { [","] = separator })
    check.eq(read(text, { separator = separator }):totable(), want, separator)
  end
end)

check.test("quotes: separators, line ends and quotes in names; numbers in quotes", function()
  local x, names = read '"a,b","say ""x""\nand more"\n"1","2"\n3,4\n'
  check.eq({ x:totable(), names }, { { { 1, 2 }, { 3, 4 } }, { "a,b", 'say "x"\nand more' } })
  raises('a,"b\nc"\n1,2\n3,x\n', nil, "line 4, column 2 (b\nc): expected a number, got \"x\"")
  raises('a,b\n1,"2\n', nil, "line 2: a quote is opened and never closed")
  raises('a,b\n1,"2"3\n', nil, 'line 2: expected a separator behind a quoted field, got "3"')
end)

check.test("a missing value is named, or becomes NaN, or leaves its row out", function()
  local text = "a,b\n1,2\n3,\n5,6\nNA,8\n"
  raises(text, nil, 'line 3, column 2 (b): a value is missing: missing = "nan" or "skip" goes on without')
  check.eq(read(text, { missing = "skip" }):totable(), { { 1, 2 }, { 5, 6 } })
  local x = read(text, { missing = "nan" })
  check.eq(x:shape(), { 4, 2 })
  check.eq(x:ne(x):totable(), { { 0, 0 }, { 0, 1 }, { 0, 0 }, { 1, 0 } })
  for _, word in ipairs { "", "na", "N/A", "NaN", "-nan", "NULL", "None", "?" } do
    check.eq(read(("1,%s\n3,4\n"):format(word), { missing = "skip" }):totable(), { { 3, 4 } }, word)
  end
end)

check.test("what is no number, and ragged lines, are named by line and column", function()
  raises("1,2\n3,abc\n", nil, 'line 2, column 2: expected a number, got "abc"')
  raises("a,b\r\n1,2\r\n3,abc\r\n", nil, 'line 3, column 2 (b): expected a number, got "abc"')
  raises("1,2\n3,0x10\n", nil, 'got "0x10"')
  raises("1,2\n3,-\n", nil, 'got "-"')
  raises("a,b\n1,2\n\n3\n", nil, "line 4: expected 2 fields as in the first line, got 1")
  raises("1,2\n3,4,\n", nil, "line 2: expected 2 fields as in the first line, got 3")
  raises("", nil, "expected a table, got an empty file")
end)

check.test("columns and labels", function()
  local text = "sepal,species,petal\n1,virginica,2\n3,setosa,4\n5,virginica,6\n"
  local x, names, y, classes = read(text, { labels = "species" })
  check.eq({ x:totable(), names }, { { { 1, 2 }, { 3, 4 }, { 5, 6 } }, { "sepal", "petal" } })
  check.eq({ y:totable(), y.dtype, classes }, { { 1, 0, 1 }, "int64", { "setosa", "virginica" } })
  x, names = read(text, { columns = { "petal", 1 } })
  check.eq({ x:totable(), names }, { { { 2, 1 }, { 4, 3 }, { 6, 5 } }, { "petal", "sepal" } })
  x, names, y, classes = read("1,7\n2,3\n", { labels = 2 })
  check.eq({ x:totable(), names, y:totable(), classes }, { { { 1 }, { 2 } }, nil, { 7, 3 }, nil })
  raises(text, nil, 'line 2, column 2 (species): expected a number, got "virginica"')
  raises(text, { columns = { "colour" } }, "expected columns 1 to 3 or one of sepal, species, petal, got colour")
  raises(text, { labels = 4 }, "expected columns 1 to 3 or one of sepal, species, petal, got 4")
  raises("a,b\n1,\n", { labels = "b" }, "line 2, column 2 (b): the label is missing")
  check.eq(read("a,b\n1,\n2,x\n", { labels = "b", missing = "skip" }):totable(), { { 2 } })
end)

check.test("what is saved is read back the same, bit for bit", function()
  with_csv("", function(path)
    for _, dtype in ipairs { "float32", "float64" } do
      local x = sl.randn({ 50, 3 }, { dtype = dtype }) * 1e-3
      sl.data.save_csv(path, x, { names = { "x", 'the "y"', " z, " } })
      local back, names = sl.data.csv(path, { dtype = dtype })
      check.eq({ back:totable(), names }, { x:totable(), { "x", 'the "y"', " z, " } }, dtype)
    end
    local x = sl.tensor({ { 1, 0.1 }, { 0 / 0, math.huge }, { -1e30, -math.huge } })
    local beside = assert(io.open(path .. ".tmp", "w")) -- another file of the user's
    beside:close()
    sl.data.save_csv(path, x, { separator = ";" })
    check.ok(os.remove(path .. ".tmp"))
    local file <close> = assert(io.open(path))
    check.eq(file:read "a", "1;0.1\n;inf\n-1e+30;-inf\n")
    sl.data.save_csv(path, sl.tensor { { 1 }, { 0 / 0 }, { 3 } })
    check.eq(sl.data.csv(path, { missing = "nan" }):shape(), { 3, 1 })
    sl.data.save_csv(path, sl.tensor({ { 2 ^ 60 // 1 | 1 } }, { dtype = "int64" }))
    check.eq(sl.data.csv(path, { dtype = "int64" }):totable(), { { 2 ^ 60 // 1 | 1 } })
  end)
end)

check.test("bad arguments name function, option, expected and got", function()
  local x = sl.zeros { 2, 2 }
  check.raises(function() sl.data.csv(7) end, "data.csv: argument path: expected a path, got 7")
  check.raises(function() sl.data.csv "no.csv" end, "data.csv: no.csv: No such file or directory")
  check.raises(function() sl.data.csv "tests" end, "data.csv: tests: Is a directory")
  raises("1\n", { separator = ",," }, "option separator: expected one character")
  raises("1\n", { missing = "zero" }, 'option missing: expected "error", "nan" or "skip", got "zero"')
  raises("1\n", { header = 1 }, "option header: expected true or false, got 1")
  raises("1\n", { columns = {} }, "option columns: expected a list of names or numbers")
  raises("1\n", { sep = 1 }, "data.csv: unknown option sep")
  check.raises(function() sl.data.save_csv("x.csv", 3) end, "argument x: expected a tensor [n,columns], got 3")
  check.raises(function() sl.data.save_csv("x.csv", x, { names = { "a" } }) end, "expected a list of 2, got 1")
  check.raises(function() sl.data.save_csv("no/folder/x.csv", x) end,
    "data.save_csv: no/folder/x.csv: can't open the folder")
end)
