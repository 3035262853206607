-- Where a sampler's steps stand: n + 1 times from T down to eps. Grids are rows: in "time", or in "sigma" = s/m, with
-- options that may be given as { "karras", rho = 5 }.
local options = require "sdelua.options"

local grid = {}

-- n + 1 values from hi to lo, evenly spaced after `to`, whose inverse is `back`. The ends are exact.
local function spaced(n, hi, lo, to, back)
  local list, a, b = {}, to(hi), to(lo)
  for i = 0, n do list[i + 1] = back(a + (b - a) * i / math.max(n, 1)) end
  list[1] = hi
  if n > 0 then list[n + 1] = lo end
  return list
end

local function same(v) return v end

grid.rows = {
  uniform = { space = "time", options = {}, make = function(n, hi, lo) return spaced(n, hi, lo, same, same) end },
  --- Even in sqrt t (Song et al. 2020a, appendix D.2).
  quadratic = {
    space = "time", options = {},
    make = function(n, hi, lo) return spaced(n, hi, lo, math.sqrt, function(v) return v * v end) end,
  },
  --- Even in log(m^2/s^2) (Lu et al. 2022a, section 3.3): even in log sigma.
  logsnr = {
    space = "sigma", options = {}, make = function(n, hi, lo) return spaced(n, hi, lo, math.log, math.exp) end,
  },
  --- Even in sigma^(1/rho) (Karras et al. 2022, eq. 5).
  karras = {
    space = "sigma", options = { rho = 7 },
    make = function(n, hi, lo, o)
      return spaced(n, hi, lo, function(v) return v ^ (1 / o.rho) end, function(v) return v ^ o.rho end)
    end,
  },
  --- log sigma falls like a power rho of the step (k-diffusion's get_sigmas_polyexponential).
  polyexponential = {
    space = "sigma", options = { rho = 1 },
    make = function(n, hi, lo, o)
      local list = {}
      for i = 0, n do list[i + 1] = math.exp((1 - i / n) ^ o.rho * (math.log(hi) - math.log(lo)) + math.log(lo)) end
      return list
    end,
  },
}
grid.rows.exponential = grid.rows.logsnr

-- The names of Karras et al. 2022, table 1: each is the grid of another work, in sigma.
grid.rows.edm = grid.rows.karras
grid.rows.ve = grid.rows.logsnr
--- Even in the time of the VP process, from 1 to eps_s, whose sigma has these ends.
grid.rows.vp = {
  space = "sigma", options = { eps_s = 1e-3 },
  make = function(n, hi, lo, o)
    local B, b = math.log(1 + hi * hi), math.log(1 + lo * lo)
    local beta_d = 2 * (b / o.eps_s - B) / (o.eps_s - 1)
    local beta_min = B - 0.5 * beta_d
    local function sigma(t) return math.sqrt(math.exp((0.5 * beta_d * t + beta_min) * t) - 1) end
    local list = {}
    for i = 0, n do list[i + 1] = sigma(1 + (o.eps_s - 1) * i / math.max(n, 1)) end
    return list
  end,
}
--- The levels of Nichol & Dhariwal 2021 that lie between the ends, of which n + 1 are picked evenly.
grid.rows.iddpm = {
  space = "sigma", options = { C_1 = 0.001, C_2 = 0.008, M = 1000 },
  make = function(n, hi, lo, o)
    local function alpha_bar(j) return math.sin(0.5 * math.pi * j / o.M / (o.C_2 + 1)) ^ 2 end
    local u, levels = 0.0, {}
    for j = o.M, 0, -1 do
      if u >= lo and u <= hi then table.insert(levels, 1, u) end
      u = j > 0 and math.sqrt((u * u + 1) / math.max(alpha_bar(j - 1) / alpha_bar(j), o.C_1) - 1)
    end
    if #levels <= n then error(("grid iddpm: expected at most %d steps, got %d"):format(#levels - 1, n), 0) end
    local list = {}
    for i = 0, n do list[i + 1] = levels[1 + math.floor((#levels - 1) * i / math.max(n, 1) + 0.5)] end
    return list
  end,
}

local function known(who, name)
  local row = grid.rows[name]
  if row then return row end
  error(('%s: option grid: expected "%s", a list of times or { sigma = list }, got %s')
    :format(who, table.concat(options.names(grid.rows), '", "'), tostring(name)), 0)
end

local function read(who, spec)
  if type(spec) == "string" then return known(who, spec), known(who, spec).options end
  local row, own = known(who, spec[1]), {}
  local all = { sigma_min = options.NONE, sigma_max = options.NONE }
  for key, default in pairs(row.options) do all[key] = default end
  for key, value in pairs(spec) do
    if key ~= 1 then own[key] = value end
  end
  return row, options.read(who .. ": grid", own, all)
end

local function mapped(list, fn)
  local out = {}
  for i, v in ipairs(list) do out[i] = fn(v) end
  return out
end

--- spec: a name, { name, options }, a list of falling times, or { sigma = falling list }; numbers or a tensor.
-- sigma_max and sigma_min bound a grid in sigma, which goes from the time `from` to eps without. to_zero: the last of a
-- named grid's n steps goes on to 0. Returns times and, of a grid in sigma, sigmas.
function grid.times(who, process, spec, n, from, eps, to_zero)
  local list = type(spec) == "userdata" and spec:totable() or spec
  if type(list) == "table" and list.sigma then
    local sigmas = type(list.sigma) == "userdata" and list.sigma:totable() or list.sigma
    return mapped(sigmas, function(v) return process:time(v) end), sigmas
  elseif type(list) == "table" and type(list[1]) == "number" then
    return list, nil
  end
  local row, o = read(who, list)
  if to_zero then n = n - 1 end
  if row.space == "time" then
    local times = row.make(n, from, eps, o)
    if to_zero then times[n + 2] = 0.0 end
    return times, nil
  end
  local hi, lo = o.sigma_max or process:point(from).sigma, o.sigma_min or process:point(eps).sigma
  if hi == math.huge or not (lo > 0 and lo < hi) then
    error(("%s: option grid: expected 0 < sigma_min < sigma_max < inf for this process, got %g, %g")
      :format(who, lo, hi), 0)
  end
  local sigmas = row.make(n, hi, lo, o)
  local times = mapped(sigmas, function(v) return process:time(v) end)
  if sigmas[1] == hi and not o.sigma_max then times[1] = from end
  if sigmas[n + 1] == lo and not o.sigma_min then times[n + 1] = eps end
  if to_zero then times[n + 2], sigmas[n + 2] = 0.0, 0.0 end
  return times, sigmas
end

--- The same with every sigma but 0 where `round` puts it.
function grid.rounded(process, times, sigmas, round)
  local new_times, new_sigmas = {}, {}
  for i, t in ipairs(times) do
    local sigma = sigmas and sigmas[i] or process:point(t).sigma
    new_sigmas[i] = sigma > 0 and round(sigma) or sigma
    new_times[i] = sigma > 0 and process:time(new_sigmas[i]) or t
  end
  return new_times, new_sigmas
end

return grid
