-- Times drawn in proportion to the likelihood weight g^2/s^2, whose integral is that of log s^2/m^2 (Song, Durkan,
-- Murray & Ermon 2021). Where features have rates of their own the density is that of the mean over features: each
-- feature's term keeps its own weight, so that every expectation stays what it is for times drawn evenly.
local sl = require "sdelua"
local errors = require "sdelua.errors"
local sde = require "sdelua.sde.common"

local importance = {}

local HALVINGS = 50 -- of an interval of log t: nearly all digits of a double

local function over_features(v) return v:reshape { v:shape(1), -1 }:mean(2) end

-- log s^2/m^2 [N] of x [N, ...] at t, its mean over features.
local function log_ratio(process, x, t)
  return over_features((process:coefficient("s", x, t) / process:coefficient("m", x, t)):log() * 2)
end

-- log s^2/m^2 at eps, and how much it grows up to T.
local function range(o, process, x0, eps)
  local has_signal = process:has_signal()
  if not has_signal or eps == 0 then
    errors.raise('%s: option t_sampling: expected "uniform" where %s = 0, got importance', o.who,
      eps == 0 and "eps" or "m_T")
  end
  local one = x0:narrow(1, 1, 1):to "float64"
  local from = log_ratio(process, one, eps):item()
  return from, log_ratio(process, one, process.T):item() - from
end

-- Where log s^2/m^2, which grows with t, is `target` [N].
local function time_at(process, x, eps, target)
  local lo, hi = target * 0 + eps, target * 0 + process.T
  for _ = 1, HALVINGS do
    local t = (lo * hi):sqrt()
    local below = log_ratio(process, x, t):lt(target)
    lo, hi = sl.where(below, t, lo), sl.where(below, hi, t)
  end
  return hi
end

--- The time in [eps, T] whose share of the integral is u [N], for each sample of x0.
function importance.times(o, process, x0, u, eps)
  local from, all = range(o, process, x0, eps)
  if sde.is_uniform(process) then return process:importance_time(u, eps) end
  return time_at(process, x0:to "float64", eps, u:to "float64" * all + from):to(x0.dtype)
end

--- 1 over (T - eps) times the density at t, like a column of x0.
function importance.factor(o, process, x0, t, eps)
  local _, all = range(o, process, x0, eps)
  local rate = over_features(process:coefficient("importance", x0, t))
  return sde.column(rate, x0):reciprocal() * (all / (process.T - eps))
end

return importance
