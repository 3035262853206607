-- The score of a network, whatever the network predicts. All parameterizations meet in the pair (x0, eps) with
-- x - c = m x0 + s eps and score = -eps/s.
--
-- A score is anything called as score(x [n, ...], t [n], rows): rows is nil while the whole batch is there and else
-- int64 [n], the places in it, from 1, of the samples at x (solvers with step control let finished ones go), for scores
-- that know something of each sample. A score with a method exchange(x, t, rows) says (x0, eps) as well.
local sl = require "sdelua"
local core = require "sdelua.core".sde
local errors = require "sdelua.errors"
local common = require "sdelua.sde.common"
local class_labels = require "sdelua.sde.labels"
local options = require "sdelua.options"
local Precondition = require "sdelua.sde.precondition"

local Score = {}
Score.__index = Score
Score.__name = "sdelua.Score"

-- What a network may predict, and what the core makes (x0, eps) of: an energy is turned into a score, F into x0.
local PARAMETERIZATIONS = {
  noise = "noise", score = "score", x0 = "x0", v = "v", velocity = "velocity", energy = "score", F = "x0",
}
local NEEDS_SIGNAL = { noise = true, score = true, energy = true, F = true }

-- How a network is told the time; t may be finer than x, for labels on levels to be whole.
local labels = {
  --- 999 t/T, as DDPM's networks have it
  time = function(process, x, t) return (t * (999 / process.T)):to(x.dtype) end,
  --- s(t)
  std = function(process, x, t) return process:coefficient("s", x, t):reshape { -1 } end,
}

-- { "level", n_steps = N, descending = false }: the number from 0 to N - 1 of the level at t, 0 the least noisy one or,
-- descending, the noisiest; a fraction between levels.
local function level(spec)
  local o = options.read("score: label", { n_steps = spec.n_steps, descending = spec.descending },
    { n_steps = 1000, descending = false })
  return function(process, x, t)
    local up = t * ((o.n_steps - 1) / process.T)
    return (o.descending and up * -1 + (o.n_steps - 1) or up):to(x.dtype)
  end
end

local function label_of(process, label)
  if label == nil then label = process.label end
  if labels[label] then return labels[label] end
  if type(label) == "table" and label[1] == "level" then return level(label) end
  if type(label) ~= "function" then
    errors.raise('score: option label: expected "time", "std", { "level", n_steps = } or a function of t, got %s',
      tostring(label))
  end
  return function(_, x, t) return label(t:to(x.dtype)) end
end

-- ---- what a network says: (self, x, t, rows, at), at { m =, s = } the level's own coefficients ---------------

-- The labels of classes that go along, if any do.
local function condition(self, x, rows)
  if self.classes_at then return self.classes_at(x, rows) end
end

local function answer(self, x, t, rows)
  return self.net(x, self.label(self.process, x, t), condition(self, x, rows))
end

local function plain(self, x, t, rows) return common.expect_like("score: argument net", answer(self, x, t, rows), x) end

-- E [N]: a network's one number a sample, in whatever shape.
local function energies(self, x, t, rows)
  local E = answer(self, x, t, rows)
  if sl.is_tensor(E) and E.dtype == x.dtype and E:numel() == x:shape(1) then return E:reshape { -1 } end
  return errors.raise("score: argument net: expected an energy, one number a sample of %s, got %s", options.show(x),
    options.show(E))
end

-- score = -grad E (Salimans & Ho 2021).
-- Where ops are recorded the gradient is recorded too, so that losses can go through it.
local function energy(self, x, t, rows)
  local recording = sl.is_recording()
  return sl.enable_grad(function()
    local at = recording and x.requires_grad and x or x:detach():requires_grad_()
    return -sl.grad(energies(self, at, t, rows):sum(), at, { create_graph = recording })
  end)
end

