-- Blocks of networks: outputs and gradients of sum(out r). Values of score_sde_pytorch; files there have channels first
-- and weights [out,in,kh,kw].
local layout = require "layout"
local oracle = require "oracle"
local sl = require "sdelua"

local nn, kernel, last = sl.nn, layout.kernel, layout.last

local function weights(case) return (sl.load("tests/fixtures/models/" .. case.weights)) end

-- Runs the layer with those parameters in one type. parameters: expected gradient -> { our name, to our layout }.
local function run(case, layer, state, forward, parameters, dtype, suffix)
  local a = case.arrays
  layer:load_state_dict(state)
  layer:to(dtype)
  local x = last(a.x:to(dtype)):clone():requires_grad_()
  local y = forward(layer, x)
  oracle.close(case, "out" .. suffix, y, last(a["out" .. suffix]))
  if suffix ~= "" then return end
  ;(y * last(a.r)):sum():backward()
  oracle.close(case, "grad_x", x.grad, last(a.grad_x))
  for theirs, ours in pairs(parameters) do
    oracle.close(case, "grad." .. theirs, layer[ours[1]].grad, ours[2](a["grad." .. theirs]))
  end
end

local function both(case, make, state, forward, parameters)
  run(case, make(), state, forward, parameters, "float32", "")
  run(case, make(), state, forward, parameters, "float64", "_f64")
end

local function same(w) return w end
local PARTS = { "query", "key", "value", "out" }

local function attention_state(case)
  local w, state = weights(case), {}
  for ours, theirs in pairs { weight = "W", bias = "b" } do
    state["norm." .. ours] = w["GroupNorm_0." .. ours]
    for i, part in ipairs(PARTS) do state[part .. "." .. ours] = w["NIN_" .. i - 1 .. "." .. theirs] end
  end
  return state
end

oracle.replay("models", "^block_attn_ddpm$", function(case)
  both(case, function() return nn.Attention(32, { num_groups = 32 }) end, attention_state(case),
    function(layer, x) return layer(x) end,
    { ["NIN_0.W"] = { "query.weight", same }, ["NIN_2.W"] = { "value.weight", same } })
end)

-- AttnBlockpp gives (x + h)/sqrt 2 where our layer gives x + h.
oracle.replay("models", "^block_attn_pp$", function(case)
  both(case, function() return nn.Attention(24, { num_groups = 6 }) end, attention_state(case),
    function(layer, x) return layer(x) * math.sqrt(0.5) end,
    { ["NIN_1.W"] = { "key.weight", same }, ["NIN_3.W"] = { "out.weight", same } })
end)

for name, kind in pairs { upsample = "Upsample", downsample = "Downsample" } do
  oracle.replay("models", "^block_" .. name .. "_ddpm$", function(case)
    local w = weights(case)
    both(case, function() return nn[kind](6) end,
      { ["conv.weight"] = kernel(w["Conv_0.weight"]), ["conv.bias"] = w["Conv_0.bias"] },
      function(layer, x) return layer(x) end, { ["Conv_0.weight"] = { "conv.weight", kernel } })
  end)
end

oracle.leave("models", "^absent_", "the reference cannot run it")
oracle.leave("models", "^positional_labels_index_sigmas$", "a remark on the reference")
