-- Which cases of the groups "ops" and "models" are replayed, where, and why the others are not; those that no other
-- test takes are replayed here. Values of PyTorch 1.13 and of score_sde_pytorch, computed in double.
local check = require "check"
local oracle = require "oracle"
local sl = require "sdelua"

local function read(path)
  local file <close> = assert(io.open(path))
  return file:read "a"
end

-- ---- what is replayed elsewhere -------------------------------------------------------------------------

local ELSEWHERE = {
  { file = "tests/c/test_op_references.c", group = "ops", pattern = '\n  {"([%w_]+)", ' },
  { file = "tests/lua/test_optim.lua", group = "ops", pattern = '"(%a+_[%w_]+)"' },
  { file = "tests/lua/test_nn_reference.lua", group = "models", pattern = '"([%a]+[%w_]*)"' },
}
-- Names that test_nn_reference and test_optim write from parts.
local BUILT = {
  models = { block_upsample_ddpm = true, block_downsample_ddpm = true },
  ops = { ema_warmup = true, ema_reaches_decay = true, ema_constant = true },
}

local function elsewhere(group, name)
  for _, source in ipairs(ELSEWHERE) do
    if source.group == group then
      source.names = source.names or {}
      if not next(source.names) then
        for found in read(source.file):gmatch(source.pattern) do source.names[found] = true end
      end
      if source.names[name] or (BUILT[group] or {})[name] then return source.file end
    end
  end
end

-- ---- what is not, and why ----------------------------------------------------------------------------------

local REASONS = {
  ops = {
    { "^conv2d_groups$", "no op: convolution in groups" },
    { "^conv2d_depthwise$", "no op: convolution in groups" },
    { "^conv2d_dilated$", "no op: dilation, of NCSNv2 alone" },
    { "^conv2d_rect$", "no op: stride and padding that differ between height and width" },
    { "^conv_transpose2d", "no op: transposed convolution; the gradient of conv2d is one, inside" },
    { "^upsample_bilinear", "no op: bilinear resizing, of NCSNv2 alone" },
    { "^avg_pool2d_5_same$", "no op: overlapping windows, of NCSNv2 alone" },
    { "^max_pool2d", "no op: maximum over windows, of NCSNv2 alone" },
    { "^fir_", "no op: resampling with FIR filters, of NCSN++ and DDPM++" },
    { "^upfirdn2d", "no op: resampling with FIR filters, of NCSN++ and DDPM++" },
    { "^cumprod", "no op: nothing here needs products along a dimension" },
    { "^dropout_p3$", "our op draws its mask; its law and gradient are tested in tests/c/test_nn.c" },
    { "^optim_adamw_amsgrad$", "no option: AMSGrad" },
  },
  models = {
    { "^ddpm_vp$", "2 MB of weights; test_nn_reference holds numbers of the agreement with it (UNet)" },
    { "^ncsnpp", "no network: NCSN++" },
    { "^ddpmpp", "no network: DDPM++" },
    { "^ncsnv2$", "no network: NCSNv2" },
    { "^block_downsample_fir_conv$", "no layer: resampling with FIR filters" },
    { "^block_biggan", "no layer: NCSN++'s residual block that resamples" },
    { "^block_residual_ncsnv2$", "no network: NCSNv2" },
    { "^block_refine_ncsnv2$", "no network: NCSNv2" },
    { "^block_instance_norm_plus$", "no network: NCSNv2" },
    { "^song_", "no network: EDM's SongUNet" },
    { "^dhariwal_edm$", "no network: EDM's DhariwalUNet" },
    { "^block_unet", "no layer: EDM's UNetBlock" },
    { "^block_conv_", "no layer: EDM's resampling convolution" },
    { "^absent_", "a remark: the reference cannot run it" },
    { "^positional_labels_index_sigmas$", "a remark on the reference" },
  },
}

local function reason(group, name)
  for _, row in ipairs(REASONS[group]) do
    if name:find(row[1]) then return row[2] end
  end
end

-- ---- what is replayed here ----------------------------------------------------------------------------------

local function shifted(dims)
  local list = {}
  for i, d in ipairs(dims) do list[i] = d + 1 end
  return list
end

