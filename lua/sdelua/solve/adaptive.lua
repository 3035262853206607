-- The core's Runge-Kutta steps with step control, as sl.solve.ode and sl.likelihood's ode, encode and decode have them.
--
--   method          "dopri5" (Dormand & Prince 1980), of order 5, or "bosh3" (Bogacki & Shampine 1989), of order 3
--   rtol, atol      a step stands if error/(atol + rtol |x|) has a root mean square under 1 over a sample's features
--   norm            "sample", or "batch": over all samples, which then share their steps
--   pcoeff, icoeff  after the error e, and d before it, the next step is longer by 0.9 e^-((pcoeff + icoeff)/k)
--                   d^(pcoeff/k), k the order: a PI controller (Gustafsson 1991; Hairer & Wanner 1996, IV.2; Soderlind
--                   2003), named as in diffrax. 0 and 1: the last error alone, which is SciPy's rule; the first step
--                   and rejected ones follow it in any case
--   max_steps       attempts a sample may take; none unless given
--
-- The default, 0.2 and 0.65, is the code DOPRI5's (beta = 0.04). What was measured: evaluations at equal true error,
-- those of 0, 1 being 1, for VP, sub-VP and VE and exact scores of mixtures (3 and 8 modes in the plane and, but for
-- the likelihood, 6 in 16 dimensions; float64; tolerances 1e-2 to 1e-8, bosh3's to 1e-6), as the geometric mean over
-- problems and, in brackets, the best and the worst:
--                            0.2, 0.65            0.4, 0.3 (Gustafsson's)   0.4, 0.6
--   ode, dopri5              0.97 (0.93 to 1.02)  0.95 (0.85 to 1.10)       0.96 (0.89 to 1.05)
--   ode, bosh3               0.95 (0.90 to 0.99)  0.91 (0.83 to 1.05)       0.96 (0.86 to 1.03)
--   likelihood.ode, dopri5   1.00 (0.95 to 1.05)  1.07 (0.97 to 1.16)       1.01 (0.93 to 1.10)
local core = require "sdelua.core".solve
local heed = require "sdelua.solve.heed"
local options = require "sdelua.options"

local adaptive = { METHODS = { "dopri5", "bosh3" } }

local OPTIONS = {
  method = "dopri5", rtol = 1e-5, atol = 1e-5, norm = "sample", pcoeff = 0.2, icoeff = 0.65, max_steps = options.NONE,
}

--- A table of these options with their defaults, and `more`.
function adaptive.options(more) return options.merged(OPTIONS, more) end

function adaptive.check(who, o)
  options.choice(who, "method", o.method, adaptive.METHODS)
  options.choice(who, "norm", o.norm, { "sample", "batch" })
  options.positives(who, o, { "rtol", "atol", "icoeff" })
  options.counts(who, o, { "max_steps" })
end

--- Raises where what only step control knows is given to fixed steps.
function adaptive.check_fixed(who, given)
  for _, name in ipairs(options.names(OPTIONS)) do
    if name ~= "method" and given[name] ~= nil then
      heed.refuse(who, name, "its steps are fixed where steps is given", given[name])
    end
  end
end

--- x at the other end and nfe [N]. o: the options above; more: what else the core takes (see src/bind/solve.c).
function adaptive.solve(who, process, score, exchange, x, o, more)
  local plan = options.merged(more, { who = who })
  for key in pairs(OPTIONS) do plan[key] = o[key] end
  return core.adaptive(process.handle, score, exchange, x, plan)
end

return adaptive
