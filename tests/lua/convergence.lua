-- What both tests of convergence share: processes, smooth grids, normal data.
local affine = require "affine"
local sl = require "sdelua"

local solve, sde = sl.solve, sl.sde
local convergence = {}

local MEAN, STD = 0.7, 0.5 -- of the data

-- Even in u, with lambda = -log sigma quadratic in it: smooth, and with first steps so short that a multistep method
-- may begin with a lower order.
solve.grids.quadratic_lambda = {
  space = "sigma", options = {},
  make = function(n, hi, lo)
    local list = {}
    for i = 0, n do list[i + 1] = hi * (lo / hi) ^ ((i / n) ^ 2) end
    return list
  end,
}

-- Processes and the grids that are smooth for them: log sigma for samplers in sigma, even times for others.
convergence.places = {
  sigma = { process = sde.EDM { sigma_max = 3, sigma_min = 0.3 }, grid = "quadratic_lambda", eps = 0.3 },
  time = { process = sde.VP { beta_min = 0.5, beta_max = 4 }, grid = "uniform", eps = 0.2 },
}

local function law_at(process, t)
  local at = process:point(t)
  return at.m * MEAN + at.c, math.sqrt((at.m * STD) ^ 2 + at.s ^ 2)
end

function convergence.score_of(process)
  return function(x, t)
    local m, s, c = process:coefficient("m", x, t), process:coefficient("s", x, t), process:coefficient("c", x, t)
    return (m * MEAN + c - x) / (m:square() * STD ^ 2 + s:square())
  end
end

--- |mean - exact| + |std - exact| for a sampler of n steps; for a flow, |x - exact| of x_T two deviations out too.
function convergence.error_of(name, options, n)
  local row = solve.samplers:find(name)
  local place = convergence.places[row.space or "time"]
  local o = { steps = n, denoise = false, grid = place.grid, eps = place.eps }
  for key, value in pairs(options) do o[key] = value end
  local sampler, process = solve[name](o), place.process
  local score = convergence.score_of(process)
  local function run(x, noise) return (sampler(process, score, nil, { x = x, noise = noise })) end
  local mean_T, std_T = law_at(process, process.T)
  local mean_0, std_0 = law_at(process, place.eps)
  local mean, std, slope = affine.law(run, mean_T, std_T)
  if not mean then return nil, std end
  if not sampler.noise then return math.abs(mean - mean_0) + math.abs(slope - std_0 / std_T) end
  return math.abs(mean - mean_0) + math.abs(std - std_0)
end

--- Draws of unit normals, one a step, that are increments of one path over the step's interval of time or sigma.
function convergence.from_path(place, row, n, seed)
  local source = sl.noise { seed = seed }
  local points = row.space and solve.grids.quadratic_lambda.make(n, 3, 0.3) or nil
  return {
    normal = function(shape, number, dtype)
      local i = number - 1
      if points then return source:brownian(shape, points[i], points[i + 1], dtype) end
      local T, eps = place.process.T, place.eps
      return source:brownian(shape, T + (eps - T) * (i - 1) / n, T + (eps - T) * i / n, dtype)
    end,
    increment = function(shape, a, b, dtype) return source:increment(shape, a, b, dtype) end,
  }
end

return convergence
