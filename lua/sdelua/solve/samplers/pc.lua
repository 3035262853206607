local choice = require "sdelua.solve.common".choice
local options = require "sdelua.options"
local Sampler = require "sdelua.solve.sampler"

local PREDICTORS = { "reverse_diffusion", "euler_maruyama", "ancestral", "flow", "none" }
local CORRECTORS = { "langevin", "none" }

-- A stepper by name, from a sampler of one stepper, or in Lua.
local function stepper(what, given, names, named)
  if type(given) == "string" then
    choice("pc", what, given, names)
    return named(given)
  elseif getmetatable(given) == Sampler and given.steppers and #given.steppers == 1 and not given.row.space then
    return given.steppers[1]
  elseif type(given) == "table" and type(given.step) == "function" then
    return given
  end
  error(("pc: option %s: expected a name, a sampler of one stepper or a table with a function step, got %s")
    :format(what, tostring(given)), 4)
end

return {
  doc = "Predictor-corrector: at each time n_steps of the corrector, then the predictor. norm = \"kernel\" steps by "
    .. "s_t, \"batch\" by the paper's norms, which couple the samples of a batch.",
  source = "Song et al. 2021, algorithms 2-5",
  order = 0.5, weak = 1, noise = true, needs = { "kernel", "signal" }, denoise = "mean",
  cost = function(o) return (o.predictor == "none" and 0 or 1) + (o.corrector == "none" and 0 or o.n_steps) end,
  options = { predictor = options.NONE, corrector = options.NONE, snr = 0.16, n_steps = 1, norm = "kernel" },
  check = function(o) choice("pc", "norm", o.norm, { "kernel", "batch" }) end,
  steppers = function(o)
    local predictor = stepper("predictor", o.predictor or "reverse_diffusion", PREDICTORS,
      function(name) return { name = name } end)
    local corrector = stepper("corrector", o.corrector or "langevin", CORRECTORS,
      function(name) return { name = name, snr = o.snr, n_steps = o.n_steps, norm = o.norm } end)
    return corrector.name == "none" and { predictor } or { corrector, predictor }
  end,
}
