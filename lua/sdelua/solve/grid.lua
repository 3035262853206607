-- Where a sampler's steps stand: n + 1 times from T down to eps. Grids are rows, sdelua/solve/grids/<name>.lua, whose
-- options may be given as { "karras", rho = 5 }. A row holds, besides doc, source and options,
--   space   "time", or "sigma" = s/m: of what
--   make    function(n, hi, lo, o, who): the n + 1 falling values from hi to lo
local sl = require "sdelua"
local collection = require "sdelua.collection"
local errors = require "sdelua.errors"
local options = require "sdelua.options"

-- The names that Karras et al. 2022, table 1, and k-diffusion have for the same grids.
local ALIASES = { exponential = "logsnr", ve = "logsnr", edm = "karras" }

local grid = { all = collection("sdelua.solve.grids", ALIASES, "solve.grids") }

grid.all.called = 'sampler { grid = "name" }, or { grid = { "name", option = …, sigma_min = …, sigma_max = … } }'

local function fail(who, expected, got)
  errors.raise("%s: option grid: expected %s, got %s", who, expected, got)
end

local function known(who, name)
  local row = grid.all:find(name)
  if row then return row end
  local names = grid.all:names()
  for alias in pairs(ALIASES) do names[#names + 1] = alias end
  table.sort(names)
  local text = table.concat(names, '", "')
  return fail(who, ('"%s", a list of times or { sigma = list }'):format(text), options.show(name))
end

local function read(who, spec)
  if type(spec) == "string" then return known(who, spec), known(who, spec).options end
  local row, own = known(who, spec[1]), {}
  local all = options.merged({ sigma_min = options.NONE, sigma_max = options.NONE }, row.options)
  for key, value in pairs(spec) do
    if key ~= 1 then own[key] = value end
  end
  options.positives(who .. ": grid", own, { "sigma_min", "sigma_max" })
  return row, options.read(who .. ": grid", own, all)
end

local function mapped(list, fn)
  local out = {}
  for i, v in ipairs(list) do out[i] = fn(v) end
  return out
end

-- The list, of "times" or "sigmas" that fall within [0, top], where a number that was rounded up may be a little more.
local function falling(who, what, list, top)
  local expected, out = ("falling %s in [0, %g]"):format(what, top), {}
  for i, v in ipairs(list) do
    if type(v) ~= "number" or not (v >= 0 and v <= top * (1 + 1e-6)) then
      fail(who, expected, options.show(v))
    elseif i > 1 and v >= list[i - 1] then
      fail(who, expected, ("%g after %g"):format(v, list[i - 1]))
    end
    out[i] = math.min(v, top)
  end
  return out
end

local function numbers(v) return sl.is_tensor(v) and v:dim() == 1 and v:totable() or v end

--- How many steps an explicit list of times or sigmas says; nil of a named grid, and of what is neither.
function grid.count(spec)
  local list = numbers(spec)
  if type(list) == "table" and list.sigma ~= nil then list = numbers(list.sigma) end
  return type(list) == "table" and type(list[1]) == "number" and #list - 1 or nil
end

-- The same of a list that a script gave.
local function given(who, what, list, top)
  if #list < 2 then fail(who, "at least two falling " .. what, tostring(#list)) end
  return falling(who, what, list, top)
end

-- Times and, of a grid in sigma, sigmas of a list; nil of a named grid.
local function listed(who, process, spec, from)
  local list = numbers(spec)
  if type(list) == "table" and list.sigma ~= nil then
    local sigmas = numbers(list.sigma)
    if type(sigmas) == "table" then
      sigmas = given(who, "sigmas", sigmas, process:point(from).sigma)
      return falling(who, "times", mapped(sigmas, function(v) return process:time(v) end), from), sigmas
    end
    list = sigmas
  elseif type(list) == "table" and type(list[1]) == "number" then
    return given(who, "times", list, from), nil
  end
  if type(list) ~= "string" and (type(list) ~= "table" or list[1] == nil) then
    fail(who, "a name, a list of times or { sigma = list }", options.show(list))
  end
end

-- The same of a named grid.
local function named(who, process, spec, n, from, eps)
  local row, o = read(who, spec)
  if row.space == "time" then return falling(who, "times", row.make(n, from, eps, o, who), from), nil end
  local top = process:point(from).sigma
  local hi, lo = o.sigma_max or top, o.sigma_min or process:point(eps).sigma
  if hi == math.huge or not (lo > 0 and lo < hi) then
    fail(who, "0 < sigma_min < sigma_max < inf for this process", ("%g, %g"):format(lo, hi))
  end
  local sigmas = falling(who, "sigmas", row.make(n, hi, lo, o, who), top)
  local times = mapped(sigmas, function(v) return process:time(v) end)
  if sigmas[1] == hi and not o.sigma_max then times[1] = from end
  if sigmas[n + 1] == lo and not o.sigma_min then times[n + 1] = eps end
  return times, sigmas
end

--- spec: a name, { name, options }, a list of falling times, or { sigma = falling list }; numbers or a tensor.
-- sigma_max and sigma_min bound a grid in sigma, which goes from the time `from` to eps without. to_zero: the last of a
-- named grid's n steps goes on to 0. Returns times and, of a grid in sigma, sigmas.
function grid.times(who, process, spec, n, from, eps, to_zero)
  local times, sigmas = listed(who, process, spec, from)
  if times then return times, sigmas end
  times, sigmas = named(who, process, spec, to_zero and n - 1 or n, from, eps)
  if to_zero then
    times[#times + 1] = 0.0
    if sigmas then sigmas[#sigmas + 1] = 0.0 end
  end
  return times, sigmas
end

--- The grid of a sampler that works in time and was told none: the process's own, where it names one. That is in
-- sigma, which must not be 0 at eps.
function grid.suited(process, eps)
  local own = process.row and process.row.grid
  return own and process:point(eps).sigma > 0 and own or "uniform"
end

--- The same with every sigma but 0 where `round` puts it.
function grid.rounded(who, process, times, sigmas, round)
  local new_times, new_sigmas = {}, {}
  for i, t in ipairs(times) do
    local sigma = sigmas and sigmas[i] or process:point(t).sigma
    local level = sigma > 0 and round(sigma) or sigma
    if type(level) ~= "number" or not (level >= 0 and level < (new_sigmas[i - 1] or math.huge)) then
      errors.raise("%s: option round: expected levels that fall along the grid, got %s%s", who, options.show(level),
        i > 1 and (" after %g"):format(new_sigmas[i - 1]) or "")
    end
    new_sigmas[i], new_times[i] = level, sigma > 0 and process:time(level) or t
  end
  return new_times, new_sigmas
end

return grid
