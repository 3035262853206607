-- Filters, pooling, resizing and running products. Values of PyTorch 1.13 and of score_sde_pytorch, computed in double
-- and rounded.
local layout = require "layout"
local oracle = require "oracle"
local replay = require "op_replay"
local sl = require "sdelua"

local first, kernel, last = layout.first, layout.kernel, layout.last

-- ---- filters --------------------------------------------------------------------------------------------

replay("^upfirdn2d", function(a, case)
  local p = case.params
  return first(sl.fir_resample(last(a.x), a.kernel, { up = { p.up_y, p.up_x }, down = { p.down_y, p.down_x },
    padding = { p.pad_y0, p.pad_y1, p.pad_x0, p.pad_x1 } }))
end)

-- The outer product of the taps with itself, of this sum; without taps those that repeat a pixel.
local function filter(taps, factor, sum, dtype)
  local k = taps and sl.tensor(taps, { dtype = dtype }) or sl.ones({ factor }, { dtype = dtype })
  k = k:reshape { -1, 1 } * k
  return k * (sum / k:sum():item())
end

-- What up_or_down_sampling.py does, its paddings with it.
replay("^fir_upsample_[b%df]", function(a, case)
  local p = case.params
  local k = filter(p.k, p.factor, (p.gain or 1) * p.factor ^ 2, a.x.dtype)
  local over = k:shape(1) - p.factor
  return first(last(a.x):fir_resample(k, { up = p.factor,
    padding = { (over + 1) // 2 + p.factor - 1, over // 2 } }))
end)

replay("^fir_downsample_", function(a, case)
  local p = case.params
  local k = filter(p.k, p.factor, p.gain or 1, a.x.dtype)
  local over = k:shape(1) - p.factor
  return first(last(a.x):fir_resample(k, { down = p.factor, padding = { (over + 1) // 2, over // 2 } }))
end)

replay("^fir_conv_downsample_3x3$", function(a, case)
  local p = case.params
  local over = #p.k - 2 + 2
  local x = last(a.x):fir_resample(filter(p.k, 2, 1, a.x.dtype), { padding = { (over + 1) // 2, over // 2 } })
  return first(x:conv2d(kernel(a.w), { stride = 2 }))
end)

-- A full correlation of the image with zeros between its pixels, of the size 2h+1.
replay("^fir_upsample_conv_3x3$", function(a, case)
  local p = case.params
  local over = #p.k - 2 - 2
  local spread = last(a.x):fir_resample(sl.ones({ 1, 1 }, { dtype = a.x.dtype }), { up = 2, padding = { 2, 1 } })
  local y = spread:conv2d(kernel(a.w))
  return first(y:fir_resample(filter(p.k, 2, 4, a.x.dtype), { padding = { (over + 1) // 2 + 1, over // 2 + 1 } }))
end)

-- ---- pooling and resizing -------------------------------------------------------------------------------

local function pooling(name)
  return function(a, case)
    local p = case.params
    return first(sl[name](last(a.x), p.kernel_size, { stride = p.stride, padding = p.padding }))
  end
end
replay("^avg_pool2d_5_same$", pooling "avg_pool")
replay("^max_pool2d", pooling "max_pool")
replay("^upsample_bilinear", function(a, case)
  local p = case.params
  return first(last(a.x):resize_bilinear(p.size[1], p.size[2], { align_corners = true }))
end)

-- ---- along a dimension ----------------------------------------------------------------------------------

replay("^cumprod", function(a, case) return a.x:cumprod(case.params.dim + 1) end)

-- ---- layers ---------------------------------------------------------------------------------------------

oracle.replay("models", "^block_instance_norm_plus$", function(case)
  local a, layer = case.arrays, sl.nn.InstanceNormPlus(case.params.args[1])
  layer:load_state_dict(sl.load("tests/fixtures/models/" .. case.weights))
  for _, dtype in ipairs { "float64", "float32" } do
    layer:to(dtype)
    local x = last(a.x):to(dtype):clone():requires_grad_()
    local y = layer(x)
    oracle.close(case, dtype == "float64" and "out_f64" or "out", first(y))
    layer:zero_grad()
    ;(y * last(a.r):to(dtype)):sum():backward()
    oracle.close(case, "grad_x", first(x.grad))
    oracle.close(case, "grad.alpha", layer.alpha.grad)
    oracle.close(case, "grad.gamma", layer.gamma.grad)
  end
end)
