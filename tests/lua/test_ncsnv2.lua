-- NCSNv2: made again from its options, the same bits alone and recomputed, labels, levels, names in PyTorch.
-- Values are compared in oracles/networks.lua.
local check = require "check"
local sl = require "sdelua"
local json = require "sdelua.json"
local NCSNv2 = sl.nn.NCSNv2

local function make(more)
  local o = { size = 8, channels = 2, nf = 4 }
  for name, value in pairs(more or {}) do o[name] = value end
  sl.manual_seed(3)
  return NCSNv2(o)
end

check.test("NCSNv2: shapes, a row alone, made again", function()
  local net = make()
  local x, t = sl.randn { 3, 8, 8, 2 }, sl.tensor { 0.02, 1, 9 }
  local y = net(x, t)
  check.eq(y:shape(), { 3, 8, 8, 2 })
  for n = 1, 3 do check.eq(net(x:narrow(1, n, 1), t:narrow(1, n, 1))[1]:totable(), y[n]:totable(), "row " .. n) end
  local again = NCSNv2(json.decode(json.encode(net.config)))
  again:load_state_dict(net:state_dict())
  check.eq(again(x, t):totable(), y:totable())
  check.ok(tostring(net):find("^NCSNv2%(8x8x2, nf 4 x {1, 2, 2, 2}, %d+ parameters%)"))
  check.eq(make { out_channels = 3 }(x, t):shape(), { 3, 8, 8, 3 })
  check.ok(sl.nn.networks:find "NCSNv2" == NCSNv2)
end)

check.test("NCSNv2: every parameter learns; recomputed, the same bits", function()
  local function gradients(checkpoint)
    local net, list = make { checkpoint = checkpoint }, {}
    net(sl.randn { 2, 8, 8, 2 }, sl.tensor { 1, 4 }):square():sum():backward()
    for name, p in net:named_parameters() do
      check.ok(p.grad and p.grad:abs():amax():item() > 0, name)
      list[#list + 1] = p.grad:totable()
    end
    return list
  end
  check.eq(gradients(true), gradients(false))
end)

check.test("NCSNv2 divides by sigma: the label, or the level of that number from sigma_max down", function()
  local x, levels = sl.randn { 2, 8, 8, 2 }, { sigma_min = 0.01, sigma_max = 100, num_scales = 5 }
  local plain = make { scale_by_sigma = false }(x, sl.tensor { 1, 4 })
  for label, sigma in pairs { sigma = { 1, 4 }, index = { 10, 0.01 } } do
    levels.label = label
    local score = make(levels)(x, sl.tensor { 1, 4 })
    check.close(score:totable(), (plain / sl.tensor(sigma):reshape { 2, 1, 1, 1 }):totable(), 1e-5, 0, label)
  end
end)

check.test("NCSNv2 takes images in [0,1] too", function()
  local x, t = sl.rand { 2, 8, 8, 2 }, sl.tensor { 1, 4 }
  check.close(make { centered = false }(x, t):totable(), make()(x * 2 - 1, t):totable(), 1e-6, 1e-6)
end)

check.test("NCSNv2 is a score for a process", function()
  local ve = sl.sde.VE { sigma_min = 0.1, sigma_max = 5 }
  local score = ve:score(make(), { parameterization = "score" })
  local x, t = sl.randn { 2, 8, 8, 2 }, sl.tensor { 0.3, 0.9 }
  local _, std = ve:marginal_prob(x, t)
  check.close(score(x, t):totable(), make()(x, std:reshape { 2 }):totable(), 1e-5, 1e-6)
end)

-- ---- levels and names --------------------------------------------------------------------------------------------

-- A state dict as PyTorch would have it: every tensor under its name there, in its layout there.
local function theirs(net)
  local state, named = {}, net:state_dict()
  for _, row in ipairs(net:torch_names()) do
    local t = named[row.ours]
    if t then
      check.eq(state["module." .. row.theirs], nil, row.theirs)
      state["module." .. row.theirs] = t:dim() == 4 and t:permute { 4, 3, 1, 2 } or t
      named[row.ours] = nil
    end
  end
  check.eq(next(named), nil, "a tensor without a name there")
  state["module.sigmas"] = sl.zeros(3)
  return state
end

check.test("NCSNv2's levels are those published for the size; weights go there and back", function()
  local sizes = {
    [64] = { { 1, 2, 2, 2 }, { 1, 1, 2, 4 }, "refine4.output_convs.3_2_conv.weight" },
    [96] = { { 1, 2, 2, 4, 4 }, { 1, 1, 1, 2, 4 }, "refine5.output_convs.3_2_conv.weight" },
    [256] = { { 1, 2, 2, 2, 4, 4 }, { 1, 1, 1, 1, 2, 4 }, "refine31.msf.convs.1.bias" },
  }
  for size, want in pairs(sizes) do
    local net = make { size = size, nf = 2 }
    check.eq({ net.config.ch_mult, net.config.dilations }, { want[1], want[2] })
    local state = theirs(net)
    check.ok(state["module." .. want[3]], want[3])
    sl.manual_seed(9)
    local other = NCSNv2 { size = size, channels = 2, nf = 2 }
    other:load_torch(state)
    for name, t in pairs(net:state_dict()) do check.eq(other:state_dict()[name]:totable(), t:totable(), name) end
  end
  local state = theirs(make())
  state["module.begin_conv.weight"], state["module.what"] = nil, sl.zeros(1)
  check.raises(function() make():load_torch(state) end, "missing begin_conv.weight\n  unknown what")
end)

check.test("NCSNv2 has the levels asked for", function()
  local net = make { ch_mult = { 2, 1, 3 }, dilations = { 1, 2, 1 } }
  check.eq(net(sl.randn { 1, 8, 8, 2 }, sl.ones(1)):shape(), { 1, 8, 8, 2 })
  theirs(net)
  check.raises(function() make { ch_mult = { 1, 2 } } end,
    "NCSNv2: option dilations: expected one for each of the 2 levels, got 4")
  check.raises(function() make { size = 7 } end, "NCSNv2: option size: expected a multiple of 2, got 7")
  check.raises(function() make { channels = 0 } end, "NCSNv2: option channels: expected an integer >= 1, got 0")
  check.raises(function() make { label = "t" } end, 'NCSNv2: option label: expected "sigma" or "index", got t')
end)
