local sl = require "sdelua"
local errors = require "sdelua.errors"
local options = require "sdelua.options"
local column = require "sdelua.sde.common".column
local scheme = require "sdelua.solve.scheme"
local Leaving = require "sdelua.solve.leaving"

local function tensor(list) return sl.tensor(list, { dtype = "float64" }) end

-- Root mean square over each sample's features of the difference, in units of the tolerance.
local function error_of(self, x, coarse, fine)
  local scale = sl.maximum(x:abs(), fine:abs()) * self.rtol + self.atol
  return ((coarse - fine) / scale):square():reshape({ x:shape(1), -1 }):mean(2):sqrt():totable()
end

-- Where each sample would go: arrived ones stand still.
local function proposals(t, h, eps)
  local r, mid, alive = {}, {}, false
  for i, now in ipairs(t) do
    local left = now - eps
    r[i] = h[i] >= left and eps or now - math.min(h[i], left / 2)
    mid[i] = now - (now - r[i]) / 2
    alive = alive or left > 0
  end
  return r, mid, alive
end

-- Halving the step reuses the path's own values in between, so that no draw is thrown away with a step.
local function attempt(self, run, field, x, t, r, mid)
  local step, memory = scheme[self.method].step, run.memory
  local a, b, c = tensor(t), tensor(mid), tensor(r)
  local coarse = step("adaptive_sde", field, x, a, c, memory)
  local fine = step("adaptive_sde", field, step("adaptive_sde", field, x, a, b, memory), b, c, memory)
  return fine, error_of(self, x, coarse, fine)
end

local function check_progress(self, run, state, i, err)
  local who = state.batch.places[i]
  if self.max_steps and state.attempts[who] > self.max_steps then
    errors.raise("adaptive_sde: sample %d: more than max_steps = %d attempts, at t = %g", who, self.max_steps,
      state.t[i])
  elseif state.h[i] < 1e-9 * run.process.T or err ~= err then
    errors.raise("adaptive_sde: sample %d: no step is small enough at t = %g: raise rtol or atol", who, state.t[i])
  end
end

-- Accepts or not, sample by sample, and sets the next step: a step's error goes like h^(order + 1/2).
local function decide(self, run, state, r, found)
  local power, accept = -1 / (scheme[self.method].order + 0.5), {}
  for i, err in ipairs(found) do
    local on_way = state.t[i] > run.eps
    accept[i] = on_way and err <= 1 and 1 or 0
    if on_way then
      local who = state.batch.places[i]
      state.attempts[who] = state.attempts[who] + 1
      state.h[i] = (state.t[i] - r[i]) * math.min(math.max(0.9 * err ^ power, 0.2), 4)
      if accept[i] == 1 then state.t[i] = r[i] end
      check_progress(self, run, state, i, err)
    end
  end
  return sl.tensor(accept, { dtype = "uint8" })
end

local function picked(list, rows)
  local out = {}
  for i, row in ipairs(rows) do out[i] = list[row] end
  return out
end

-- Once half of the samples have arrived they leave the batch.
local function part(run, state, x)
  local staying, leaving = {}, {}
  for i, t in ipairs(state.t) do table.insert(t > run.eps and staying or leaving, i) end
  local replayed = state.source.path -- whose functions know of the whole batch only
  if replayed or #leaving < #staying or #staying == 0 then return x end
  x = state.batch:part(x, staying, leaving)
  state.source = state.source:only(staying)
  run.rows = sl.tensor(state.batch.places, { dtype = "int64" })
  state.t, state.h = picked(state.t, staying), picked(state.h, staying)
  return x
end

-- The whole batch is seen.
local function report(run, state, x)
  if not run.watch then return end
  for i, place in ipairs(state.batch.places) do state.times[place] = state.t[i] end
  run:report(state.batch:whole(x), state.times)
end

local function start(self, run)
  local n = run.x:shape(1)
  local state = { t = {}, h = {}, attempts = {}, times = {}, batch = Leaving.new(n), source = run.call.source }
  for i = 1, n do state.t[i], state.h[i], state.attempts[i] = run.from, self.first_step, 0 end
  return state
end

local function sample(self, run)
  local x, field, state = run.x, scheme.reversed(run, self.noise), start(self, run)
  field.path = function(shape, a, b) return state.source:increment(shape, a, b, x.dtype) end
  while #state.t > 0 do
    local r, mid, alive = proposals(state.t, state.h, run.eps)
    if not alive then break end
    local fine, found = attempt(self, run, field, x, state.t, r, mid)
    x = sl.where(column(decide(self, run, state, r, found), x), fine, x)
    report(run, state, x)
    x = part(run, state, x)
  end
  run.evaluations = tensor(state.attempts):to "int64" * (self.method == "srk" and 6 or 3)
  return state.batch:whole(x)
end

return {
  doc = "Step control on the reverse SDE: each sample has steps of its own, along a Brownian path that is the same at "
    .. "every tolerance. A step is compared with its two halves; method = \"srk\" (additive noise), \"milstein\" or "
    .. "\"euler_maruyama\". info.nfe is [N].",
  source = "Gaines & Lyons 1997; Rößler 2010 (SRA1), as in torchsde's tableaus/sra1.py",
  noise = true, needs = { "signal" }, denoise = false,
  cost = function(o) return o.method == "srk" and 6 or 3 end,
  options = {
    method = "srk", rtol = 1e-2, atol = 1e-2, noise = 1.0, first_step = 0.01, max_steps = options.NONE,
    steps = options.NONE,
  },
  check = function(o, who)
    options.choice(who, "method", o.method, scheme.names)
    options.positives(who, o, { "rtol", "atol", "first_step" })
    options.amounts(who, o, { "noise" })
    options.counts(who, o, { "max_steps" })
  end,
  sample = sample,
}
