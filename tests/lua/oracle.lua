-- Reference values: tests/fixtures/<group>/manifest.json names the cases of a group, each an .npz file with inputs
-- and expected arrays (values of score_sde_pytorch, float32 and, with the suffix _f64, float64).
local check = require "check"
local sl = require "sdelua"
local json = require "sdelua.json"

local oracle = {}

local function manifest(group)
  local file <close> = assert(io.open("tests/fixtures/" .. group .. "/manifest.json"))
  return json.decode(file:read "a")
end

--- The cases of a group whose name matches the pattern, each with its arrays in case.arrays. One with file = false has
-- none: its call says why.
function oracle.cases(group, pattern)
  local found = {}
  for _, case in ipairs(manifest(group)) do
    if case.case:find(pattern) then
      case.arrays = case.file and sl.npz.load("tests/fixtures/" .. group .. "/" .. case.file)
      found[#found + 1] = case
    end
  end
  return found
end

-- ---- what was replayed, what was not --------------------------------------------------------------------

-- group -> name of a case -> { arrays = how many were compared, left = { array = why not } } or { why = }
local ledger = {}

local function enter(group, name, entry)
  ledger[group] = ledger[group] or {}
  check.eq(ledger[group][name], nil, name .. " is replayed, or left out, twice")
  ledger[group][name] = entry
end

-- Every array that the case expects was compared, in single or in double precision, or has a reason.
local function complete(case, but)
  local arrays, left = 0, {}
  for _, name in ipairs(case.expected) do
    local plain = name:gsub("_f64$", "")
    local times = case.compared[name] or case.compared[name .. "_f64"] or case.compared[plain]
    if not times and not but[plain] then error(case.case .. ": not compared: " .. name, 0) end
    if times and but[plain] then error(case.case .. ": compared, though it has a reason: " .. name, 0) end
    left[plain] = but[plain]
  end
  for _, times in pairs(case.compared) do arrays = arrays + times end
  return { arrays = arrays, left = left }
end

--- Replays the cases of a group whose name matches the pattern, each a test: fn(case) compares every array that the
-- case expects with oracle.close; of X and X_f64 one will do. but = { name = why that array is not compared }.
function oracle.replay(group, pattern, fn, but)
  for _, case in ipairs(oracle.cases(group, pattern)) do
    case.compared = {}
    check.test(group .. " oracle: " .. case.case, function()
      fn(case)
      enter(group, case.case, complete(case, but or {}))
    end)
  end
end

--- The cases of a group whose name matches the pattern are not replayed, and why.
function oracle.leave(group, pattern, why)
  for _, case in ipairs(manifest(group)) do
    if case.case:find(pattern) then enter(group, case.case, { why = why }) end
  end
end

local FAILED = "FAILED or forgotten"

-- What was left out, in order: each reason with the names it is given for.
local function reasons()
  local list, by_text = {}, {}
  return list, function(text, name)
    if not by_text[text] then
      by_text[text] = { text = text, names = {} }
      list[#list + 1] = by_text[text]
    end
    table.insert(by_text[text].names, name)
  end
end

-- Totals of a group; cases and arrays left out, by reason.
local function count(group)
  local total = { cases = 0, replayed = 0, arrays = 0 }
  local cases, leave_case = reasons()
  local arrays, leave_array = reasons()
  for _, case in ipairs(manifest(group)) do
    local entry = ledger[group] and ledger[group][case.case] or { why = FAILED }
    total.cases = total.cases + 1
    if entry.why then
      leave_case(entry.why, case.case)
    else
      total.replayed, total.arrays = total.replayed + 1, total.arrays + entry.arrays
      for name, why in pairs(entry.left) do leave_array(("%s: %s"):format(name, why), case.case) end
    end
  end
  table.sort(arrays, function(a, b) return a.text < b.text end)
  return total, cases, arrays
end

local function print_notes(title, notes, none)
  print(#notes > 0 and title .. ":\n  " .. table.concat(notes, "\n  ") or none)
end

--- Prints, group by group, how many cases were replayed and how many arrays compared, then what was left out and why:
-- whole cases, and arrays of those that were replayed. Each has to be one or the other.
function oracle.report(groups)
  print(("%-12s %6s %9s %7s"):format("group", "cases", "replayed", "arrays"))
  local failed, of_cases, of_arrays = {}, {}, {}
  for _, group in ipairs(groups) do
    local total, cases, arrays = count(group)
    print(("%-12s %6d %9d %7d"):format(group, total.cases, total.replayed, total.arrays))
    for _, reason in ipairs(cases) do
      of_cases[#of_cases + 1] = ("%s: %s: %s"):format(group, table.concat(reason.names, ", "), reason.text)
      if reason.text == FAILED then failed[group] = reason.names end
    end
    for _, reason in ipairs(arrays) do
      of_arrays[#of_arrays + 1] = ("%s: %s (of %d cases)"):format(group, reason.text, #reason.names)
    end
  end
  print_notes("not replayed", of_cases, "every case is replayed")
  print_notes("arrays not replayed, of cases that are", of_arrays, "every array of them is replayed")
  check.test("every case is replayed or has a reason", function() check.eq(failed, {}) end)
end

-- ---- what cases are about -------------------------------------------------------------------------------

--- The process that a case's parameters name.
function oracle.process(p)
  if p.sde == "ve" then return sl.sde.VE { sigma_min = p.sigma_min, sigma_max = p.sigma_max } end
  return (p.sde == "vp" and sl.sde.VP or sl.sde.subVP) { beta_min = p.beta_min, beta_max = p.beta_max }
end

--- got agrees with the case's array `name` (or with `want`) within that array's tolerance.
function oracle.close(case, name, got, want)
  local tolerance = case.tolerances and case.tolerances[name] or case
  want = (want or case.arrays[name]):to "float64":reshape { -1 }
  got = got:to "float64":reshape { -1 }
  if got:numel() ~= want:numel() then
    error(("%s, %s: expected %d values, got %d"):format(case.case, name, want:numel(), got:numel()), 2)
  end
  local excess = ((got - want):abs() - want:abs() * tolerance.rtol):amax():item()
  if excess ~= excess or excess > tolerance.atol then
    error(("%s, %s: off by %.3g beyond rtol %g, allowed %g"):format(case.case, name, excess, tolerance.rtol,
      tolerance.atol), 2)
  end
  if case.compared then case.compared[name] = (case.compared[name] or 0) + 1 end
end

--- The score of a Gaussian mixture, diagonal covariances, that the process carries to time t: sum_k w_k N(m mu_k +
-- c, m^2 v_k + s^2).
function oracle.mixture_score(process, weights, means, vars)
  return function(x, t)
    local n, dtype = x:shape(1), x.dtype
    local function column(name) return process:coefficient(name, x:reshape { n, -1 }, t):reshape { -1, 1, 1 } end
    local m, s, c = column "m", column "s", column "c"
    local d = x:reshape { n, 1, -1 } - (m * means:to(dtype) + c)
    local v = m * m * vars:to(dtype) + s * s
    local logp = weights:to(dtype):log() - (d * d / v + v:log()):sum(3) * 0.5
    local r = logp:softmax(2):reshape { n, -1, 1 }
    return -(r * d / v):sum(2):reshape(x:shape())
  end
end

--- The log of its density [N] where it is at = process:point(t); at = { m = 1, s = 0, c = 0 }: the mixture itself.
function oracle.mixture_logp(weights, means, vars, x, at)
  local d = x:reshape { x:shape(1), 1, -1 } - (means:to(x.dtype) * at.m + at.c)
  local v = vars:to(x.dtype) * at.m ^ 2 + at.s ^ 2
  local logs = (d * d / v + v:log() + math.log(2 * math.pi)):sum(3) * -0.5
  return (weights:to(x.dtype):log() + logs):logsumexp(2)
end

return oracle