-- The denoiser D(x; sigma) in the space of sigma = s/m.
local function preconditioned(self, x, t, rows, at)
  local scaled, sigma = Precondition.scaled("score", self.process, x, t, at)
  return self.precondition:denoised(self.net, scaled, sigma, condition(self, x, rows))
end

local OUTPUTS = { energy = energy, F = preconditioned }

-- ---- the score -----------------------------------------------------------------------------------------

local function check_parameterization(process, kind)
  if not PARAMETERIZATIONS[kind] then
    errors.raise("score: option parameterization: expected noise, score, x0, v, velocity, energy or F, got %s", kind)
  end
  local has_signal = process:has_signal()
  if not has_signal and NEEDS_SIGNAL[kind] then
    errors.raise("score: option parameterization: expected v, x0 or velocity, since a network cannot predict the %s at "
      .. "T = %g, where m_T = 0", kind, process.T)
  end
end

-- F comes with a preconditioning (EDM's unless told), which also says the labels; the others without.
local function precondition_of(o)
  if o.parameterization ~= "F" then
    if o.precondition ~= nil then
      errors.raise("score: option precondition: goes with parameterization F, got %s", o.parameterization)
    end
    return nil
  end
  if o.label ~= nil then errors.raise("score: option label: expected none with F, whose label is c_noise") end
  return Precondition.new(o.precondition or "EDM")
end

-- With its metatable; the score of an energy knows log p_t(x) up to a constant, log_prob(x, t) = -E [N].
local function finish(self)
  if self.parameterization == "energy" then
    function self.log_prob(x, t, rows) return -energies(self, x, common.times(x, t), rows) end
  end
  return setmetatable(self, Score)
end

--- process:score(net, options): a network or a function (x, label) as the score of a process. Options:
-- parameterization (what the net predicts), label (what it is told of the time) and precondition. That of an energy E
-- has a field log_prob, the function (x, t) -> -E [N].
function Score.new(process, net, opts)
  if not options.callable(net) then
    errors.raise("score: argument net: expected a network or a function (x, label), got %s", tostring(net))
  end
  local o = options.read("score", opts, {
    parameterization = opts and opts.precondition and "F" or "noise", label = options.NONE, precondition = options.NONE,
  })
  check_parameterization(process, o.parameterization)
  return finish {
    process = process, net = net, parameterization = o.parameterization, form = PARAMETERIZATIONS[o.parameterization],
    precondition = precondition_of(o), label = label_of(process, o.label), said = OUTPUTS[o.parameterization] or plain,
  }
end

function Score:__tostring()
  return ("score of %s, from a network's %s"):format(tostring(self.process), self.parameterization)
end

--- What the network says at (x, t): a score for an energy and x0 for F, else as it is; and t as a tensor [N].
function Score:output(x, t, rows)
  t = common.times(x, t)
  return self:said(x, t, rows), t
end

--- x0 and eps, both as the network has them at (x, t).
function Score:exchange(x, t, rows)
  local y, times = self:output(x, t, rows)
  return core.exchange(self.process.handle, x, times, y, self.form)
end

-- eps of each form where x = m x0 + s eps.
local NOISE = {
  noise = function(y) return y end,
  score = function(y, _, at) return -(y * at.s) end,
  x0 = function(y, x, at) return (x - at.m * y) / at.s end,
  v = function(y, x, at) return (x * at.s + at.m * y) / (at.m:square() + at.s:square()) end,
}

--- The noise in x = m x0 + s eps at levels that have m and s of their own, at = { m =, s = } like columns of x; the
-- network is told the times t [N] that they are nearest to. `who` names the asking function in errors.
function Score:noise_on_levels(who, x, t, at)
  if NOISE[self.form] then return NOISE[self.form](self:said(x, t, nil, at), x, at) end
  return errors.raise("%s: argument score: expected one of a network that predicts noise, score, x0, v, energy or F, "
    .. "got %s, which has no meaning on levels", who, self.parameterization)
end

-- s at times t, of which a score is a fraction.
local function noise_at(process, x, t)
  local s = process:coefficient("s", x, t)
  if s:amin():item() == 0 then
    errors.raise("score: argument t: expected times at which there is noise, got t = %g, where s = 0; "
      .. "process.eps.sample is %g", t:amin():item(), process.eps.sample)
  end
  return s
end

function Score:__call(x, t, rows)
  local y, times = self:output(x, t, rows)
  if self.form == "score" then return y end
  local _, eps = core.exchange(self.process.handle, x, times, y, self.form)
  return -eps / noise_at(self.process, x, times)
end

-- How many classes a network says that it knows; nil for a function.
local function classes_of(who, net)
  local meta = getmetatable(net)
  if type(meta) ~= "table" or not rawget(meta, "is_module_class") then return nil end
  if (net.num_classes or 0) > 0 then return net.num_classes end
  errors.raise("%s: argument score: expected one of a network with classes (option classes or label_dim), got %s", who,
    tostring(net):match "^[^\n]*")
end

--- The score given a class: of the same network, which is handed the labels as its third argument. A number stands for
-- all samples; a list, int64 [N] or one-hot [N,K] says each sample's own; classes count from 0, -1 is none. Without
-- labels: the score of no class. `who` names the asking function in errors.
function Score:given(classes, who)
  who = who or "given"
  local other = {}
  for key, value in pairs(self) do other[key] = value end
  other.classes_at = classes ~= nil and class_labels.of(who, classes, classes_of(who, self.net), -1) or nil
  return finish(other)
end

--- The network's parameters.
function Score:parameters() return self.net:parameters() end

-- ---- any score --------------------------------------------------------------------------------------------

--- x0 and eps as any score function has them.
function Score.pair(process, score, x, t, rows)
  local exchange = common.exchange_of(score)
  if exchange then return exchange(x, t, rows) end
  t = common.times(x, t)
  return core.exchange(process.handle, x, t, common.said(common.as_score(score), x, t, rows), "score")
end

--- x0 and eps where g is added to the score: x0 + g s^2/m and eps - g s.
function Score.pulled(process, x, t, x0, eps, g)
  local m, s = process:coefficient("m", x, t), process:coefficient("s", x, t)
  return x0 + g * (s:square() / m), eps - g * s
end

-- correct(x0, t, rows), or an error in the name of `who`.
local function corrected_data(who, correct, x0, t, rows)
  local y = correct(x0, t, rows)
  if sl.is_tensor(y) and y.dtype == x0.dtype and table.concat(y:shape(), ",") == table.concat(x0:shape(), ",") then
    return y
  end
  return errors.raise("%s: option correct: expected a result like x0, %s, got %s", who, options.show(x0),
    options.show(y))
end

--- The score whose estimates of the data are what correct(x0, t [N], rows) makes of another's: eps and the score follow
-- from them. What else that one knows, this one does.
function Score.corrected(who, process, score, correct)
  local function exchange(_, x, t, rows)
    t = common.times(x, t)
    local x0 = corrected_data(who, correct, (Score.pair(process, score, x, t, rows)), t, rows)
    return core.exchange(process.handle, x, t, x0, "x0")
  end
  return setmetatable({ exchange = exchange }, {
    __index = type(score) == "table" and score or nil,
    __call = function(_, x, t, rows)
      local _, eps = exchange(nil, x, t, rows)
      return -eps / noise_at(process, x, common.times(x, t))
    end,
  })
end

--- E[x_0 | x_t = x] = (x - c + s^2 score)/m of any score (Tweedie's formula; Robbins 1956, Efron 2011).
function Score.denoiser(process, score)
  if not options.callable(score) then
    errors.raise("denoiser: argument score: expected a function (x, t), got %s", tostring(score))
  end
  return function(x, t, rows) return (Score.pair(process, score, x, t, rows)) end
end

return Score
