-- A predictor and a corrector, as options name them: what pc and the methods of sl.posterior built on it share.
local errors = require "sdelua.errors"
local options = require "sdelua.options"
local Sampler = require "sdelua.solve.sampler"

local pair = {}

local PREDICTORS = { "reverse_diffusion", "euler_maruyama", "ancestral", "flow", "none" }
local CORRECTORS = { "langevin", "none" }

--- The options themselves, and `more`.
function pair.options(more)
  local own = { predictor = options.NONE, corrector = options.NONE, snr = 0.16, n_steps = 1, norm = "kernel" }
  return options.merged(own, more)
end

-- A stepper by name, from a sampler of one stepper, or in Lua.
local function stepper(who, what, given, names, named)
  if type(given) == "string" then
    options.choice(who, what, given, names)
    return named(given)
  elseif getmetatable(given) == Sampler and given.steppers and #given.steppers == 1 and not given.row.space then
    return given.steppers[1]
  elseif type(given) == "table" and type(given.step) == "function" then
    return given
  end
  errors.raise("%s: option %s: expected a name, a sampler of one stepper or a table with a function step, got %s", who,
    what, tostring(given))
end

function pair.predictor(who, o)
  return stepper(who, "predictor", o.predictor or "reverse_diffusion", PREDICTORS,
    function(name) return { name = name } end)
end

--- nil for "none"; n_steps moves of one by name.
function pair.corrector(who, o, n_steps)
  local made = stepper(who, "corrector", o.corrector or "langevin", CORRECTORS,
    function(name) return { name = name, snr = o.snr, n_steps = n_steps, norm = o.norm } end)
  return made.name ~= "none" and made or nil
end

function pair.check(who, o)
  options.choice(who, "norm", o.norm, { "kernel", "batch" })
  options.positives(who, o, { "snr" })
  if not math.tointeger(o.n_steps) or o.n_steps < 0 then
    errors.raise("%s: option n_steps: expected an integer >= 0, got %s", who, o.n_steps)
  end
end

-- Whether a predictor or a corrector knows the papers' tables.
local function has_tables(given)
  if type(given) ~= "table" then return given ~= "flow" end
  return (given.row or given).paper == true
end

--- Whether both do.
function pair.paper(o) return has_tables(o.predictor) and has_tables(o.corrector) end

--- Evaluations a step.
function pair.cost(o) return (o.predictor == "none" and 0 or 1) + (o.corrector == "none" and 0 or o.n_steps) end

return pair
