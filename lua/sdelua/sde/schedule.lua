-- process:schedule(x0): a plot of how much signal and how much noise there is over time: m and s, the mean and the
-- standard deviation of x_t given x_0. Where features have rates of their own, each has its line, or many a band from
-- the least to the most. x0, data, is needed by processes that are found out at first use, and otherwise by none; with
-- it signal is m std(x0), so that where the lines cross there is as much noise as data.
local sl = require "sdelua"
local core = require "sdelua.core".sde
local errors = require "sdelua.errors"
local options = require "sdelua.options"

local POINTS, FEW = 300, 3 -- times; features that have a line each
local DASHES = { nil, { 6, 3 }, { 2, 3 } }

-- What stands for the data: [POINTS, ...].
local function like_of(process, x0)
  if x0 ~= nil and not (sl.is_tensor(x0) and x0:dim() > 1 and x0:shape(1) > 0) then
    errors.raise("schedule: argument x0: expected a tensor [N, features ...], got %s", options.show(x0))
  elseif x0 == nil and process.tier == "general (unprobed)" then
    errors.raise("schedule: argument x0: expected data, by which the process is found out, got nil")
  end
  local x = x0 and x0:narrow(1, 1, 1):to "float64" or sl.zeros({ 1, 1, 1, 1 }, { dtype = "float64" })
  core.need_kernel(process.handle, x, "schedule")
  local size = x:shape()
  size[1] = POINTS
  return x:expand(size)
end

-- The values [POINTS, rows] of features as lines or as a band.
local function draw(p, t, values, o)
  local rows = values:shape(2)
  if rows > FEW then
    return p:band(t, values:amin(2), values:amax(2), { label = o.label .. ", least to most", color = o.color })
  end
  for i = 1, rows do
    p:line(t, values:select(2, i), { label = i == 1 and o.label or nil, color = o.color, dash = o.dashes[i] })
  end
end

return function(process, x0)
  local like = like_of(process, x0)
  local t = sl.arange(0, POINTS, 1, { dtype = "float64" }) * (process.T / (POINTS - 1))
  local std = x0 and x0:to("float64"):var():sqrt():item() or 1
  local function values(name) return process:coefficient(name, like, t):reshape { POINTS, -1 } end
  local m, s = values "m" * std, values "s"
  local steep = s:amax():item() > 10 * m:amax():item()
  local p = sl.plot { title = process.name, xlabel = "t", height = 300, yscale = steep and "log" or "linear" }
  draw(p, t, m, { label = x0 and "signal, m std(data)" or "signal, m", color = 1, dashes = DASHES })
  draw(p, t, s, { label = "noise, s", color = 2, dashes = DASHES })
  return p
end
