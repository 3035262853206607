-- Samplers of p(x | y), y a measurement of x: what a row of sdelua/posterior/methods becomes. A row is a sampler's (see
-- sdelua/solve/sampler.lua), whose run also has
--
--   run.operator, run.y                  the operator (see sdelua/inverse/operator.lua) and what was measured
--   run:guided(x, t, fn)                 the gradient in x of fn(x0), one number a sample, through the network; and x0
--                                        and eps
--
-- and which says
--   admits                               of operators: "linear", "pinv", "noisy" (std > 0), "noiseless"; "exact", for
--                                        methods that take y as exact: linear, with little noise in each of its
--                                        coordinates; all unless given
-- and, in place of step, sample or steppers, one or both of
--   gradient(self, run, x, t)            grad_x log p(y | x_t = x), which is added to the score, and x0 and eps of x;
--                                        the sampler that the option `sampler` names (without one the row's own
--                                        `sampler`, else ancestral) does the rest
--   start(self, run)                     the state to begin with and its time, for that sampler, or for the row's own
--                                        step
local sl = require "sdelua"
local common = require "sdelua.sde.common"
local Operator = require "sdelua.inverse.operator"
local options = require "sdelua.options"
local Process = require "sdelua.sde.process"
local Run = require "sdelua.solve.run"
local Sampler = require "sdelua.solve.sampler"
local solve_common = require "sdelua.solve.common"

local Posterior = {}
Posterior.__index = Posterior
Posterior.__name = "sdelua.Posterior"

-- Data has a std of about 1, so that a coordinate of y with this much noise says little.
local EXACT = 0.5

-- The largest std of what y says of a coordinate.
local function worst_std(operator)
  return operator.linear and operator.std * operator:inverse_singular():amax():item() or math.huge
end

local ADMITS = {
  exact = {
    ("a linear operator whose noise in the coordinates of its singular vectors, std/s, is at most %g"):format(EXACT),
    function(operator) return worst_std(operator) <= EXACT end,
  },
  linear = { "a linear operator", function(operator) return operator.linear end },
  noisy = { "an operator with std > 0", function(operator) return operator.std > 0 end },
  noiseless = { "an operator with std = 0", function(operator) return operator.std == 0 end },
  pinv = { "an operator with a pseudo-inverse", function(operator) return operator.linear or operator.made.pinv end },
}

-- ---- making ------------------------------------------------------------------------------------------

-- The sampler that moves along the score with its gradient: its options are those of this method that it knows.
local function base_of(row, o, given)
  local sampler = o.sampler
  if getmetatable(sampler) == Sampler then
    for key in pairs(given) do
      if Sampler.OPTIONS[key] then
        error(("%s: option %s: goes with the sampler, which is given made"):format(row.name, key), 4)
      end
    end
    return sampler
  end
  local own = { steps = row.steps }
  for key in pairs(Sampler.OPTIONS) do own[key] = given[key] == nil and own[key] or given[key] end
  local make = type(sampler) == "string" and sl.solve.samplers:find(sampler) and sl.solve[sampler]
  if not make then
    error(("%s: option sampler: expected a sampler of sl.solve or its name, got %s")
      :format(row.name, tostring(sampler)), 4)
  end
  return make(own)
end

--- Posterior.new(row, options): options as a script gave them.
function Posterior.new(row, opts)
  local self = setmetatable({ name = row.name or "own", row = row }, Posterior)
  if row.step or row.sample or row.steppers then
    self.base = Sampler.new(row, opts)
    self.options, self.cost = self.base.options, self.base.cost
    return self
  end
  local known = { sampler = options.NONE }
  for key in pairs(Sampler.OPTIONS) do known[key] = options.NONE end
  for key, default in pairs(row.options or {}) do known[key] = default end
  local o = options.read(self.name, opts, known)
  o.sampler = o.sampler or row.sampler or "ancestral"
  if row.check then row.check(o) end
  self.base = base_of(row, o, opts or {})
  self.options, self.cost = setmetatable(o, { __index = row }), self.base.cost
  return self
end

function Posterior:__tostring() return ("posterior %s"):format(self.name) end

-- ---- one call ------------------------------------------------------------------------------------------

--- Why this method can't serve an operator, or nil.
function Posterior:refuses(operator)
  for _, need in ipairs(self.row.admits or {}) do
    local text, holds = table.unpack(ADMITS[need])
    if not holds(operator) then
      return ("%s: argument operator: expected %s, got %s"):format(self.name, text, tostring(operator))
    end
  end
end

