-- A single step of DPM-Solver along a line: from sigma down by h in lambda, places between as shares r of h. sigma and
-- h are numbers, or lists with one for each sample.
local exponential = require "sdelua.solve.exponential"
local column = require "sdelua.sde.common".column

local exp = math.exp

local Line = {}
Line.__index = Line

--- last is sigma at the end, where it is known exactly.
function Line.new(run, form, sigma, h, last)
  return setmetatable({ run = run, form = form, sigma = sigma, h = h, last = last }, Line)
end

--- sigma at the place r.
function Line:at(r)
  if r == 1 and self.last then return self.last end
  if type(self.sigma) == "number" then return self.sigma * exp(-r * self.h) end
  local list = {}
  for i, sigma in ipairs(self.sigma) do list[i] = sigma * exp(-r * self.h[i]) end
  return list
end

-- a and the weights of values at the nodes for the step from one sigma to another.
local function coefficients(form, from, to, nodes, kind)
  local q = exponential.interval(form, from, to, 0)
  return q.a, exponential.coefficients(q, nodes, kind)
end

-- The same for lists, as tensors.
local function columns(y, form, from, to, nodes, kind)
  local a, lists, weights = {}, {}, {}
  for j in ipairs(nodes) do lists[j] = {} end
  for i in ipairs(from) do
    local own
    a[i], own = coefficients(form, from[i], to[i], nodes, kind)
    for j, v in ipairs(own) do lists[j][i] = v end
  end
  for j, list in ipairs(lists) do weights[j] = column(list, y) end
  return column(a, y), weights
end

--- The state at the place r, from y at 0 and the values f at the nodes.
function Line:advance(y, r, f, nodes, kind)
  local scaled, to = {}, self:at(r)
  for j, node in ipairs(nodes) do scaled[j] = node / r end
  if type(to) == "table" then
    local a, w = columns(y, self.form, self.sigma, to, scaled, kind)
    return exponential.combine(a, y, w, f)
  end
  local a, w = coefficients(self.form, self.sigma, to, scaled, kind)
  return exponential.combine(a, y, w, f)
end

--- What the network says at the place r.
function Line:model(y, r)
  return exponential.model(self.form, self.run, y, r == 0 and self.sigma or self:at(r))
end

--- DPM-Solver-1, -2 or -3 over the whole line (Lu et al. 2022a, section 3.2 and appendix C; 2022b). f holds what is
-- known of the values at 0, r1, r2, and receives the others.
function Line:step(y, order, kind, f, r1, r2)
  f[1] = f[1] or self:model(y, 0)
  if order == 1 then return self:advance(y, 1, { f[1] }, { 0 }) end
  f[2] = f[2] or self:model(self:advance(y, r1, { f[1] }, { 0 }), r1)
  if order == 2 then return self:advance(y, 1, { f[1], f[2] }, { 0, r1 }, kind) end
  f[3] = f[3] or self:model(self:advance(y, r2, { f[1], f[2] }, { 0, r1 }), r2)
  if kind == "taylor" then return self:advance(y, 1, f, { 0, r1, r2 }) end
  return self:advance(y, 1, { f[1], f[3] }, { 0, r2 })
end

local NODES = { {}, { 1 / 2 }, { 1 / 3, 2 / 3 } }

--- The same with the papers' nodes.
function Line:whole(y, order, kind) return self:step(y, order, kind, {}, table.unpack(NODES[order])) end

--- The states of order - 1 and order, 2 or 3, with the same nodes: the lower one costs no evaluation more.
function Line:pair(y, order, kind)
  local f, r1, r2 = {}, table.unpack(NODES[order])
  local lower = self:step(y, order - 1, kind, f, r1)
  return lower, self:step(y, order, kind, f, r1, r2)
end

return Line
