-- A score with guidance: called as scores are, with exchange(x, t, rows) -> x0, eps as well.
--
-- With g the gradient of log p(y | x_t) it says score + scale g, or x0 + scale g s^2/m and eps - scale g s. scale 1 is
-- Bayes' rule. norm = "score" first gives each sample's g the root mean square of its score.
local sl = require "sdelua"
local errors = require "sdelua.errors"
local finite = require "sdelua.finite"
local arguments = require "sdelua.sde.arguments"
local common = require "sdelua.sde.common"
local options = require "sdelua.options"
local Score = require "sdelua.sde.score"

local Guided = {}
Guided.__index = Guided
Guided.__name = "sdelua.Guided"

local OPTIONS = { interval = options.NONE }
local GRADIENT = { scale = 1.0, norm = "none" }

-- ---- making ---------------------------------------------------------------------------------------------

--- Guided.known(row): the options of a row's guided scores, with defaults.
function Guided.known(row)
  return options.merged(OPTIONS, row.logp and GRADIENT, row.options)
end

local function refuse(who, what, expected, got)
  errors.raise("%s: %s: expected %s, got %s", who, what, expected, options.show(got))
end

local checks = {}

function checks.process(who, process)
  arguments.process(who, process)
  if not process:has_signal() then
    refuse(who, "argument process", "one with m_T > 0, for else there is no score at T", process)
  end
end

function checks.score(who, score, process)
  arguments.score(who, process, score)
end

function checks.fn(who, fn)
  if not options.callable(fn) then refuse(who, "argument fn", "a function", fn) end
end

local function check_options(who, row, o)
  local span = o.interval
  local two = type(span) == "table" and #span == 2 and type(span[1]) == "number" and type(span[2]) == "number"
  if span ~= nil and not (two and span[1] <= span[2]) then
    refuse(who, "option interval", "two noise levels { lo, hi }", two and span[1] .. ", " .. span[2] or span)
  end
  options.finite(who, o, { "scale" })
  if row.logp then
    options.choice(who, "norm", o.norm, row.norms or { "none", "score" })
  end
end

--- What a row and the arguments of a call make.
function Guided.new(row, ...)
  local who, a = "guidance." .. row.name, {}
  for i, name in ipairs(row.arguments) do
    a[name] = select(i, ...)
    if checks[name] then checks[name](who, a[name], a.process) end
  end
  local o = options.read(who, (select(#row.arguments + 1, ...)), Guided.known(row))
  check_options(who, row, o)
  o.who = who
  if row.begin then row.begin(o, a) end
  return setmetatable({ row = row, options = o, arguments = a, process = a.process or a.score.process }, Guided)
end

function Guided:__tostring() return "score with " .. self.options.who end

-- ---- where it is asked ---------------------------------------------------------------------------------------

local At = {}
At.__index = At

--- x0 and eps as the score has them at x, once.
function At:pair()
  if not self.x0 then
    self.x0, self.eps = Score.pair(self.process, self.arguments.score, self.x, self.t, self.rows)
  end
  return self.x0, self.eps
end

--- x0 alone: E[x_0 | x_t] as the score has it at x.
function At:denoised() return (self:pair()) end

--- uint8 [n]: which samples are at a noise level of the interval; nil: all of them.
function At:within()
  local span = self.options.interval
  if not span then return nil end
  local m, s = self.process:coefficient("m", self.x, self.t), self.process:coefficient("s", self.x, self.t)
  local sigma = (s / m):reshape { -1 }
  if sigma:numel() ~= self.x:shape(1) then
    refuse(self.options.who, "option interval", "a process with the same coefficients for all features", self.process)
  end
  return sigma:ge(span[1]) * sigma:le(span[2])
end

local function at(self, x, t, rows)
  return setmetatable({
    process = self.process, options = self.options, arguments = self.arguments, x = x, t = common.times(x, t),
    rows = rows,
  }, At)
end

-- ---- the gradient ----------------------------------------------------------------------------------------------

local function flat(x) return x:reshape { x:shape(1), -1 } end

-- Refuses y [n, ...] by the first sample that is not finite.
local function check_finite(here, what, y)
  if finite(y) then return end
  local sums = (flat(y):detach() * 0):sum(2):totable()
  for i, v in ipairs(sums) do
    if v ~= 0 then
      local place = here.rows and here.rows:select(1, i):item() or i
      refuse(here.options.who, what, "finite numbers", ("NaN or infinity at sample %d, t = %g"):format(place,
        here.t:select(1, i):item()))
    end
  end
end

-- log p(y | x_t) as the row has it, [n].
local function density(self, here)
  local who, n, y = self.options.who, here.x:shape(1), self.row.logp(self.options, self.arguments, here)
  local subject = "argument " .. (self.row.subject or "fn")
  if not sl.is_tensor(y) then refuse(who, subject, ("a tensor [%d]"):format(n), y) end
  if y:dim() ~= 1 or y:shape(1) ~= n then
    refuse(who, subject, ("[%d], one number a sample"):format(n), y)
  end
  check_finite(here, subject, y)
  if not y.requires_grad then
    refuse(who, subject, "numbers computed from x by recorded ops", "some without a gradient")
  end
  return y
end

local function gradient(self, here, recording)
  local y = density(self, here)
  local g = sl.grad(y:sum(), here.x, { create_graph = recording })
  check_finite(here, "argument " .. (self.row.subject or "fn"), g)
  if self.options.norm == "residual" then g = g / common.column((-y):clamp { lo = 1e-20 }:sqrt(), g) end
  return g
end

-- Root mean square of each sample, as a column.
local function size(x) return common.column(flat(x):square():mean(2):sqrt(), x) end

-- What is added to the score at x, and where it was asked; nil: nothing anywhere.
local function pull(self, x, t, rows)
  local recording, o = sl.is_recording(), self.options
  local here = at(self, x, t, rows)
  local within = here:within()
  if o.scale == 0 or (within and within:amax():item() == 0) then return nil, here end
  here.x = recording and x.requires_grad and x or x:detach():requires_grad_()
  local g = sl.enable_grad(gradient, self, here, recording)
  if not recording and here.x0 then here.x0, here.eps = here.x0:detach(), here.eps:detach() end
  if o.norm == "score" then
    local _, eps = here:pair()
    g = g * (size(eps) / (size(g) * self.process:coefficient("s", x, here.t)):clamp { lo = 1e-20 })
  end
  g = g * o.scale
  return within and sl.where(common.column(within, g), g, 0) or g, here
end

-- ---- as a score ----------------------------------------------------------------------------------------------------

local function exchange_of(score, x, t, rows) return { score:exchange(x, t, rows) } end
local function score_of(score, x, t, rows) return { score(x, t, rows) } end

--- x0 and eps of the guided score at (x, t), for samplers that ask for both.
function Guided:exchange(x, t, rows)
  if self.row.answer then
    return table.unpack(self.row.answer(self.options, self.arguments, at(self, x, t, rows), exchange_of))
  end
  local g, here = pull(self, x, t, rows)
  local x0, eps = here:pair()
  if not g then return x0, eps end
  return Score.pulled(self.process, x, here.t, x0, eps, g)
end

function Guided:__call(x, t, rows)
  if self.row.answer then
    return self.row.answer(self.options, self.arguments, at(self, x, t, rows), score_of)[1]
  end
  local g, here = pull(self, x, t, rows)
  local score
  if here.eps then
    score = -here.eps / self.process:coefficient("s", x, here.t)
  else
    score = common.said(common.as_score(self.arguments.score), x, here.t, rows)
  end
  return g and score + g or score
end

return Guided