local function check_call(self, process, operator, y)
  if getmetatable(process) ~= Process then
    error(("%s: argument process: expected a process of sl.sde, got %s"):format(self.name, tostring(process)), 3)
  elseif getmetatable(operator) ~= Operator then
    error(("%s: argument operator: expected an operator of sl.inverse, got %s")
      :format(self.name, tostring(operator)), 3)
  end
  local why = self:refuses(operator)
  if why then error(why, 3) end
  operator:check_measured(self.name, y)
end

local function finite(v)
  local sum = (v:detach() * 0):sum():item()
  return sum == sum
end

-- The operator as the method sees it: what a script's own one returns is finite, or an error names both.
local function watched(who, operator)
  local function apply(_, x)
    local y = operator:apply(x)
    if not finite(y) and finite(x) then
      error(("%s: argument operator: expected finite values of %s, got NaN or infinity"):format(who, operator.name), 0)
    end
    return y
  end
  return setmetatable({ apply = apply }, {
    __index = operator, __newindex = operator, __tostring = function() return tostring(operator) end,
  })
end

--- The gradient in x of the sum of fn(x0), x0 = E[x_0 | x_t = x] as the network has it; and x0 and eps without a graph.
function Run:guided(x, t, fn)
  return sl.enable_grad(function()
    local leaf = x:detach():requires_grad_()
    local x0, eps = self:exchange(leaf, t)
    if self.correct then x0 = self.correct(x0, t, self.rows) end
    return sl.grad(fn(x0):sum(), leaf), x0:detach(), eps:detach()
  end)
end

-- The score with the gradient added: eps and x0 move with it.
local Conditional = {}
Conditional.__index = Conditional

function Conditional:exchange(x, t, rows)
  local run, method = self.run, self.method
  run.rows, run.y = rows, rows and self.y:index_select(rows, 1) or self.y
  t = common.times(x, t)
  local g, x0, eps = method.row.gradient(method.options, run, x, t)
  local sum = g:sum():item()
  if sum - sum ~= 0 then
    error(("%s: a gradient that is not finite at t = %g: are the operator and the score finite there?")
      :format(method.name, t:amax():item()), 0)
  end
  local m, s = run.process:coefficient("m", x, t), run.process:coefficient("s", x, t)
  return x0 + g * (s * s / m), eps - g * s
end

function Conditional:__call(x, t, rows)
  local _, eps = self:exchange(x, t, rows)
  return -eps / self.run.process:coefficient("s", x, common.times(x, t))
end

-- The run that gradient and start are called with, beside the one of the sampler. The start may take draw 1, which is
-- the prior's in other samplers.
local function outer_run(self, process, score, shape, opts, fields)
  local call = solve_common.call(self.name, process, score, shape, opts)
  local run = Run.new {
    process = process, call = call, name = self.name, from = call.from, x = call.x, draw = 1,
    eps = self.base.options.eps or process.eps.sample,
  }
  for key, value in pairs(fields) do run[key] = value end
  return run
end

-- Several samples of each measurement: the rows of y, and their numbers, k times.
local function repeated(who, operator, y, call)
  local k, n = call.samples, y:shape(1)
  call.samples = nil
  if k == nil or k == 1 then return y end
  if not math.tointeger(k) or k < 1 then
    error(("%s: option samples: expected a count, got %s"):format(who, tostring(k)), 4)
  elseif call.noise or call.x then
    error(("%s: option samples: expected seed, first or index beside it, got noise or x"):format(who), 4)
  end
  local number = call.index or sl.arange(n, { dtype = "int64" }) + (call.first or 0)
  call.index, call.first = (number:reshape { n, 1 } * k + sl.arange(k, { dtype = "int64" })):reshape { -1 }, nil
  local whole = y:unsqueeze(2):expand { n, k, table.unpack(operator.measured) }
  return whole:reshape { n * k, table.unpack(operator.measured) }
end

--- Draws one x for each row of y [N, measured]; with samples = k several, whose rows follow one another and whose
-- numbers are those that k measurements in its place would have. score is any function (x, t [N]) -> tensor; the other
-- options are those of a sampler's call (see sl.solve). Returns x [N k, shape] and info.
function Posterior:__call(process, score, operator, y, opts)
  check_call(self, process, operator, y)
  local call = {}
  for key, value in pairs(opts or {}) do call[key] = value end
  y = repeated(self.name, operator, y, call)
  call.dtype = call.dtype or y.dtype
  local shape, fields = { y:shape(1), table.unpack(operator.shape) }, { operator = watched(self.name, operator), y = y }
  if self.row.gradient or self.row.start then
    local run = outer_run(self, process, score, shape, call, fields)
    if self.row.start then call.x, call.from = sl.no_grad(self.row.start, self.options, run) end
    if self.row.gradient then score = setmetatable({ run = run, method = self, y = y }, Conditional) end
  end
  return self.base:sample(process, score, shape, call, fields)
end

return Posterior
