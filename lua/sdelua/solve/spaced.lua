--- spaced(n, hi, lo, to, back): n + 1 values from hi to lo, evenly spaced after the function `to`, whose inverse is
-- `back`. The ends are exact.
return function(n, hi, lo, to, back)
  local list, a, b = {}, to(hi), to(lo)
  for i = 0, n do list[i + 1] = back(a + (b - a) * i / math.max(n, 1)) end
  list[1] = hi
  if n > 0 then list[n + 1] = lo end
  return list
end
