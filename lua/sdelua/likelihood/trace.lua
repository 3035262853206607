-- The probability flow and its divergence. With v the flow, tr(dv/dx) is sum_i e_i . (dv/dx)^T e_i over the unit
-- vectors e_i, and the mean of e . (dv/dx)^T e over random e with E e e^T = 1 (Skilling 1989; Hutchinson 1990); each
-- product is one walk back through the graph of v.
local sl = require "sdelua"
local core = require "sdelua.core".sde
local errors = require "sdelua.errors"
local common = require "sdelua.likelihood.common"

local trace = {}

-- A score computed outside the graph would leave a divergence without its part.
local function recorded(who, x, y)
  if x.requires_grad and not y.requires_grad then
    errors.raise("%s: argument score: expected one computed from x by recorded ops, got one without a gradient", who)
  end
  return y
end

--- The flow v(x, t, rows) of a process with a score; t float64, one time or N.
function trace.flow(who, process, score)
  local checked, exchange = common.score_of(who, score)
  local has_signal = process:has_signal()
  if not has_signal and not exchange then
    errors.raise("%s: argument score: expected one made by process:score(net, { parameterization = \"v\" }), since "
      .. "m_T = 0, got a plain function", who)
  end
  return function(x, t, rows)
    local at = t:to(x.dtype):expand { x:shape(1) }:contiguous()
    if has_signal then return core.reverse_drift(process.handle, x, t, recorded(who, x, checked(x, at, rows)), 0) end
    local x0, eps = exchange(x, at, rows)
    return core.velocity(process.handle, recorded(who, x, x0), t, eps)
  end
end

-- e . (dv/dx)^T e for each sample, [n].
local function along(v, x, e, more)
  return common.flat(sl.grad(v, x, { grad = e, retain_graph = more }) * e):sum(2)
end

-- One column, the trace.
local function exact(v, x)
  local shape, d = x:shape(), common.features(x)
  local unit, sum = sl.eye(d, { dtype = x.dtype }), nil
  for i = 1, d do
    local e = unit:narrow(1, i, 1):expand { shape[1], d }:reshape(shape)
    local term = along(v, x, e, i < d)
    sum = sum and sum + term or term
  end
  return sum:unsqueeze(2)
end

-- One column for each probe [n, ...] of the list.
local function estimates(v, x, probes)
  local columns = {}
  for k, e in ipairs(probes) do columns[k] = along(v, x, e, k < #probes) end
  return sl.stack(columns, 2)
end

--- The flow at x [n, ...], and its divergence [n,1], or with a list of probes [n,#probes]. No graph is left.
function trace.flow_and_divergence(flow, x, t, probes, rows)
  return sl.enable_grad(function()
    local leaf = x:detach():requires_grad_()
    local v = flow(leaf, t, rows)
    return v:detach(), probes and estimates(v, leaf, probes) or exact(v, leaf)
  end)
end

local draws = {}

function draws.gaussian(z) return z end

--- Signs of unit normals.
function draws.rademacher(z) return sl.where(z:ge(0), sl.ones(z:shape(), { dtype = z.dtype }), -1) end

trace.kinds = { "rademacher", "gaussian" }

--- n probes like x: draws 1 to n of the noise source.
function trace.probes(source, kind, x, n)
  local list = {}
  for k = 1, n do list[k] = draws[kind](source:normal(x:shape(), k, x.dtype)) end
  return list
end

return trace
