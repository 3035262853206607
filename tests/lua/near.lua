-- near(got, want, tolerance, what): tensors of one shape, |got - want| <= tolerance times the largest |want|, or 1.
local check = require "check"

return function(got, want, tolerance, what)
  check.eq(got:shape(), want:shape(), what)
  local worst = (got - want):abs():amax():item()
  local scale = math.max(1, want:abs():amax():item())
  check.ok(worst <= tolerance * scale, ("%s: off by %.3g of %.3g"):format(what, worst, scale))
end
