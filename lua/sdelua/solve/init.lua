--- sl.solve: samplers. Each constructor returns a solver, called as
--   local x, info = solver(process, score, shape, options)
-- where score is any function (x, t [N]) -> tensor, and the options are seed, first and index, or noise (see sl.noise);
-- x (the state at T), dtype, callback, trajectory. Steppers are the core's, or tables { step = function(self, run) }.
local Adaptive = require "sdelua.solve.adaptive"
local Fixed = require "sdelua.solve.fixed"
local common = require "sdelua.solve.common"
local options = require "sdelua.options"

local solve = {}

--- Euler-Maruyama on the reverse process; noise = lambda between the flow (0) and the SDE (1). For any process.
function solve.euler_maruyama(opts)
  local o = options.read("euler_maruyama", opts, Fixed.options { noise = 1.0 })
  return Fixed.new("euler_maruyama", o, { { name = "euler_maruyama", noise = o.noise } })
end

--- The process's own steps, reversed (Song et al. 2021, appendix E).
function solve.reverse_diffusion(opts)
  local o = options.read("reverse_diffusion", opts, Fixed.options { noise = 1.0, probability_flow = false })
  local lambda = o.probability_flow and 0 or o.noise
  return Fixed.new("reverse_diffusion", o, { { name = "reverse_diffusion", noise = lambda } })
end

--- Ancestral sampling (Ho et al. 2020); variance = "v", "small" or "large".
function solve.ancestral(opts)
  local o = options.read("ancestral", opts, Fixed.options { variance = "v" })
  common.choice("ancestral", "variance", o.variance, { "v", "small", "large" })
  return Fixed.new("ancestral", o, { { name = "ancestral", variance = o.variance } })
end

-- A stepper by name, from a solver, or in Lua.
local function stepper(what, given, extra)
  if type(given) == "string" then
    common.choice("pc", what, given, extra.names)
    return extra.of(given)
  elseif getmetatable(given) == Fixed and #given.steppers == 1 then
    return given.steppers[1]
  elseif type(given) == "table" and type(given.step) == "function" then
    return given
  end
  error(("pc: option %s: expected a name, a solver of one stepper or a table with a function step, got %s")
    :format(what, tostring(given)), 3)
end

local PREDICTORS = {
  names = { "reverse_diffusion", "euler_maruyama", "ancestral", "flow", "none" },
  of = function(name) return { name = name } end,
}

--- Predictor-corrector sampling (Song et al. 2021, algorithms 2 and 3): at each time n_steps of the corrector, then the
-- predictor. norm = "kernel" steps by s_t; "batch" by the paper's norms, which couple the samples of a batch.
function solve.pc(opts)
  local o = options.read("pc", opts, Fixed.options {
    predictor = options.NONE, corrector = options.NONE, snr = 0.16, n_steps = 1, norm = "kernel",
  })
  common.choice("pc", "norm", o.norm, { "kernel", "batch" })
  local correctors = {
    names = { "langevin", "none" },
    of = function(name) return { name = name, snr = o.snr, n_steps = o.n_steps, norm = o.norm } end,
  }
  local predictor = stepper("predictor", o.predictor or "reverse_diffusion", PREDICTORS)
  local corrector = stepper("corrector", o.corrector or "langevin", correctors)
  local list = corrector.name == "none" and { predictor } or { corrector, predictor }
  return Fixed.new("pc", o, list)
end

--- The probability flow: adaptive (rtol, atol; method = "dopri5" or "bosh3"; norm = "sample", or "batch" for one
-- step size for all), or, given steps, on a fixed grid (method = "heun", "euler", "midpoint", "rk4" …).
function solve.ode(opts)
  if type(opts) == "table" and opts.steps then
    local o = options.read("ode", opts, { steps = 100, eps = options.NONE, method = "heun", denoise = false })
    return Fixed.new("ode", o, { { name = "flow", method = o.method } })
  end
  return Adaptive.new(opts)
end

--- A solver of your own: { name =, order =, noise =, needs = { "kernel", "signal" }, step = function(self, run)
-- return x, x_mean end }. run has process, x, t, r, step; run:score(x, t), counted; run:normal(shape), the next draw.
function solve.new(own, opts)
  local o = options.read("solve.new", opts, Fixed.options {})
  if type(own) ~= "table" or type(own.step) ~= "function" then
    error("solve.new: argument solver: expected a table with a function step, got " .. tostring(own), 2)
  end
  return Fixed.new(own.name or "own", o, { own })
end

return solve
