-- Ops: value, gradients and second derivatives. Values of PyTorch 1.13, computed in double and rounded.
local layout = require "layout"
local oracle = require "oracle"
local replay = require "op_replay"
local sl = require "sdelua"

local first, kernel, last = layout.first, layout.kernel, layout.last

local function dim(case) return case.params.dim >= 0 and case.params.dim + 1 or case.params.dim end

local function dims(list)
  local shifted = {}
  for i, d in ipairs(list) do shifted[i] = d + 1 end
  return shifted
end

-- Positions first, first + step, ... below stop, counted from 0, of a dimension.
local function every(x, d, from, stop, step)
  return x:index_select(sl.arange(from + 1, stop + 1, step, { dtype = "int64" }), d)
end

-- ---- elementwise ---------------------------------------------------------------------------------------

local POINTWISE = {
  clamp = function(x) return x:clamp(-0.7, 0.9) end,
  pow = function(x) return x ^ 1.7 end,
  leaky_relu = function(x) return x:relu() - (-x):relu() * 0.2 end,
  gelu_tanh = function(x)
    return x * 0.5 * (((x + x * x * x * 0.044715) * math.sqrt(2 / math.pi)):tanh() + 1)
  end,
}
replay("^pointwise_(.*)$", function(a, _, name) return (POINTWISE[name] or sl[name])(a.x) end)

local BROADCAST = {
  add = function(a, b) return a + b end, sub = function(a, b) return a - b end,
  mul = function(a, b) return a * b end, div = function(a, b) return a / b end,
  max = sl.maximum, where = function(a, b) return sl.where(a:gt(b), a, b * 2) end,
}
replay("^broadcast_(%a+)_", function(a, _, name) return BROADCAST[name](a.a, a.b) end)

-- ---- along dimensions ------------------------------------------------------------------------------------

replay("^reduce_(%a+)_", function(a, case, name)
  return sl[name](a.x, dims(case.params.dim), { keepdim = case.params.keepdim })
end)
for _, name in ipairs { "softmax", "log_softmax", "logsumexp", "cumsum" } do
  replay("^" .. name .. "_", function(a, case) return sl[name](a.x, dim(case)) end)
end
replay("^index_select_", function(a, case) return a.x:index_select(a.index + 1, dim(case)) end)
replay("^gather_", function(a, case) return a.x:gather(a.index + 1, dim(case)) end)
replay("^cat_", function(a, case) return sl.cat({ a.x0, a.x1, a.x2 }, dim(case)) end)
replay("^permute_", function(a, case) return a.x:permute(dims(case.params.dims)):contiguous() end)
replay("^slice_step$", function(a)
  return every(every(a.x:narrow(1, 2, 2), 2, 0, a.x:shape(2), 2), 3, 1, math.min(6, a.x:shape(3)), 3)
end)
replay("^slice_even$", function(a) return every(every(a.x, 3, 0, a.x:shape(3), 2), 4, 1, a.x:shape(4), 2) end)
replay("^pad_", function(a, case)
  local p = case.params.pad
  return a.x:pad({ 0, 0, p[3], p[1] }, { 0, 0, p[4], p[2] })
end)
replay("^pixel_shuffle_2$", function(a)
  local n, c, h, w = table.unpack(a.x:shape())
  return a.x:reshape { n, c // 4, 2, 2, h, w }:permute { 1, 2, 5, 3, 6, 4 }:reshape { n, c // 4, 2 * h, 2 * w }
end)

oracle.replay("ops", "^split_1$", function(case)
  for _, dtype in ipairs { "float32", "float64" } do
    local a, at, loss = case.arrays, 1, 0
    local x = a.x:to(dtype):clone():requires_grad_()
    for i, size in ipairs(case.params.sizes) do
      local part = x:narrow(dim(case), at, size)
      at = at + size
      oracle.close(case, "out" .. i - 1, part)
      loss = loss + (part * a["r" .. i - 1]:to(dtype)):sum()
    end
    oracle.close(case, "grad_x", (sl.grad(loss, x)))
  end
end)

-- ---- products and layers -----------------------------------------------------------------------------------

replay("^linear_", function(a) return sl.linear(a.x, a.w:transpose(1, 2), a.b) end)
replay("^matmul_", function(a) return a.a:matmul(a.b) end)
replay("^embedding_repeat$", function(a) return sl.embedding(a.w, a.index + 1) end)
replay("^group_norm_", function(a, case)
  return first(sl.group_norm(last(a.x), a.w, a.b, case.params.num_groups, { eps = case.params.eps }))
end)
replay("^layer_norm_last$", function(a, case) return sl.layer_norm(a.x, a.w, a.b, { eps = case.params.eps }) end)
replay("^layer_norm_two$", function(a, case)
  local flat = sl.layer_norm(a.x:reshape { a.x:shape(1), -1, 20 }, a.w:reshape { -1 }, a.b:reshape { -1 },
    { eps = case.params.eps })
  return flat:reshape(a.x:shape())
end)

-- [b,heads,l,d] <-> [b,l,heads d]
local function joined(x)
  local b, heads, l, d = table.unpack(x:shape())
  return x:transpose(2, 3):reshape { b, l, heads * d }
end
replay("^attention_", function(a)
  local b, heads, l, d = table.unpack(a.q:shape())
  return sl.attention(joined(a.q), joined(a.k), joined(a.v), heads):reshape { b, l, heads, d }:transpose(2, 3)
end)

-- ---- images ------------------------------------------------------------------------------------------------

local WINDOW = { "stride", "padding", "dilation", "groups", "output_padding" }

-- kernel(w) serves the transposed convolution too: its weight is that of the convolution it transposes.
for _, name in ipairs { "conv2d", "conv_transpose2d" } do
  replay("^" .. name .. "_", function(a, case)
    local options = {}
    for _, option in ipairs(WINDOW) do options[option] = case.params[option] end
    return first(sl[name](last(a.x), kernel(a.w), a.b, options))
  end)
end
replay("^upsample_nearest_", function(a, case) return first(sl.upsample(last(a.x), case.params.scale_factor)) end)
replay("^avg_pool2d_2$", function(a, case) return first(sl.avg_pool(last(a.x), case.params.kernel_size)) end)

oracle.leave("ops", "^dropout_p3$", "our op draws its mask; its law and gradient are tested in tests/c/test_nn.c")
