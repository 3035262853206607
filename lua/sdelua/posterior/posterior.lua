-- Samplers of p(x | y), y a measurement of x: what a row of sdelua/posterior/methods becomes. A row is a sampler's (see
-- sdelua/solve/sampler.lua), whose run also has
--
--   run.operator, run.y                  the operator (see sdelua/inverse/operator.lua) and what was measured
--   run:guided(x, t, fn)                 the gradient in x of fn(x0), one number a sample, through the network; and x0
--                                        and eps
--
-- and which says
--   admits                               of operators: "linear", "pinv", "noisy" (std > 0), "noiseless"; "exact", for
--                                        methods that take y as exact: with little noise in each of its coordinates,
--                                        where it is linear; "partial", for those that fill in what is not measured;
--                                        all unless given
-- and, in place of step, sample or steppers, one or both of
--   gradient(self, run, x, t)            grad_x log p(y | x_t = x), which is added to the score, and x0 and eps of x;
--                                        the sampler that the option `sampler` names (without one the row's own
--                                        `sampler`, else ancestral) does the rest
--   start(self, run)                     the state to begin with and its time, for that sampler, or for the row's own
--                                        step; the call says neither x nor from
local sl = require "sdelua"
local errors = require "sdelua.errors"
local arguments = require "sdelua.sde.arguments"
local common = require "sdelua.sde.common"
local finite = require "sdelua.finite"
local gradient = require "sdelua.posterior.gradient"
local grid = require "sdelua.solve.grid"
local Operator = require "sdelua.inverse.operator"
local options = require "sdelua.options"
local Run = require "sdelua.solve.run"
local Sampler = require "sdelua.solve.sampler"
local Score = require "sdelua.sde.score"
local solve_common = require "sdelua.solve.common"

local settle = require "sdelua.core".sde.settle

local Posterior = {}
Posterior.__index = Posterior
Posterior.__name = "sdelua.Posterior"

-- Options of a call: a sampler's, but the type is y's unless given, and samples.
local CALL = options.merged(solve_common.CALL, { samples = options.NONE, dtype = options.NONE })

-- Data has a std of about 1, so that a coordinate of y with this much noise says little.
local EXACT = 0.5

-- The largest std of what y says of a coordinate; of an operator that is not linear, and has none, nothing is known.
local function worst_std(operator)
  return operator.linear and operator.std * operator:inverse_singular():amax():item() or 0
end

local function leaves_some(operator)
  return operator.linear and operator:singular():ne(0):to("int64"):sum():item() < operator.size
end

