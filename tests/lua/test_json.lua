local check = require "check"
local json = require "sdelua.json"

check.test("what is written reads back the same, and is written the same again", function()
  local value = {
    a = 1, b = 0.1, c = "x\n\"\\\0é/", d = { 1, 2, {} }, e = true, f = 1e300, h = 1 / 3, i = math.mininteger, j = 2.0,
    nested = { { k = { false } } },
  }
  local text = json.encode(value)
  check.eq(json.decode(text), value)
  check.eq(json.encode(json.decode(text)), text)
  check.eq(math.type(json.decode "2"), "integer")
  check.eq(math.type(json.decode(json.encode(2.0))), "float")
  check.eq(json.encode { b = 1, a = { 2, 3 } }, '{"a":[2,3],"b":1}')
end)

check.test("texts of other writers", function()
  check.eq(json.decode ' { "a" : [ 1 , -2.5e+1 ] ,\n"b":"\\u00e9\\ud83d\\ude00\\/" } ', { a = { 1, -25.0 }, b = "é😀/" })
end)

check.test("what is not JSON is refused with the place", function()
  local bad = {
    "", "{", "[1,]", "[1 2]", '{"a":1,"a":2}', "{1:2}", "01", "nul", "null", "1 2",
    '"\\ud800"', '"\\q"', '"a', '"a\nb"',
    "[" .. ("["):rep(100), "0x10", "inf", "-", '{"a"}', "tru",
  }
  for _, text in ipairs(bad) do check.raises(function() json.decode(text) end, "json.decode: byte ") end
end)

check.test("what JSON can't say is refused", function()
  check.raises(function() json.encode(0 / 0) end, "json.encode: expected a finite number, got")
  check.raises(function() json.encode { [1.5] = 1 } end, "json.encode: expected string keys, got 1.5")
  check.raises(function() json.encode { a = print } end, "got function")
  check.raises(function() json.encode { 1, 2, a = 3 } end,
    "json.encode: expected the keys of a list or strings, got both")
  check.raises(function() json.encode { 1, nil, 3 } end, "json.encode: expected a list without holes, got 2 of 3 items")
  check.raises(json.decode, "json.decode: argument text: expected a string, got nil")
  local loop = {}
  loop[1] = loop
  check.raises(function() json.encode(loop) end, "32 levels")
end)
