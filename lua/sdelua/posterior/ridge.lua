--- The least of |y - A x|^2 + std^2 |x|^2 for a linear operator: A^+ y when std = 0, but small singular values don't
-- make noise large.
return function(operator, y)
  if operator.std == 0 then return operator:pinv(y) end
  local d = operator:singular(y.dtype)
  return operator:V(operator:Ut(y) * d / (d:square() + operator.std ^ 2))
end