local ADMITS = {
  exact = {
    ("an operator whose noise in the coordinates of its singular vectors, std/s, is at most %g"):format(EXACT),
    function(operator) return worst_std(operator) <= EXACT end,
  },
  linear = { "a linear operator", function(operator) return operator.linear end },
  partial = { "an operator that leaves something unmeasured", leaves_some },
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
        errors.raise("%s: option %s: goes with the sampler, which is given made", row.name, key)
      end
    end
    return sampler
  end
  local free = given.sampler == nil and not grid.count(given.grid) -- another sampler, or a list, says its own
  local own = { steps = free and row.steps or nil }
  for key in pairs(Sampler.OPTIONS) do own[key] = given[key] == nil and own[key] or given[key] end
  local make = type(sampler) == "string" and sl.solve.samplers:find(sampler) and sl.solve[sampler]
  if not make then
    errors.raise("%s: option sampler: expected a sampler of sl.solve or its name, got %s", row.name,
      options.show(sampler))
  end
  return make(own)
end

local function is_sampler(row) return row.step or row.sample or row.steppers end

--- Posterior.known(row): the options of a row's methods, with defaults.
function Posterior.known(row)
  if is_sampler(row) then return Sampler.known(row) end
  local known = { sampler = options.NONE }
  for key in pairs(Sampler.OPTIONS) do known[key] = options.NONE end
  return options.merged(known, row.options)
end

local function check_admits(who, list)
  for _, need in ipairs(list) do options.choice(who, "admits", need, options.names(ADMITS)) end
end

--- Posterior.new(row, options): options as a script gave them.
function Posterior.new(row, opts)
  local self = setmetatable({ name = row.name or "own", row = row }, Posterior)
  check_admits(self.name, row.admits or {})
  if is_sampler(row) then
    self.base = Sampler.new(row, opts)
    self.options, self.cost = self.base.options, self.base.cost
    return self
  end
  local o = options.read(self.name, opts, Posterior.known(row))
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

-- Errors have no place: it would be one in here.
local function refuse(self, what, expected, got)
  errors.raise("%s: %s: expected %s, got %s", self.name, what, expected, options.show(got))
end

-- What the row needs of a process, before anything is asked of it: the steppers of the core name themselves.
local function check_process(self, process, x)
  local needs, in_sigma = {}, self.row.space == "sigma"
  for _, need in ipairs(self.row.needs or {}) do needs[need] = true end
  settle(process.handle, x)
  local moved = in_sigma or self.row.gradient -- through the score, and x0 from it
  if (moved or needs.kernel) and not process.tier:find "^affine" then
    refuse(self, "argument process", "one with a transition kernel (affine tier)", process)
  elseif (moved or needs.signal) and not process:has_signal() then
    refuse(self, "argument process", "m_T > 0, for else x_T says nothing of x_0 and there is no score", process)
  elseif (in_sigma or needs.uniform) and not common.is_uniform(process) then
    refuse(self, "argument process", "an affine one with the same coefficients for all features", process)
  end
end

local function check_call(self, process, score, operator, y)
  arguments.process(self.name, process)
  arguments.score(self.name, process, score)
  if getmetatable(operator) ~= Operator then
    refuse(self, "argument operator", "an operator of sl.inverse", operator)
  end
  local why = self:refuses(operator)
  if why then errors.raise(why) end
  operator:check_measured(self.name, y)
  if y:shape(1) == 0 then refuse(self, "argument y", "a measurement at least", y) end
  if not finite(y) then refuse(self, "argument y", "finite values", "NaN or infinity") end
end

-- The type of the samples: the state's, that asked for, or y's. A network knows one alone.
local function type_of(self, score, y, call)
  local dtype = sl.is_tensor(call.x) and call.x.dtype or call.dtype or y.dtype
  options.choice(self.name, "dtype", dtype, { "float32", "float64" })
  local known, list = pcall(function() return score:parameters() end)
  if known and list[1] and list[1].dtype ~= dtype then
    refuse(self, call.dtype and "option dtype" or "argument y", ('%s, as the network is%s'):format(list[1].dtype,
      call.dtype and "" or ", or the option dtype beside it"), call.dtype or y)
  end
  return dtype
end

-- The operator as the method sees it: what a script's own one returns is finite, or an error names both.
local function watched(who, operator)
  local function apply(_, x)
    local y = operator:apply(x)
    if not finite(y) and finite(x) then
      errors.raise("%s: argument operator: expected finite values of %s, got NaN or infinity", who, operator.name)
    end
    return y
  end
  return setmetatable({ apply = apply }, { -- an operator still, to whatever function of a script it is handed
    __index = operator, __newindex = operator, __metatable = Operator,
    __tostring = function() return tostring(operator) end,
  })
end

--- The gradient in x of the sum of fn(x0), x0 = E[x_0 | x_t = x] as the network has it; and x0 and eps without a graph.
function Run:guided(x, t, fn)
  return sl.enable_grad(function()
    local leaf = x:detach():requires_grad_()
    local x0, eps = self:exchange(leaf, t)
    return gradient(self, fn(x0), x0, leaf), x0:detach(), eps:detach()
  end)
end

-- The score with the gradient added: eps and x0 move with it.
local Conditional = {}
Conditional.__index = Conditional

--- x0 and eps of the conditional score at (x, t), for samplers that ask for both.
function Conditional:exchange(x, t, rows)
  local run, method = self.run, self.method
  run.rows, run.y = rows, rows and self.y:index_select(rows, 1) or self.y
  t = common.times(x, t)
  local g, x0, eps = method.row.gradient(method.options, run, x, t)
  run.operator:check_like(method.name, "gradient", g)
  if not finite(g) then
    errors.raise("%s: a gradient that is not finite at t = %g: are the operator and the score finite there?",
      method.name, t:amax():item())
  end
  return Score.pulled(run.process, x, t, x0, eps, g)
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
    errors.raise("%s: option samples: expected a count, got %s", who, options.show(k))
  elseif call.noise or call.x then
    errors.raise("%s: option samples: expected seed, first or index beside it, got noise or x", who)
  end
  if call.index and not (sl.is_tensor(call.index) and call.index:numel() == n) then
    errors.raise("%s: option index: expected int64 [%d], one a measurement, got %s", who, n, options.show(call.index))
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
  check_call(self, process, score, operator, y)
  local call = options.read(self.name, opts, CALL)
  call.dtype = type_of(self, score, y, call)
  y = repeated(self.name, operator, y:to(call.dtype), call)
  check_process(self, process, sl.zeros({ y:shape(1), table.unpack(operator.shape) }, { dtype = call.dtype }))
  local shape, fields = { y:shape(1), table.unpack(operator.shape) }, { operator = watched(self.name, operator), y = y }
  if self.row.start and (call.x or call.from) then
    local given = call.x and "x" or "from"
    refuse(self, "option " .. given, "none, for the method says where it begins", call[given])
  end
  if self.row.gradient or self.row.start then
    local run = outer_run(self, process, score, shape, call, fields)
    if self.row.start then call.x, call.from = sl.no_grad(self.row.start, self.options, run) end
    if self.row.gradient then score = setmetatable({ run = run, method = self, y = y }, Conditional) end
  end
  return self.base:sample(process, score, shape, call, fields)
end

return Posterior