local function dim(case) return case.params.dim >= 0 and case.params.dim + 1 or case.params.dim end

-- Positions first, first + step, ... below stop, counted from 0, of a dimension.
local function every(x, d, first, stop, step)
  return x:index_select(sl.arange(first + 1, stop + 1, step, { dtype = "int64" }), d)
end

local POINTWISE = {
  clamp = function(x) return x:clamp(-0.7, 0.9) end,
  pow = function(x) return x ^ 1.7 end,
  leaky_relu = function(x) return x:relu() - (-x):relu() * 0.2 end,
  elu = function(x) return sl.where(x:gt(0), x, x:clamp(-math.huge, 0):expm1()) end,
  gelu_tanh = function(x)
    return x * 0.5 * (((x + x * x * x * 0.044715) * math.sqrt(2 / math.pi)):tanh() + 1)
  end,
}

local BROADCAST = {
  add = function(a, b) return a + b end, sub = function(a, b) return a - b end,
  mul = function(a, b) return a * b end, div = function(a, b) return a / b end,
  max = sl.maximum, where = function(a, b) return sl.where(a:gt(b), a, b * 2) end,
}

-- Replays by a pattern of the name: fn(tensors by name, case, what the pattern captured).
local HERE = {
  { "^pointwise_(.*)$", function(a, _, name) return (POINTWISE[name] or sl[name])(a.x) end },
  { "^broadcast_(%a+)_", function(a, _, name) return BROADCAST[name](a.a, a.b) end },
  { "^reduce_(%a+)_", function(a, case, name)
    return sl[name](a.x, shifted(case.params.dim), { keepdim = case.params.keepdim })
  end },
  { "^log_softmax_", function(a, case) return a.x:log_softmax(dim(case)) end },
  { "^cumsum_", function(a, case) return a.x:cumsum(dim(case)) end },
  { "^index_select_", function(a, case) return a.x:index_select(a.index + 1, dim(case)) end },
  { "^gather_", function(a, case) return a.x:gather(a.index + 1, dim(case)) end },
  { "^cat_", function(a, case) return sl.cat({ a.x0, a.x1, a.x2 }, dim(case)) end },
  { "^permute_", function(a, case) return a.x:permute(shifted(case.params.dims)):contiguous() end },
  { "^slice_step$", function(a)
    return every(every(a.x:narrow(1, 2, 2), 2, 0, a.x:shape(2), 2), 3, 1, math.min(6, a.x:shape(3)), 3)
  end },
  { "^slice_even$", function(a)
    return every(every(a.x, 3, 0, a.x:shape(3), 2), 4, 1, a.x:shape(4), 2)
  end },
  { "^pad_", function(a, case)
    local p = case.params.pad
    return a.x:pad({ 0, 0, p[3], p[1] }, { 0, 0, p[4], p[2] })
  end },
  { "^layer_norm_two$", function(a, case)
    local flat = sl.layer_norm(a.x:reshape { a.x:shape(1), -1, 20 }, a.w:reshape { -1 }, a.b:reshape { -1 },
      { eps = case.params.eps })
    return flat:reshape(a.x:shape())
  end },
  { "^pixel_shuffle_2$", function(a)
    local n, c, h, w = table.unpack(a.x:shape())
    return a.x:reshape { n, c // 4, 2, 2, h, w }:permute { 1, 2, 5, 3, 6, 4 }:reshape { n, c // 4, 2 * h, 2 * w }
  end },
}

local function here(name)
  for _, row in ipairs(HERE) do
    local captured = name:match(row[1])
    if captured then return row[2], captured end
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

local function compare(case, name, got)
  oracle.close(case, name, got)
  return 1
end

local function replay(case, fn, captured, dtype)
  local a, names = leaves(case, dtype)
  local out, count = fn(a, case, captured), 0
  count = count + compare(case, "out", out)
  local loss = (out * a.r):sum()
  for _, name in ipairs(names) do
    count = count + compare(case, "grad_" .. name, (sl.grad(loss, a[name], { retain_graph = true })))
  end
  if case.arrays.u then
    local slope = sl.grad(((out + out:square() * 0.5) * a.r):sum(), a[case.inputs[1]], { create_graph = true })
    local bent = (slope * a.u):sum()
    for _, name in ipairs(names) do
      count = count + compare(case, "hvp_" .. name, (sl.grad(bent, a[name], { retain_graph = true })))
    end
  end
  check.eq(count, #case.expected, case.case)
end

local function split(case, dtype)
  local a = leaves(case, dtype)
  local at, loss = 1, 0
  for i, size in ipairs(case.params.sizes) do
    local part = a.x:narrow(dim(case), at, size)
    at = at + size
    oracle.close(case, "out" .. i - 1, part)
    loss = loss + (part * a["r" .. i - 1]):sum()
  end
  oracle.close(case, "grad_x", (sl.grad(loss, a.x)))
end

-- AttnBlockpp gives (x + h)/sqrt 2 where our layer gives x + h.
local function attention_pp(case, dtype, suffix)
  local a, w = case.arrays, sl.load("tests/fixtures/models/" .. case.weights)
  local layer = sl.nn.Attention(24, { num_groups = 6 })
  local state, parts = {}, { "query", "key", "value", "out" }
  for ours, theirs in pairs { weight = "W", bias = "b" } do
    state["norm." .. ours] = w["GroupNorm_0." .. ours]
    for i, part in ipairs(parts) do state[part .. "." .. ours] = w["NIN_" .. i - 1 .. "." .. theirs] end
  end
  layer:load_state_dict(state)
  layer:to(dtype)
  local function last(x) return x:to(dtype):permute { 1, 3, 4, 2 } end
  local x = last(a.x):clone():requires_grad_()
  local y = layer(x) * math.sqrt(0.5)
  oracle.close(case, "out" .. suffix, y, last(a["out" .. suffix]))
  if suffix ~= "" then return end
  ;(y * last(a.r)):sum():backward()
  oracle.close(case, "grad_x", x.grad, last(a.grad_x))
  oracle.close(case, "grad.NIN_1.W", layer["key.weight"].grad)
  oracle.close(case, "grad.NIN_3.W", layer["out.weight"].grad)
end

-- ---- the table ---------------------------------------------------------------------------------------------------

local found = { ops = {}, models = {} }
local function note(group, what) found[group][what] = (found[group][what] or 0) + 1 end

for _, group in ipairs { "ops", "models" } do
  for _, row in ipairs(require "sdelua.json".decode(read("tests/fixtures/" .. group .. "/manifest.json"))) do
    local name = row.case
    local fn, captured = here(name)
    local other, why = elsewhere(group, name), reason(group, name)
    local own = group == "ops" and (fn or name == "split_1") or name == "block_attn_pp"
    check.test("oracle coverage: " .. name, function()
      local states = (own and 1 or 0) + (other and 1 or 0) + (why and 1 or 0)
      check.eq(states, 1, "replayed here, elsewhere, or with a reason: one of them")
      if why then return note(group, why) end
      note(group, other or "here")
      if other then
        local folder = row.case:find "^optim" and "optim" or row.case:find "^ema" and "optim" or group
        check.ok(io.open("tests/fixtures/" .. folder .. "/" .. row.file), row.file)
        return
      end
      row.arrays = sl.npz.load("tests/fixtures/" .. group .. "/" .. row.file)
      if name == "block_attn_pp" then
        local before = oracle.compared
        attention_pp(row, "float32", "")
        attention_pp(row, "float64", "_f64")
        return check.eq(oracle.compared - before, #row.expected)
      end
      for _, dtype in ipairs { "float32", "float64" } do
        if name == "split_1" then split(row, dtype) else replay(row, fn, captured, dtype) end
      end
    end)
  end
end

for _, group in ipairs { "ops", "models" } do
  local lines = {}
  for what, n in pairs(found[group]) do lines[#lines + 1] = ("  %3d  %s"):format(n, what) end
  table.sort(lines)
  print(group .. "\n" .. table.concat(lines, "\n"))
end
check.test("oracle coverage: all counted", function()
  local total = {}
  for group, list in pairs(found) do
    for _, n in pairs(list) do total[group] = (total[group] or 0) + n end
  end
  check.eq(total, { ops = 155, models = 32 })
end)
print(("oracle coverage: %d arrays compared here"):format(oracle.compared))
