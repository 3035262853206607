-- Objectives on a table of noise levels, for networks that are given a level's number: their draws and their samples.
local core = require "sdelua.core".sde
local options = require "sdelua.options"
local common = require "sdelua.loss.common"
local Score = require "sdelua.sde.score"

local levels = {}

--- n_steps levels (Song et al. 2021, appendix C: process:levels); labels int64 [N] and z in place of draws.
levels.OPTIONS = { n_steps = 1000, labels = options.NONE, z = options.NONE, reduce_mean = true }

--- The label of process:score that tells such a network the level at t.
function levels.label(o, descending)
  return { kind = "level", options = { n_steps = o.n_steps, descending = descending or false } }
end

--- The network itself, called with (x, label).
function levels.net(score) return getmetatable(score) == Score and score:network() or score end

-- Positions in the table, uniform on 0 .. n-1.
local function drawn(o, x0)
  local u = common.draw("uniform", { x0:shape(1) }, x0) * o.n_steps
  return u:floor():clamp(0, o.n_steps - 1):to "int64"
end

--- Draws a label for each sample, then z: { x =, labels =, z =, s = }. With `descending` label 0 is the noisiest level.
function levels.noised(o, process, x0, descending)
  core.need_kernel(process.handle, x0, o.who)
  common.open(o.who, x0)
  local labels, table_of = drawn(o, x0), process:levels(o.n_steps)
  local z = common.draw("normal", x0:shape(), x0)
  labels, z = o.labels or labels, o.z or z
  local place = descending and labels * -1 + o.n_steps or labels + 1
  local function at(list) return common.column(list:index_select(place, 1):to(x0.dtype), x0) end
  local s = at(table_of.s)
  return { x = at(table_of.m) * x0 + s * z, labels = labels:to(x0.dtype), z = z, s = s }
end

return levels
