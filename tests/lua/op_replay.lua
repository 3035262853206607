-- Replays of ops: op_replay(pattern, fn) replays every case of the group "ops" whose name matches, in float32 and
-- float64. fn(a, case, captured): a holds the case's arrays by name, in PyTorch's layout; the result is in it too, so
-- that gradients and second derivatives come out in the layout of the file.
local oracle = require "oracle"
local sl = require "sdelua"

-- |got - want| in terms of want's largest: what rounding alone may do to values that are stored in float32.
local NEAR = { float32 = 2e-6, float64 = 1e-7 }

local function close(case, name, got, times)
  oracle.close(case, name, got)
  local want, allowed = case.arrays[name]:to "float64", NEAR[got.dtype] * (times or 1)
  local off = (got:to "float64" - want):abs():amax():item() / math.max(want:abs():amax():item(), 1e-300)
  if off ~= off or off > allowed then
    error(("%s, %s in %s: off by %.2g of its largest, allowed %g"):format(case.case, name, got.dtype, off, allowed), 0)
  end
end

-- The case's arrays in one type; those whose gradient is expected require one.
local function leaves(case, dtype)
  local a, names = {}, {}
  for name, value in pairs(case.arrays) do a[name] = value.dtype == "int64" and value or value:to(dtype) end
  for _, name in ipairs(case.expected) do
    local input = name:match "^grad_(.*)$"
    if input then
      a[input] = a[input]:clone():requires_grad_()
      names[#names + 1] = input
    end
  end
  return a, names
end

-- The gradients of sum(out r), and of sum(g u) with g that of sum((out + out^2/2) r) to the first input.
local function replay(case, fn, captured, dtype)
  local a, names = leaves(case, dtype)
  local out = fn(a, case, captured)
  close(case, "out", out)
  local loss = (out * a.r):sum()
  for _, name in ipairs(names) do close(case, "grad_" .. name, (sl.grad(loss, a[name], { retain_graph = true }))) end
  if not a.u then return end
  local slope = sl.grad(((out + out:square() * 0.5) * a.r):sum(), a[names[1]], { create_graph = true })
  local bent = (slope * a.u):sum()
  for _, name in ipairs(names) do
    close(case, "hvp_" .. name, (sl.grad(bent, a[name], { retain_graph = true })), 2)
  end
end

return function(pattern, fn)
  oracle.replay("ops", pattern, function(case)
    local captured = case.case:match(pattern)
    for _, dtype in ipairs { "float32", "float64" } do replay(case, fn, captured, dtype) end
  end)
end
