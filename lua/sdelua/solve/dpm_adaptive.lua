-- DPM-Solver-12 and -23: steps whose length follows the difference of two orders (Lu et al. 2022a, appendix C). Each
-- sample has its own, and leaves the batch when it arrives; as a whole, all share one. A group is what shares a length:
-- a sample, or the batch. What differs between solvers is its way:
--
--   form, order, solver_type     of the steps (see dpm_line.lua)
--   atol, rtol                   an error counts in units of max(atol, rtol |lower order|, rtol |the last one|)
--   whole                        one group
--   control()                    of a group: { h = of the first step in lambda, judge = fn, together = fn };
--                                judge(c, E) accepts a step from c.lambda to c.to of error E, and sets c.h, the next
--                                one's; together(errors) is the whole's error from its samples'
--   measured(y, sigma)           the state in which errors are measured; nil: as it is
--   eta, s_noise                 noise after each step, as in k-diffusion's ancestral samplers
--   max_steps                    or nil
local sl = require "sdelua"
local errors = require "sdelua.errors"
local column = require "sdelua.sde.common".column
local kd = require "sdelua.solve.kdiffusion"
local Leaving = require "sdelua.solve.leaving"
local Line = require "sdelua.solve.dpm_line"

local exp, log = math.exp, math.log

local INT64 = { dtype = "int64" }
local NEAR = 1e-5 -- an arrival, in log sigma
local SHORTEST = 1e-9 -- of the steps in lambda

-- f(group) of each: a number where the batch is one, else a list.
local function numbers(walk, f)
  if walk.whole then return f(walk.groups[1]) end
  local list = {}
  for i, c in ipairs(walk.groups) do list[i] = f(c) end
  return list
end

local function sigma_of(c) return exp(-c.lambda) end

-- ---- the error of a step ------------------------------------------------------------------------------

-- Of each sample, the root mean square of what low and high differ by, in units of the tolerance; or the whole's.
local function sizes(way, walk, low, high)
  local scale = (low:abs():maximum(walk.low:abs()) * way.rtol):clamp { lo = way.atol }
  local excess = ((low - high) / scale):to "float64"
  local list = excess:reshape({ low:shape(1), -1 }):square():mean(2):sqrt():totable()
  return walk.whole and { walk.groups[1].together(list) } or list
end

local function check_progress(run, way, c, size)
  c.steps = c.steps + 1
  local many = way.max_steps and c.steps > way.max_steps
  if size ~= size or c.h ~= c.h or c.h < SHORTEST or many then
    errors.raise("%s: %s at sigma = %.6g: is the score finite and smooth there?", run.name,
      many and "max_steps reached" or "the step size vanishes", sigma_of(c))
  end
end

-- ---- a step ---------------------------------------------------------------------------------------------

-- Where a step ends: at c.to after noise, to which the solver goes by way of c.down.
local function aim(way, walk)
  for _, c in ipairs(walk.groups) do
    c.to, c.up = math.min(walk.stop, c.lambda + c.h), 0.0
    c.down = c.to
    if way.eta > 0 then
      local to = exp(-c.to)
      c.down = math.min(walk.stop, -log((kd.ancestral(sigma_of(c), to, way.eta))))
      c.up = math.sqrt(math.max(to * to - exp(-2 * c.down), 0))
    end
  end
end

-- What the path between lambda and `to` adds to each.
local function noise_of(way, run, walk, x)
  local from, to = numbers(walk, sigma_of), numbers(walk, function(c) return exp(-c.to) end)
  if walk.whole then return run:brownian(from, to) * (walk.groups[1].up * way.s_noise) end
  local a, b = sl.tensor(from, { dtype = "float64" }), sl.tensor(to, { dtype = "float64" })
  local W = run.call.source:only(walk.batch.places):increment(x:shape(), a, b, x.dtype)
  return W * column(numbers(walk, function(c) return c.up * way.s_noise / math.sqrt(sigma_of(c) - exp(-c.to)) end), x)
end

-- Groups that stand move on.
local function advance(way, run, walk, low, high)
  local any, taken = false, {}
  for i, c in ipairs(walk.groups) do any, taken[i] = any or c.accept and c.up > 0, c.accept and 1 or 0 end
  if any then high = high + noise_of(way, run, walk, high) end
  local moved = column(taken, high):gt(0)
  walk.x, walk.low = sl.where(moved, high, walk.x), sl.where(moved, low, walk.low)
  for _, c in ipairs(walk.groups) do
    if c.accept then c.lambda, c.accepted = c.to, c.accepted + 1 end
  end
end

local function attempt(way, run, walk)
  aim(way, walk)
  local line = Line.new(run, way.form, numbers(walk, sigma_of), numbers(walk, function(c) return c.down - c.lambda end))
  local low, high = line:pair(walk.x, way.order, way.solver_type)
  local sigma = line:at(1)
  local seen = way.measured(low, sigma)
  for i, size in ipairs(sizes(way, walk, seen, way.measured(high, sigma))) do
    local c = walk.groups[i]
    c.accept = c:judge(size)
    check_progress(run, way, c, size)
  end
  advance(way, run, walk, seen, high)
end

-- ---- the way down -----------------------------------------------------------------------------------------

local function is_on_way(walk, c) return c.lambda < walk.stop - NEAR end

-- Samples that have arrived leave the batch.
local function part(run, walk)
  local stay, leave, groups = {}, {}, {}
  for i, place in ipairs(walk.batch.places) do
    local c = walk.of[place]
    if is_on_way(walk, c) then stay[#stay + 1], groups[#groups + 1] = i, c else leave[#leave + 1] = i end
  end
  walk.ended = #stay == 0
  if walk.ended or #leave == 0 then return end
  walk.x, walk.low = walk.batch:part(walk.x, stay, leave), walk.low:index_select(sl.tensor(stay, INT64), 1)
  walk.groups, run.rows = groups, sl.tensor(walk.batch.places, INT64)
end

-- walk.of: the group of each sample.
local function begin(way, run)
  local n = run.x:shape(1)
  local walk = {
    x = run.x, low = way.measured(run.x, run.sigma_max), stop = -log(run.sigma_min), whole = way.whole,
    batch = Leaving.new(n), groups = {}, of = {}, ended = n == 0,
  }
  for i = 1, way.whole and 1 or n do
    local c = way.control()
    c.lambda, c.steps, c.accepted = -log(run.sigma_max), 0, 0
    walk.groups[i] = c
  end
  for i = 1, n do walk.of[i] = walk.groups[way.whole and 1 or i] end
  return walk
end

-- f(group) of each sample in the whole batch.
local function of_each(walk, f)
  local list = {}
  for place, c in ipairs(walk.of) do list[place] = f(c) end
  return list
end

local function info_of(way, run, walk)
  local function counts(f) return sl.tensor(of_each(walk, f), INT64) end
  run.evaluations = counts(function(c) return c.steps * way.order end)
  return {
    steps = counts(function(c) return c.steps end), n_accept = counts(function(c) return c.accepted end),
    n_reject = counts(function(c) return c.steps - c.accepted end),
  }
end

local function report(run, walk)
  if not run.watch then return end
  run:report(walk.batch:whole(walk.x), walk.whole and sigma_of(walk.groups[1]) or of_each(walk, sigma_of))
end

--- The state at sigma_min, and counts for info.
return function(run, way)
  local walk = begin(way, run)
  while not walk.ended do
    attempt(way, run, walk)
    report(run, walk)
    part(run, walk)
  end
  return walk.batch:whole(walk.x), info_of(way, run, walk)
end
