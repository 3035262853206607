-- Gradients through what a script may have written, an operator and a score: where there is none, or one that is not
-- finite though x and x0 are, an error in the method's name says whose it is.
local sl = require "sdelua"
local errors = require "sdelua.errors"
local finite = require "sdelua.finite"

local function refuse(run, what, expected, got)
  errors.raise("%s: argument %s: expected %s, got %s", run.name, what, expected, got)
end

-- x0 from x by the score, y from x0 by the operator.
local function check_recorded(run, y, x0)
  local got = "some without a gradient: were they detached, or rounded?"
  if not x0.requires_grad then
    refuse(run, "score", "values computed from x by recorded ops", got)
  elseif not y.requires_grad then
    refuse(run, "operator", ("values of %s computed from x by recorded ops"):format(run.operator.name), got)
  end
end

--- The gradient of the sum of y, which the operator of the run makes of x0: in x0, or where given in x, of which the
-- score made x0.
return function(run, y, x0, x)
  check_recorded(run, y, x0)
  local of_x0, g = table.unpack(sl.grad(y:sum(), { x0, x }))
  g = g or of_x0
  if finite(g) or not (finite(x0) and finite(x or x0)) then return g end
  local whose = finite(of_x0) and "score" or "operator"
  return refuse(run, whose, ("finite gradients of %s"):format(whose == "score" and "x0 in x" or run.operator.name),
    "NaN or infinity")
end
