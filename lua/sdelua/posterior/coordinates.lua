-- The coordinates V^T x of an operator A = U S V^T: those whose singular value is not zero are measured, y says what
-- they are. For methods that work in them (Kawar et al. 2021, 2022).
local sl = require "sdelua"

local coordinates = {}

--- What y says of them, [N,D] or [D]: measured, 1 or 0; y = S^+ U^T y; std, that of its noise, 0 where unmeasured; and
-- a function pick(a, b): a where measured, else b.
function coordinates.of(run)
  local known = run.memory.coordinates
  if known then return known end
  local operator, dtype = run.operator, run.x.dtype
  local measured, inverse = operator:singular(dtype):gt(0), operator:inverse_singular(dtype)
  known = {
    measured = measured:to(dtype), y = operator:Ut(run.y:to(dtype)) * inverse, std = inverse * operator.std,
    pick = function(a, b) return sl.where(measured, a, b) end,
  }
  run.memory.coordinates = known
  return known
end

--- x with the measured coordinates of `known`; at time t, where given, those whose y has more noise than x have are
-- taken from `own`, else stay.
function coordinates.put(run, x, known, t, own)
  local operator, here = run.operator, coordinates.of(run)
  local c, of_x = operator:Vt(known), operator:Vt(x)
  if t and operator.std > 0 then
    c = sl.where(here.std:le(run.process:point(t).sigma), c, own and operator:Vt(own) or of_x)
  end
  return operator:V(here.pick(c, of_x))
end

--- An x_0 of which y, noise and all, is measured.
function coordinates.x0(run)
  local x0 = run.memory.x0_of_y or run.operator:pinv(run.y:to(run.x.dtype))
  run.memory.x0_of_y = x0
  return x0
end

--- Its state at time t with noise z; the noise of y is a part of that, unless y is taken as exact.
function coordinates.known(run, t, z, exact)
  local operator, x0 = run.operator, coordinates.x0(run)
  if exact or operator.std == 0 then return run.process:perturb(x0, t, z) end
  local at = run.process:point(t)
  local fresh = (at.s ^ 2 - (coordinates.of(run).std * at.m):square()):clamp(0, math.huge):sqrt()
  return x0 * at.m + at.c + operator:V(operator:Vt(z) * fresh)
end

--- The mean of that state; of the last step, which ends in data, that x_0.
function coordinates.mean(run, t)
  local x0 = coordinates.x0(run)
  if run.step == run.steps then return x0 end
  return x0 * run.process:coefficient("m", x0, t) + run.process:coefficient("c", x0, t)
end

return coordinates
