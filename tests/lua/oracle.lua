-- Reference values: tests/fixtures/<group>/manifest.json names the cases of a group, each an .npz file with inputs
-- and expected arrays (values of score_sde_pytorch, float32 and, with the suffix _f64, float64).
local sl = require "sdelua"
local json = require "sdelua.json"

local oracle = {}

--- The cases of a group whose name matches the pattern, each with its arrays in case.arrays. One with file = false has
-- none: its call says why.
function oracle.cases(group, pattern)
  local folder = "tests/fixtures/" .. group .. "/"
  local file <close> = assert(io.open(folder .. "manifest.json"))
  local found = {}
  for _, case in ipairs(json.decode(file:read "a")) do
    if case.case:find(pattern) then
      case.arrays = case.file and sl.npz.load(folder .. case.file)
      found[#found + 1] = case
    end
  end
  return found
end

--- The process that a case's parameters name.
function oracle.process(p)
  if p.sde == "ve" then return sl.sde.VE { sigma_min = p.sigma_min, sigma_max = p.sigma_max } end
  return (p.sde == "vp" and sl.sde.VP or sl.sde.subVP) { beta_min = p.beta_min, beta_max = p.beta_max }
end

--- got agrees with the case's array `name` (or with `want`) within that array's tolerance; the number of arrays
-- compared is kept.
oracle.compared = 0
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
  oracle.compared = oracle.compared + 1
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
