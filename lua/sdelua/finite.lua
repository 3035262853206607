--- Whether no value is NaN or infinite.
return function(v)
  local sum = (v:detach() * 0):sum():item()
  return sum == sum
end
