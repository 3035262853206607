local sl = require "sdelua"
local choice = require "sdelua.solve.common".choice
local column = require "sdelua.sde.common".column
local kd = require "sdelua.solve.kdiffusion"
local Line = require "sdelua.solve.dpm_line"
local options = require "sdelua.options"

local NEAR = 1e-5 -- an arrival, in log sigma

-- ---- step control (Soderlind 2003; with icoeff alone, h grows by error^(-1/order)) ---------------------

local function controller(self, lambda)
  local order = self.eta > 0 and 1.5 or self.order
  return {
    lambda = lambda, h = self.h_init, steps = 0, accepted = 0, b1 = (self.pcoeff + self.icoeff + self.dcoeff) / order,
    b2 = -(self.pcoeff + 2 * self.dcoeff) / order, b3 = self.dcoeff / order,
  }
end

-- True if the step stands; the next one's size either way.
local function judge(self, c, error_size)
  local inverse = 1 / (error_size + 1e-8)
  c.past = c.past or { inverse, inverse }
  local factor = inverse ^ c.b1 * c.past[1] ^ c.b2 * c.past[2] ^ c.b3
  factor = 1 + math.atan(factor - 1)
  local accept = factor >= self.accept_safety
  if accept then c.past = { inverse, c.past[1] } end
  c.h = c.h * factor
  return accept
end

local function check_progress(self, c, error_size)
  c.steps = c.steps + 1
  if error_size ~= error_size or c.lambda + c.h == c.lambda or self.max_steps and c.steps > self.max_steps then
    error(("dpm_adaptive: %s at sigma = %.6g: is the score finite and smooth there?"):format(
      self.max_steps and c.steps > self.max_steps and "max_steps reached" or "the step size vanishes",
      math.exp(-c.lambda)), 0)
  end
end

-- ---- groups: each sample, or the whole batch, has a step size ------------------------------------------

-- f(controller) of each: a number where the batch is one, else a list.
local function numbers(walk, f)
  if walk.whole then return f(walk.groups[1]) end
  local list = {}
  for i, c in ipairs(walk.groups) do list[i] = f(c) end
  return list
end

-- Root mean square of the error over its tolerance, one a group.
local function sizes(self, walk, low, high)
  local tolerance = sl.maximum(low:abs(), walk.low:abs()) * self.rtol
  local excess = ((low - high) / tolerance:clamp(self.atol, math.huge)):to "float64"
  return excess:reshape({ walk.whole and 1 or low:shape(1), -1 }):square():mean(2):sqrt():totable()
end

-- Where a step ends: at c.to after noise, to which the solver goes by way of c.down.
local function aim(self, walk)
  for _, c in ipairs(walk.groups) do
    c.to, c.up = math.min(walk.stop, c.lambda + c.h), 0.0
    c.down = c.to
    if self.eta > 0 then
      local to = math.exp(-c.to)
      c.down = math.min(walk.stop, -math.log((kd.ancestral(math.exp(-c.lambda), to, self.eta))))
      c.up = math.sqrt(math.max(to * to - math.exp(-2 * c.down), 0))
    end
  end
end

-- What the path between lambda and `to` adds to each.
local function noise_of(self, run, walk, x)
  local from = numbers(walk, function(c) return math.exp(-c.lambda) end)
  local to = numbers(walk, function(c) return math.exp(-c.to) end)
  if walk.whole then return run:brownian(from, to) * (walk.groups[1].up * self.s_noise) end
  local a, b = sl.tensor(from, { dtype = "float64" }), sl.tensor(to, { dtype = "float64" })
  local W = run.call.source:only(walk.places):increment(x:shape(), a, b, x.dtype)
  return W * column(numbers(walk, function(c)
    return c.up * self.s_noise / math.sqrt(math.exp(-c.lambda) - math.exp(-c.to))
  end), x)
end

-- Groups that stand move on.
local function advance(self, run, walk, low, high)
  local any = false
  for _, c in ipairs(walk.groups) do any = any or c.accept and c.up > 0 end
  if any then high = high + noise_of(self, run, walk, high) end
  local moved = column(walk.whole and { walk.groups[1].accept and 1 or 0 }
    or numbers(walk, function(c) return c.accept and 1 or 0 end), high):gt(0)
  walk.x, walk.low = sl.where(moved, high, walk.x), sl.where(moved, low, walk.low)
  for _, c in ipairs(walk.groups) do
    if c.accept then c.lambda, c.accepted = c.to, c.accepted + 1 end
  end
