local core = require "sdelua.core".solve
local choice = require "sdelua.solve.common".choice
local options = require "sdelua.options"

local ADAPTIVE, FIXED = { "dopri5", "bosh3" }, { "euler", "midpoint", "heun", "rk4", "bosh3", "dopri5" }
local ORDERS = { euler = 1, midpoint = 2, heun = 2, rk4 = 4, bosh3 = 3, dopri5 = 5 }
local COSTS = { euler = 1, midpoint = 2, heun = 2, rk4 = 4, bosh3 = 3, dopri5 = 6 }

-- Step control by sample, so that samples stay independent.
local function adaptive(self, run)
  local call = run.call
  if call.trajectory then
    error("ode: option trajectory: expected a fixed grid (steps =), for samples have times of their own", 0)
  end
  local x, nfe = core.adaptive(run.process.handle, call.score, call.exchange, run.x, {
    method = self.method, rtol = self.rtol, atol = self.atol, eps = run.eps, top = run.from, norm = self.norm,
    max_steps = self.max_steps, callback = run.watch,
  })
  run.evaluations = nfe
  return x
end

return {
  doc = "The probability flow: adaptive (rtol, atol; method \"dopri5\" or \"bosh3\"; norm = \"sample\", or "
    .. "\"batch\" for one step size for all) or, given steps, on a grid (\"heun\", \"euler\", \"midpoint\", "
    .. "\"rk4\" ...).",
  source = "Song et al. 2021, eq. 13; Hairer, Norsett & Wanner 1993, II",
  order = function(o) return ORDERS[o.method] end,
  cost = function(o) return COSTS[o.method] end,
  noise = false, needs = {}, denoise = false,
  options = {
    method = options.NONE, rtol = 1e-5, atol = 1e-5, norm = "sample", max_steps = options.NONE, steps = options.NONE,
  },
  check = function(o)
    o.method = o.method or (o.steps and "heun" or "dopri5")
    choice("ode", "method", o.method, o.steps and FIXED or ADAPTIVE)
    choice("ode", "norm", o.norm, { "sample", "batch" })
  end,
  steppers = function(o) return { { name = "flow", method = o.method } } end,
  sample = adaptive,
}
