-- Steps down the distance from y, normalised by that distance, each sample's own.
local residual = {}

--- The gradient in x of |v|^2 over |v|, v [n, ...] = fn(x0) with x0 = E[x_0 | x_t = x], through the network; and x0.
-- The gradient of |v|^2 is 2 |v| times that of |v|.
function residual.gradient(run, x, t, fn)
  return run:guided(x, t, function(x0)
    local v = fn(x0)
    return v:reshape({ x:shape(1), -1 }):square():sum(2):clamp(1e-20, math.huge):sqrt() * 2
  end)
end

return residual
