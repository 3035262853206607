-- DPM-Solver-12 and -23: steps whose length follows the difference of two orders (Lu et al. 2022a, appendix C, with the
-- control of Jolicoeur-Martineau et al. 2021). Each sample has its own, and leaves the batch when it arrives; with
-- norm = "batch" all share one, that of the sample whose error is largest.
local sl = require "sdelua"
local Line = require "sdelua.solve.dpm_line"
local column = require "sdelua.sde.common".column

local exp, log = math.exp, math.log

local SHORTEST = 1e-9 -- of the steps in lambda

local function filled(n, v)
  local list = {}
  for i = 1, n do list[i] = v end
  return list
end

-- Of each sample, the root mean square of higher - lower over max(atol, rtol |lower|, rtol |before|).
local function errors(o, lower, higher, before)
  local scale = (lower:abs():maximum(before:abs()) * o.rtol):clamp { lo = o.atol }
  return ((higher - lower) / scale):square():reshape({ lower:shape(1), -1 }):mean(2):sqrt():totable()
end

-- sigma and h after a step with error E.
local function moved(o, run, sigma, h, E)
  if E <= 1 then sigma = math.max(sigma * exp(-h), run.sigma_min) end
  if sigma <= run.sigma_min * (1 + 1e-12) then return run.sigma_min, 0 end
  local longest = o.theta * h * E ^ (-1 / o.order)
  if longest ~= longest or longest < SHORTEST then
    error(("%s: the step came to %g at sigma = %g: expected a finite, continuous score"):format(run.name, longest,
      sigma), 0)
  end
  return sigma, math.min(longest, log(sigma / run.sigma_min))
end

-- All samples move together: the state is higher's or stays.
local function move_all(o, run, s, E, higher, lower_x)
  local worst = math.max(table.unpack(E))
  for _, e in ipairs(E) do worst = e ~= e and e or worst end
  if worst <= 1 then s.y, s.before = higher, lower_x end
  s.sigma, s.h = moved(o, run, s.sigma, s.h, worst)
end

local function move_each(o, run, s, E, higher, lower_x)
  local taken = {}
  for i, e in ipairs(E) do
    taken[i] = e <= 1 and 1 or 0
    s.sigma[i], s.h[i] = moved(o, run, s.sigma[i], s.h[i], e)
  end
  local mask = column(taken, s.y):gt(0)
  s.y, s.before = mask:where(higher, s.y), mask:where(lower_x, s.before)
end

-- Puts by the samples that have arrived.
local function part(s)
  local stay, sigma, h, rows = {}, {}, {}, {}
  for i, row in ipairs(s.rows) do
    if s.h[i] == 0 then
      s.done[row] = s.y:narrow(1, i, 1)
    else
      stay[#stay + 1], sigma[#sigma + 1], h[#h + 1], rows[#rows + 1] = i, s.sigma[i], s.h[i], row
    end
  end
  if #stay == #s.rows then return end
  s.sigma, s.h, s.rows = sigma, h, rows
  if #stay == 0 then return end
  local index = sl.tensor(stay, { dtype = "int64" })
  s.y, s.before = s.y:index_select(index, 1), s.before:index_select(index, 1)
end

local function begin(o, run)
  local n, alone = run.x:shape(1), o.norm == "sample"
  local h = math.min(o.h_init, log(run.sigma_max / run.sigma_min))
  local s = {
    y = run.x, before = (run:to_process(run.x, run.sigma_max)), rows = {}, done = {}, nfe = filled(n, 0),
    sigma = alone and filled(n, run.sigma_max) or run.sigma_max, h = alone and filled(n, h) or h,
  }
  for i = 1, n do s.rows[i] = i end
  return s, alone
end

local function step(o, run, form, s, alone)
  local line = Line.new(run, form, s.sigma, s.h)
  local lower, higher = line:pair(s.y, o.order, o.solver_type)
  local sigma = line:at(1)
  local lower_x = run:to_process(lower, sigma)
  local E = errors(o, lower_x, (run:to_process(higher, sigma)), s.before)
  for _, row in ipairs(s.rows) do s.nfe[row] = s.nfe[row] + o.order end
  local move = alone and move_each or move_all
  move(o, run, s, E, higher, lower_x)
  run:report(s.y, s.sigma)
end

--- The state at sigma_min.
return function(o, run, form)
  if run.call.trajectory then
    error(("%s: option trajectory: expected a fixed grid, for adaptive samples have times of their own")
      :format(run.name), 0)
  end
  local s, alone = begin(o, run)
  while alone and #s.rows > 0 or not alone and s.h > 0 do
    step(o, run, form, s, alone)
    if alone then part(s) end
  end
  run.evaluations = sl.tensor(s.nfe, { dtype = "int64" })
  return alone and sl.cat(s.done, 1) or s.y
end
