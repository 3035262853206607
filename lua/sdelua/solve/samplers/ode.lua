local adaptive = require "sdelua.solve.adaptive"
local options = require "sdelua.options"

local FIXED = { "euler", "midpoint", "heun", "rk4", "bosh3", "dopri5" }
local ORDERS = { euler = 1, midpoint = 2, heun = 2, rk4 = 4, bosh3 = 3, dopri5 = 5 }
local COSTS = { euler = 1, midpoint = 2, heun = 2, rk4 = 4, bosh3 = 3, dopri5 = 6 }

-- Step control by sample, so that samples stay independent.
local function sample(self, run)
  local call = run.call
  local x, nfe = adaptive.solve("ode", run.process, call.score, call.exchange, run.x, self, {
    eps = run.eps, top = run.from, callback = run.watch and function(state) run:see(state) end,
  })
  run.evaluations = nfe
  return x
end

return {
  doc = "The probability flow: adaptive (rtol, atol; method \"dopri5\" or \"bosh3\"; norm = \"sample\", or "
    .. "\"batch\" for one step size for all; pcoeff and icoeff of the PI controller, 0 and 1 for SciPy's steps) or, "
    .. "given steps, on a grid (\"heun\", \"euler\", \"midpoint\", \"rk4\" ...).",
  source = "Song et al. 2021, eq. 13; Hairer, Norsett & Wanner 1993, chapter II; Gustafsson 1991 (step control)",
  order = function(o) return ORDERS[o.method] end,
  cost = function(o) return COSTS[o.method] end,
  noise = false, needs = {}, denoise = false,
  options = adaptive.options { method = options.NONE, steps = options.NONE },
  check = function(o, who, given)
    o.method = o.method or (o.steps and "heun" or "dopri5")
    if not o.steps then return adaptive.check(who, o) end
    options.choice(who, "method", o.method, FIXED)
    adaptive.check_fixed(who, given)
  end,
  steppers = function(o) return { { name = "flow", method = o.method } } end,
  sample = sample,
}
