-- The flow as a map between data and prior: points to their codes and back, and the ways between codes.
local sl = require "sdelua"
local errors = require "sdelua.errors"
local adaptive = require "sdelua.solve.adaptive"
local column = require "sdelua.sde.common".column
local common = require "sdelua.likelihood.common"
local listing = require "sdelua.listing"
local options = require "sdelua.options"

local latent = {}

local OPTIONS = adaptive.options { eps = options.NONE, top = options.NONE, callback = options.NONE }
local PATHS = { "linear", "spherical" }

local function along_flow(who, forward, process, score, x, opts)
  local o = options.read(who, opts, OPTIONS)
  adaptive.check(who, o)
  common.check(who, process, score, x)
  local checked, exchange = common.score_of(who, score)
  local y, nfe = adaptive.solve(who, process, checked, exchange, x, o, {
    forward = forward, eps = o.eps or process.eps.likelihood, top = o.top, callback = o.callback,
  })
  return y, { nfe = nfe }
end

--- The code z of each point x [N, ...]: where the probability flow takes it from eps to T (Song et al. 2021, appendix
-- D.5). Options: eps (the process's eps.likelihood), top (a time to stop at on the way up, or begin at on the way down,
-- in place of T), callback, rtol, atol, method, norm, pcoeff, icoeff, max_steps, as in sl.solve.ode.
-- info: nfe [N].
function latent.encode(process, score, x, opts)
  return along_flow("likelihood.encode", true, process, score, x, opts)
end

--- The point that each code z belongs to; the same options.
function latent.decode(process, score, z, opts)
  return along_flow("likelihood.decode", false, process, score, z, opts)
end

--- How far points come back from where they were, encoded and decoded: for each of the tolerances (rtol = atol) a row {
-- tolerance =, rms =, worst =, nfe = } with errors over all values of x and the mean number of evaluations both ways.
-- The rows print as a table. Other options as in encode.
function latent.round_trip(process, score, x, tolerances, opts)
  local rows = {}
  for i, tolerance in ipairs(tolerances or { 1e-2, 1e-3, 1e-4, 1e-5 }) do
    local o = {}
    for key, value in pairs(opts or {}) do o[key] = value end
    o.rtol, o.atol = tolerance, tolerance
    local z, there = latent.encode(process, score, x, o)
    local y, back = latent.decode(process, score, z, o)
    local off = (y - x):to "float64"
    rows[i] = {
      tolerance = tolerance, rms = math.sqrt(off:square():mean():item()), worst = off:abs():amax():item(),
      nfe = (there.nfe + back.nfe):to "float64":mean():item(),
    }
  end
  return setmetatable(rows, listing { "tolerance", "rms", "worst", "nfe" })
end

-- Weights of a and b [N] on the great circle between them, w of the way; on the chord where they point the same way or
-- in opposite ones.
local function on_circle(a, b, w)
  local function norm(x) return common.flat(x):square():sum(2):sqrt() end
  local cosines = (common.flat(a * b):sum(2) / (norm(a) * norm(b))):to "float64":totable()
  local from, to = {}, {}
  for i, c in ipairs(cosines) do
    local angle = math.acos(math.max(-1, math.min(1, c)))
    local sine = math.sin(angle)
    local straight = sine <= 1e-6
    from[i] = straight and 1 - w or math.sin((1 - w) * angle) / sine
    to[i] = straight and w or math.sin(w * angle) / sine
  end
  return from, to
end

local function between(a, b, w, path)
  if w == 0 then return a elseif w == 1 then return b end
  if path == "linear" then return a * (1 - w) + b * w end
  local from, to = on_circle(a, b, w)
  return a * column(from, a) + b * column(to, a)
end

--- n codes from a to b [N, ...], both ends among them: [n, N, ...]. path = "spherical" (Shoemake 1985), which keeps the
-- length of codes of a prior about 0 near to what the prior has, or "linear", whose codes are shorter halfway.
function latent.interpolate(a, b, n, opts)
  local who = "likelihood.interpolate"
  local o = options.read(who, opts, { path = "spherical" })
  options.choice(who, "path", o.path, PATHS)
  common.points(who, "a", a)
  common.points(who, "b", b)
  if table.concat(a:shape(), ",") ~= table.concat(b:shape(), ",") or a.dtype ~= b.dtype then
    errors.raise("%s: argument b: expected one like a, %s [%s], got %s [%s]", who, a.dtype,
      table.concat(a:shape(), ","), b.dtype, table.concat(b:shape(), ","))
  end
  local list = {}
  n = common.count(who, "n", n, 2)
  for i = 1, n do list[i] = between(a, b, (i - 1) / (n - 1), o.path) end
  return sl.stack(list, 1)
end

return latent
