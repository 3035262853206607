-- Which of the options of every sampler a row's samplers heed: those that would have no effect are refused.
local common = require "sdelua.solve.common"
local errors = require "sdelua.errors"
local grid = require "sdelua.solve.grid"
local options = require "sdelua.options"

local heed = {}

--- Whether the way is a loop of the row's own, with these options, and not one of the grid's steps.
function heed.own_loop(row, o) return row.sample ~= nil and not ((row.step or row.steppers) and o.steps) end

--- Raises since an option has no effect.
function heed.refuse(who, key, why, value)
  errors.raise("%s: option %s: expected none, for %s, got %s", who, key, why, options.show(value))
end

local refuse = heed.refuse

local function check_loop(who, heeds, given)
  local without = { steps = true, grid = true, round = true }
  for _, name in ipairs(heeds or {}) do without[name] = nil end
  for _, name in ipairs(options.names(without)) do
    if given[name] ~= nil then refuse(who, name, "its steps are its own", given[name]) end
  end
end

-- The papers' levels stand on their own grid.
local function check_paper(who, has_tables, given)
  if not has_tables then
    errors.raise('%s: option levels: expected "exact", for it has none of the papers\' tables, got paper', who)
  end
  for _, name in ipairs { "grid", "round" } do
    if given[name] ~= nil then refuse(who, name, 'levels = "paper" has a grid of its own', given[name]) end
  end
end

-- A list of times says how many steps there are.
local function check_list(who, given)
  local count = grid.count(given.grid)
  if count and given.steps ~= nil and given.steps ~= count then
    errors.raise("%s: option steps: expected none or %d, the steps of the list given as grid, got %s", who, count,
      options.show(given.steps))
  end
end

--- Raises in the name of `who` where a given option would have no effect.
function heed.check(who, row, o, given)
  check_list(who, given)
  if heed.own_loop(row, o) then check_loop(who, common.fact(row, "heeds", o), given) end
  if o.levels == "paper" then check_paper(who, common.fact(row, "paper", o), given) end
end

-- How a row's own steps may end: at 0, without the last noise, or nil, neither.
local function own_end(row, o)
  if heed.own_loop(row, o) then return nil end
  if row.space == "sigma" or row.denoise == "zero" then return "zero" end
  return row.denoise ~= false and "mean" or nil
end

--- The option denoise: what is given, or what the row's samplers do without.
function heed.denoise(who, row, o)
  local given, usual, own = o.denoise, row.denoise, own_end(row, o)
  if usual == nil then usual = own or false end
  if given == nil then return usual end
  if given == true then return usual or "tweedie" end
  if given then options.choice(who, "denoise", given, own and { own, "tweedie" } or { "tweedie" }) end
  return given
end

return heed
