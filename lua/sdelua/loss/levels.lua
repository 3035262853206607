-- Objectives on a table of noise levels: their draws, their samples, and the noise that a network predicts there.
local core = require "sdelua.core".sde
local errors = require "sdelua.errors"
local options = require "sdelua.options"
local common = require "sdelua.loss.common"
local sde = require "sdelua.sde.common"
local Score = require "sdelua.sde.score"

local levels = {}

--- n_steps levels (Song et al. 2021, appendix C: process:levels); labels int64 [N] and z in place of draws.
levels.OPTIONS = { n_steps = 1000, labels = options.NONE, z = options.NONE, reduce_mean = true }

--- Values of those that are out of range raise.
function levels.check(o) options.counts(o.who, o, { "n_steps" }) end

--- The label of process:score that tells a network the level at t.
function levels.label(o, descending)
  return { kind = "level", options = { n_steps = o.n_steps, descending = descending or false } }
end

-- Positions in the table, uniform on 0 .. n-1.
local function drawn(o, x0)
  local u = common.draw("uniform", { x0:shape(1) }, x0) * o.n_steps
  return u:floor():clamp(0, o.n_steps - 1):to "int64"
end

-- The labels that are given in place of draws.
local function check_labels(o)
  local lo, hi = o.labels:amin():item(), o.labels:amax():item()
  if lo < 0 or hi >= o.n_steps then
    errors.raise("%s: option labels: expected levels from 0 to %d, got %d", o.who, o.n_steps - 1, lo < 0 and lo or hi)
  end
end

-- process:levels, whose errors are about the objective's arguments here.
local function table_of(o, process)
  local ok, list = pcall(process.levels, process, o.n_steps)
  if ok then return list end
  local about, why = tostring(list):match "levels: argument (%w+): (.*)"
  if not about then errors.raise(errors.bare(list)) end
  return errors.raise("%s: %s: %s", o.who, about == "n" and "option n_steps" or "argument " .. about, why)
end

--- Draws a label for each sample, then z: { x = m x0 + s z, labels =, t =, z =, m =, s = }, t the times nearest to the
-- levels. With `descending` label 0 is the noisiest level.
function levels.noised(o, process, x0, descending)
  core.need_kernel(process.handle, x0, o.who)
  common.open(o, x0)
  local labels, list = drawn(o, x0), table_of(o, process)
  local z = common.draw("normal", x0:shape(), x0)
  labels, z = o.labels or labels, o.z or z
  if o.labels then check_labels(o) end
  local place = descending and labels * -1 + (o.n_steps - 1) or labels -- from the least noisy level, 0
  local function at(values) return common.column(values:index_select(place + 1, 1):to(x0.dtype), x0) end
  local m, s = at(list.m), at(list.s)
  return {
    x = m * x0 + s * z, labels = labels:to(x0.dtype), z = z, m = m, s = s,
    t = place:to "float64" * (process.T / math.max(o.n_steps - 1, 1)),
  }
end

--- The noise that was added by the word of process:score(net), whose network is told its own label of the level's time
-- (for { "level" } the number itself), or of a bare network that predicts `kind` and is told the level's number.
function levels.predicted_noise(o, score, d, kind)
  if getmetatable(score) == Score then return score:noise_on_levels(o.who, d.x, d.t, d) end
  if sde.exchange_of(score) then
    errors.raise("%s: argument score: expected process:score(net) or a network (x, level), got %s", o.who,
      options.show(score))
  end
  local y = common.said(o, score, d.x, d.labels)
  return kind == "score" and -(y * d.s) or y
end

return levels
