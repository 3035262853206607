local errors = require "sdelua.errors"
local exponential = require "sdelua.solve.exponential"
local options = require "sdelua.options"

local function tau_at(o, sigma)
  if type(o.tau) ~= "function" then return o.tau end
  local tau = o.tau(sigma)
  if type(tau) ~= "number" or tau ~= tau or tau < 0 then
    errors.raise("sa_solver: option tau: expected a function that returns numbers >= 0, got %s", tostring(tau))
  end
  return tau
end

local function deterministic(o) return o.corrector == 0 and o.predictor or math.min(o.predictor, o.corrector) + 1 end

return {
  doc = "SA-Solver: stochastic Adams steps on the estimate of the data; predictor = 1-3 and corrector = 0-3 past "
    .. "values; tau, a number or a function of sigma, between the flow (0) and the SDE (1).",
  source = "Xue et al. 2023, SA-Predictor and SA-Corrector; SA-Solver's sa_solver.py",
  cost = 1, space = "sigma", steps = 20, denoise = false, grid = "logsnr",
  -- values are found at predictions, so that a corrector gains one order at most on its predictor
  order = function(o) return o.tau == 0 and deterministic(o) or 1 end,
  weak = function(o) return o.tau ~= 0 and math.min(deterministic(o), 2) or nil end,
  noise = function(o) return o.tau ~= 0 end,
  options = { predictor = 2, corrector = 1, tau = options.NONE, lower_order_final = true },
  check = function(o)
    if o.tau == nil then o.tau = 1.0 end
    options.choice("sa_solver", "predictor", o.predictor, { 1, 2, 3 })
    options.choice("sa_solver", "corrector", o.corrector, { 0, 1, 2, 3 })
    local number = type(o.tau) == "number"
    if not number and type(o.tau) ~= "function" or number and (o.tau ~= o.tau or o.tau < 0) then
      errors.raise("sa_solver: option tau: expected a number >= 0 or a function of sigma, got %s", o.tau)
    end
  end,
  step = function(self, run)
    return exponential.predict_correct(run, "data", {
      predictor = self.predictor, corrector = self.corrector, kind = "taylor", tau = tau_at(self, run.sigma),
      lower_order_final = self.lower_order_final,
    })
  end,
}
