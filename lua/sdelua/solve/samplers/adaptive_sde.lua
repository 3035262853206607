local sl = require "sdelua"
local options = require "sdelua.options"
local choice = require "sdelua.solve.common".choice
local column = require "sdelua.sde.common".column
local scheme = require "sdelua.solve.scheme"

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
  local who = state.rows[i]
  if self.max_steps and state.attempts[who] > self.max_steps then
    error(("adaptive_sde: sample %d: more than max_steps = %d attempts, at t = %g"):format(who, self.max_steps,
      state.t[i]), 0)
  elseif state.h[i] < 1e-9 * run.process.T or err ~= err then
    error(("adaptive_sde: sample %d: no step is small enough at t = %g: raise rtol or atol"):format(who, state.t[i]), 0)
  end
end

-- Accepts or not, sample by sample, and sets the next step: a step's error goes like h^(order + 1/2).
local function decide(self, run, state, r, errors)
  local power, accept = -1 / (scheme[self.method].order + 0.5), {}
  for i, err in ipairs(errors) do
    local on_way = state.t[i] > run.eps
    accept[i] = on_way and err <= 1 and 1 or 0
    if on_way then
      state.attempts[state.rows[i]] = state.attempts[state.rows[i]] + 1
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

-- Once half of the samples have arrived they leave the batch, into state.done.
local function part(run, state, x)
  local staying, leaving = {}, {}
  for i, t in ipairs(state.t) do table.insert(t > run.eps and staying or leaving, i) end
  local replayed = state.source.path -- whose functions know of the whole batch only
  if replayed or #leaving < #staying or #staying == 0 then return x end
  local function rows_of(list) return x:index_select(sl.tensor(list, { dtype = "int64" }), 1) end
  table.insert(state.done, { rows = picked(state.rows, leaving), x = rows_of(leaving) })
  state.source, state.rows = state.source:only(staying), picked(state.rows, staying)
  run.rows = sl.tensor(state.rows, { dtype = "int64" })
  state.t, state.h = picked(state.t, staying), picked(state.h, staying)
  return rows_of(staying)
end

-- All samples, each in its row again.
local function together(state, x)
  table.insert(state.done, { rows = state.rows, x = x })
  local place, all, n = {}, {}, 0
  for i, done in ipairs(state.done) do
    all[i] = done.x
    for k, row in ipairs(done.rows) do place[row] = n + k end
    n = n + #done.rows
  end
  return sl.cat(all, 1):index_select(sl.tensor(place, { dtype = "int64" }), 1)
end

local function latest(times)
  local t = times[1]
  for i = 2, #times do t = math.max(t, times[i]) end
  return t
end

local function start(self, run)
  local state = { t = {}, h = {}, attempts = {}, rows = {}, done = {}, source = run.call.source }
  for i = 1, run.x:shape(1) do
    state.t[i], state.h[i], state.attempts[i], state.rows[i] = run.from, self.first_step, 0, i
  end
  return state
end

local function sample(self, run)
  if run.call.trajectory then
    error("adaptive_sde: option trajectory: expected a sampler on a grid, for samples have times of their own", 0)
  end
  local x, field, state = run.x, scheme.reversed(run, self.noise), start(self, run)
  field.path = function(shape, a, b) return state.source:increment(shape, a, b, x.dtype) end
  while #state.t > 0 do
    local r, mid, alive = proposals(state.t, state.h, run.eps)
    if not alive then break end
    local fine, errors = attempt(self, run, field, x, state.t, r, mid)
    x = sl.where(column(decide(self, run, state, r, errors), x), fine, x)
    run:report(x, latest(state.t))
    x = part(run, state, x)
  end
  run.evaluations = tensor(state.attempts):to "int64" * (self.method == "srk" and 6 or 3)
  return together(state, x)
end

return {
  doc = "Step control on the reverse SDE: each sample has steps of its own, along a Brownian path that is the same at "
    .. "every tolerance. A step is compared with its two halves; method = \"srk\" (additive noise), \"milstein\" or "
    .. "\"euler_maruyama\". info.nfe is [N].",
  source = "Gaines & Lyons 1997; Rößler 2010 (SRA1)",
  noise = true, needs = { "signal" }, denoise = false,
  cost = function(o) return o.method == "srk" and 6 or 3 end,
  options = {
    method = "srk", rtol = 1e-2, atol = 1e-2, noise = 1.0, first_step = 0.01, max_steps = options.NONE,
    steps = options.NONE,
  },
  check = function(o) choice("adaptive_sde", "method", o.method, scheme.names) end,
  sample = sample,
}