end

local function attempt(self, run, walk)
  aim(self, walk)
  local line = Line.new(run, "noise", numbers(walk, function(c) return math.exp(-c.lambda) end),
    numbers(walk, function(c) return c.down - c.lambda end))
  local low, high = line:pair(walk.x, self.order, "dpmsolver")
  for i, size in ipairs(sizes(self, walk, low, high)) do
    local c = walk.groups[i]
    check_progress(self, c, size)
    c.accept = judge(self, c, size)
  end
  advance(self, run, walk, low, high)
end

-- Samples that have arrived leave the batch.
local function part(walk)
  local stay, kept = {}, { places = {}, groups = {} }
  for i, place in ipairs(walk.places) do
    local c = walk.groups[walk.whole and 1 or i]
    if c.lambda < walk.stop - NEAR then
      stay[#stay + 1] = i
      kept.places[#stay], kept.groups[#stay] = place, c
    else
      walk.out[place], walk.counts[place] = walk.x:narrow(1, i, 1), c
    end
  end
  if #stay > 0 and #stay < #walk.places then
    local index = sl.tensor(stay, { dtype = "int64" })
    walk.x, walk.low = walk.x:index_select(index, 1), walk.low:index_select(index, 1)
  end
  walk.places = kept.places
  if not walk.whole then walk.groups = kept.groups end
end

local function info_of(self, run, walk)
  local function counts(f)
    local list = {}
    for place, c in ipairs(walk.counts) do list[place] = f(c) end
    return sl.tensor(list, { dtype = "int64" })
  end
  run.evaluations = counts(function(c) return c.steps * self.order end)
  return {
    steps = counts(function(c) return c.steps end), n_accept = counts(function(c) return c.accepted end),
    n_reject = counts(function(c) return c.steps - c.accepted end),
  }
end

local function walk_of(self, run)
  local walk = {
    x = run.x, low = run.x, stop = -math.log(run.sigma_min), whole = self.norm == "batch", places = {}, groups = {},
    out = {}, counts = {},
  }
  for i = 1, run.x:shape(1) do walk.places[i] = i end
  for i = 1, walk.whole and 1 or #walk.places do walk.groups[i] = controller(self, -math.log(run.sigma_max)) end
  return walk
end

return {
  doc = "DPM-Solver-12 or -23 (order = 2, 3) with step control; norm = \"sample\", or \"batch\" for one step size for "
    .. "all; eta > 0 adds noise along one Brownian path in sigma.",
  source = "Lu et al. 2022a, appendix C; k-diffusion's sample_dpm_adaptive",
  order = function(o) return o.eta > 0 and 1 or o.order end,
  cost = function(o) return o.order end,
  space = "sigma", denoise = false, noise = kd.has_eta,
  options = {
    order = 3, rtol = 0.05, atol = 0.0078, h_init = 0.05, pcoeff = 0.0, icoeff = 1.0, dcoeff = 0.0,
    accept_safety = 0.81, eta = 0.0, s_noise = 1.0, norm = "sample", max_steps = options.NONE, steps = options.NONE,
  },
  check = function(o)
    choice("dpm_adaptive", "norm", o.norm, { "sample", "batch" })
    if o.order ~= 2 and o.order ~= 3 then error("dpm_adaptive: option order: expected 2 or 3, got " .. o.order, 3) end
    if o.steps then error("dpm_adaptive: option steps: expected none, for rtol and atol choose them", 3) end
    for _, name in ipairs { "rtol", "atol", "h_init" } do
      if o[name] <= 0 then
        error(("dpm_adaptive: option %s: expected a positive number, got %s"):format(name, o[name]), 3)
      end
    end
  end,
  sample = function(self, run)
    if run.call.trajectory and self.norm == "sample" then
      error("dpm_adaptive: option trajectory: expected norm = \"batch\", for samples have times of their own", 0)
    end
    local walk = walk_of(self, run)
    while #walk.places > 0 do
      attempt(self, run, walk)
      run:report(walk.x, numbers(walk, function(c) return math.exp(-c.lambda) end))
      part(walk)
    end
    return #walk.out > 0 and sl.cat(walk.out, 1) or run.x, info_of(self, run, walk)
  end,
}
