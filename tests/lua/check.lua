-- What a test file says: `local check = require "check"`, then check.test("name", function() ... end).
-- Quiet when all pass; tests/lua/run.lua prints the count.
local check = { passed = 0, failed = 0 }

--- Runs one test; an error in it is its failure, with a traceback.
function check.test(name, fn)
  local ok, err = xpcall(fn, debug.traceback)
  if ok then
    check.passed = check.passed + 1
  else
    check.failed = check.failed + 1
    print("FAILED " .. name .. "\n" .. tostring(err))
  end
end

--- The same value (tables: the same keys with the same values).
function check.eq(got, want, what)
  local function same(a, b)
    if type(a) ~= "table" or type(b) ~= "table" then return a == b end
    for k, v in pairs(a) do if not same(v, b[k]) then return false end end
    for k in pairs(b) do if a[k] == nil then return false end end
    return true
  end
  local function show(v)
    if type(v) ~= "table" then return tostring(v) end
    local parts = {}
    for k, x in pairs(v) do parts[#parts + 1] = tostring(k) .. "=" .. show(x) end
    return "{" .. table.concat(parts, ", ") .. "}"
  end
  if not same(got, want) then
    error((what and what .. ": " or "") .. "expected " .. show(want) .. ", got " .. show(got), 2)
  end
end

--- |got - want| <= atol + rtol |want|, for numbers or (nested) tables of numbers.
function check.close(got, want, rtol, atol, what)
  rtol, atol = rtol or 1e-6, atol or 0
  local function walk(a, b, path)
    if type(b) == "table" then
      if type(a) ~= "table" or #a ~= #b then error((what or "") .. path .. ": shapes differ", 4) end
      for i = 1, #b do walk(a[i], b[i], path .. "[" .. i .. "]") end
    elseif not (math.abs(a - b) <= atol + rtol * math.abs(b) or a == b) then
      error(("%s%s: expected %.9g, got %.9g"):format(what or "", path, b, a), 4)
    end
  end
  walk(got, want, "")
end

--- What fn writes on stderr, a list of texts.
function check.told(fn)
  local told, stderr = {}, io.stderr
  rawset(io, "stderr", { write = function(_, text) told[#told + 1] = text end })
  local ok, err = xpcall(fn, debug.traceback)
  rawset(io, "stderr", stderr)
  if not ok then error(err, 0) end
  return told
end

function check.ok(cond, what) if not cond then error(what or "expected true", 2) end end

--- fn raises, and the message contains `part` (plain text). Returns the message.
function check.raises(fn, part)
  local ok, err = pcall(fn)
  if ok then error("expected an error: " .. part, 2) end
  if not tostring(err):find(part, 1, true) then
    error("expected an error with: " .. part .. "\ngot: " .. tostring(err), 2)
  end
  return tostring(err)
end

return check
