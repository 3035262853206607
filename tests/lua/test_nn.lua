-- Modules: naming, states, modes, conversion, printing, errors; every kind of layer from its row.
local check = require "check"
local sl = require "sdelua"
local nn = sl.nn

-- ---- layers -------------------------------------------------------------------------------------------------

check.test("constructors take places and names", function()
  check.eq(nn.Linear(2, 3).weight:shape(), { 2, 3 })
  check.eq(nn.Linear { in_features = 2, out_features = 3 }.weight:shape(), { 2, 3 })
  check.eq(nn.Linear(2, 3, { bias = false }).bias, false)
  check.eq(nn.Linear(2, 3, nil, 0).weight:totable(), { { 0, 0, 0 }, { 0, 0, 0 } })
  check.eq(nn.Linear(2, 3).out_features, 3)
  check.raises(function() nn.Linear(2) end, "Linear: argument out_features: expected an integer >= 1, got nothing")
  check.raises(function() nn.Linear(2, 0) end, "Linear: argument out_features: expected an integer >= 1, got 0")
  check.raises(function() nn.Linear(2, 3, 1) end, "Linear: argument bias: expected true or false, got the number 1")
  check.raises(function() nn.Linear(2, 3, true, 1, 5) end, "Linear: expected at most 4 arguments, got 5")
  check.raises(function() nn.Linear { inputs = 2 } end, "Linear: unknown option inputs; expected in_features, out")
  check.raises(function() nn.Linear({ in_features = 2 }, 3) end, "Linear: the table of options must be the last")
end)

-- samples "2,4,3: 2x4x3x2 2x3; ..." of a row
local function samples(row)
  local list = {}
  for text in (row.samples .. ";"):gmatch("%s*([^;]+);") do
    local options, shapes = text:match("^(.-):%s*(.*)$")
    local sample = { options = {}, inputs = {} }
    for v in options:gmatch("[^,]+") do sample.options[#sample.options + 1] = tonumber(v) end
    for shape in shapes:gmatch("%S+") do
      local sizes = {}
      for n in shape:gmatch("%d+") do sizes[#sizes + 1] = math.tointeger(n) end
      sample.inputs[#sample.inputs + 1] = sl.randn(sizes)
    end
    list[#list + 1] = sample
  end
  return list
end

check.test("every row runs, prints and keeps its state", function()
  check.ok(#nn.kinds >= 11)
  for _, row in ipairs(nn.kinds) do
    for _, sample in ipairs(samples(row)) do
      local options, i = {}, 0
      for name, kind in row.options:gmatch("([%w_]+):(%a+)") do
        i = i + 1
        local v = sample.options[i]
        if kind == "bool" and v then v = v ~= 0 end
        options[name] = v
      end
      local a, b = nn[row.name](options), nn[row.name](options)
      b:load_state_dict(a:state_dict())
      a:eval()
      b:eval()
      local x = sample.inputs
      check.eq(a(table.unpack(x)):totable(), b(table.unpack(x)):totable(), row.name)
      check.ok(tostring(a):find("^" .. row.name .. "%("), tostring(a))
      check.eq(a:num_parameters() > 0, #a:parameters() > 0)
    end
  end
  check.eq(tostring(nn.Linear(2, 3, { bias = false })), "Linear(in_features=2, out_features=3, bias=false)")
end)

check.test("bad inputs of layers", function()
  local l = nn.Linear(2, 3)
  check.raises(function() l() end, "Linear: argument x: expected a tensor, got nothing")
  check.raises(function() l(3) end, "Linear: argument x: expected a tensor, got the number 3")
  check.raises(function() l(sl.zeros { 4, 5 }) end, "linear")
  check.raises(function() l(sl.zeros { 4, 2 }, sl.zeros { 1 }) end, "linear_add: argument r: expected [4,3]")
  check.raises(function() l(sl.zeros { 4, 2 }, nil, sl.zeros { 1 }) end,
    "Linear: expected at most 2 tensors (x residual?), got 3")
  check.raises(function() l(sl.zeros { 4, 2 }, 3) end, "Linear: argument residual: expected a tensor, got the number 3")
  local conv = nn.Conv2d(2, 3)
  check.raises(function() conv(sl.zeros { 1, 4, 4, 2 }, sl.zeros { 1 }) end,
    "Conv2d: argument shift: expected [n,3], got [1]")
end)

-- ---- modules in Lua ---------------------------------------------------------------------------------------------

local Scale = nn.Module "Scale"
function Scale:init(n)
  self.weight = nn.parameter(sl.ones { n })
  self.offset = sl.zeros { n }                       -- saved, not trained
  self._cache = sl.zeros { n }                       -- private
end
function Scale:forward(x) return x * self.weight + self.offset end

local Net = nn.Module "Net"
function Net:init()
  self.list = { nn.Linear(2, 4), { inner = Scale(4) } }
  self.out = nn.Linear(4, 2)
  self.shared = self.out
  self.drop = nn.Dropout(0.5)
  self.config = { 1, 2, name = "x" }
end
function Net:forward(x) return self.out(self.drop(self.list[2].inner(self.list[1](x)))) end

local function names_of(net)
  local names = {}
  for name in net:named_parameters() do names[#names + 1] = name end
  return names
end

check.test("names are paths, in order, each tensor once", function()
  local net = Net()
  check.eq(names_of(net), { "list.1.weight", "list.1.bias", "list.2.inner.weight", "out.weight", "out.bias" })
  check.eq(#net:parameters(), 5)
  check.eq(net:num_parameters(), 2 * 4 + 4 + 4 + 4 * 2 + 2)
  local state, keys = net:state_dict(), {}
  for k in pairs(state) do keys[#keys + 1] = k end
  table.sort(keys)
  check.eq(table.concat(keys, " "),
    "list.1.bias list.1.weight list.2.inner.offset list.2.inner.weight out.bias out.weight")
end)

check.test("printing is nested", function()
  check.eq(tostring(Net()), [[
Net
  drop: Dropout()
  list:
    1: Linear(in_features=2, out_features=4)
    2:
      inner: Scale
        offset: tensor [4]
        weight: tensor [4]
  out: Linear(in_features=4, out_features=2)
  shared: Linear(in_features=4, out_features=2)]])
end)

check.test("a state is loaded whole or not at all", function()
  local a, b = Net(), Net()
  a:eval()
  b:eval()
  local x = sl.randn { 3, 2 }
  b:load_state_dict(a:state_dict())
  check.eq(b(x):totable(), a(x):totable())
  local state, was = Net():state_dict(), b(x):totable()
  state["out.bias"] = nil
  state["out.weight"] = sl.zeros { 4, 3 }
  state["list.1.bias"] = 7
  state.other, state.another = sl.zeros { 1 }, sl.zeros { 1 }
  local message = check.raises(function() b:load_state_dict(state) end, "load_state_dict: the state does not fit:")
  check.eq(message:match("fit:\n(.*)$"), [[
  list.1.bias: expected a tensor, got a number
  out.weight: expected shape [4,2], got [4,3]
  missing out.bias [2]
  unknown another
  unknown other]])
  check.raises(function() b:load_state_dict(nil) end, "expected a table of tensors by name, got a nil")
  check.eq(b(x):totable(), was)
  b:load_state_dict { ["list.1.weight"] = sl.ones({ 2, 4 }, { dtype = "float64" }), ["list.1.bias"] = sl.ones { 4 },
    ["list.2.inner.weight"] = sl.ones { 4 }, ["list.2.inner.offset"] = sl.ones { 4 },
    ["out.weight"] = sl.ones { 4, 2 }, ["out.bias"] = sl.ones { 2 } }
  check.eq(b(sl.ones { 1, 2 }):totable(), { { 17, 17 } })
end)

check.test("train and eval reach everything", function()
  local net = Net()
  local x = sl.ones { 200, 2 }
  net:eval()
  check.eq(net.list[2].inner.training, false)
  check.eq(net(x):totable(), net(x):totable())
  net:train()
  check.eq(net.list[2].inner.training, true)
  check.ok(tostring(net(x):sum():item()) ~= tostring(net(x):sum():item()))
end)

check.test("conversion keeps what is trained", function()
  local net = Net():to "float64"
  check.eq(#net:parameters(), 5)
  for _, t in pairs(net:state_dict()) do check.eq(t.dtype, "float64") end
  check.eq(net(sl.zeros({ 1, 2 }, { dtype = "float64" })).dtype, "float64")
  check.raises(function() net:to "int64" end, "expected float32 or float64, got int64")
end)

check.test("gradients arrive and are cleared", function()
  local net = Net()
  net(sl.ones { 3, 2 }):square():sum():backward()
  for name, p in net:named_parameters() do check.ok(p.grad, name) end
  net:zero_grad()
  for name, p in net:named_parameters() do check.ok(p.grad == nil, name) end
end)

check.test("Sequential", function()
  local net = nn.Sequential { nn.Linear(2, 3), sl.silu, Scale(3) }:add(nn.Linear(3, 1))
  check.eq(names_of(net), { "1.weight", "1.bias", "3.weight", "4.weight", "4.bias" })
  check.eq(net(sl.zeros { 5, 2 }):shape(), { 5, 1 })
  check.eq(#nn.Sequential():add(nn.Linear(1, 1)):parameters(), 2)
  local list = "Sequential: argument layers: expected a list, as in Sequential { a, b }, got "
  check.raises(function() nn.Sequential(nn.Linear(2, 3), sl.silu) end, list .. "Linear(")
  check.raises(function() nn.Sequential(sl.silu) end, list .. "a function")
  check.raises(function() nn.Sequential(Scale(3)) end, list .. "Scale")
  check.raises(function() nn.Sequential({ sl.silu }, sl.silu) end, list .. "a table and more")
  check.ok(check.raises(function() nn.Sequential { sl.silu, 3 } end,
    "Sequential: argument layers[2]: expected a layer, a network or a function, got 3"):find "test_nn.lua:%d")
  check.raises(function() net:add(nil) end, "Sequential: argument layer: expected a layer")
end)

-- ---- the time-conditioned perceptron -------------------------------------------------------------------------------

check.test("MLP: shapes, zero start, any time scale", function()
  local net = nn.MLP { dim = 2, hidden = { 16, 16, 8 }, fourier = 3 }
  local x, t = sl.randn { 5, 2 } * 100, sl.tensor { 0, 1e-3, 0.5, 50, 999 }
  check.eq(net(x, t):totable(), sl.zeros({ 5, 2 }):totable())
  for _, p in ipairs(net:parameters()) do
    local noise = sl.randn(p:shape()) * 0.3
    sl.no_grad(function() p:copy_(noise) end)
  end
  local y = net(x, t)
  for i = 1, 5 do -- a row alone has the same bits
    check.eq(net(x:narrow(1, i, 1), t:narrow(1, i, 1))[1]:totable(), y[i]:totable())
    for _, v in ipairs(y[i]:totable()) do check.ok(v == v and math.abs(v) < 1e3) end
  end
  check.eq(nn.MLP(net.config):num_parameters(), net:num_parameters())
  local other = nn.MLP { in_features = 3, out_features = 1, hidden = 8, depth = 2 }
  check.eq(other(sl.zeros { 4, 3 }, sl.ones { 4 }):shape(), { 4, 1 })
  local times = "argument t: expected a tensor [n], a time for each of x, got "
  check.raises(function() net(sl.zeros { 4, 3 }, t) end, "MLP: argument x: expected points [n,2], got float32 [4,3]")
  check.raises(function() net(sl.zeros { 2 }, t) end, "MLP: argument x: expected points [n,2], got float32 [2]")
  check.raises(function() net(x) end, "MLP: " .. times .. "nil")
  check.raises(function() net(x, 0.5) end, "MLP: " .. times .. "0.5")
  check.raises(function() nn.MLP {} end, "MLP: option dim: expected a number of features, got nil")
  check.raises(function() nn.MLP { dim = 2, width = 3 } end, "MLP: unknown option width; expected depth, dim")
  check.raises(function() nn.MLP { dim = 2, hidden = {} } end, "MLP: option hidden: expected at least one width")
end)

-- ---- the U-Net ------------------------------------------------------------------------------------------------------

local small = { size = 8, channels = 1, nf = 8, ch_mult = { 1, 2 }, num_res_blocks = 1, attn_resolutions = { 4 } }

check.test("UNet: parts and shapes", function()
  local net = nn.UNet(small)
  local x, t = sl.randn { 2, 8, 8, 1 }, sl.tensor { 1, 500 }
  check.eq(net(x, t):totable(), sl.zeros({ 2, 8, 8, 1 }):totable())
  check.eq(tostring(net):match "^[^\n]*", "UNet(8x8x1, nf 8 x {1, 2}, " .. net:num_parameters() .. " parameters)")
  local names = {}
  for _, name in ipairs(names_of(net)) do names[name] = true end
  for _, name in ipairs { "time.2.bias", "down.1.res.1.conv0.weight", "down.1.shrink.conv.weight", "norm.weight",
    "down.2.attn.1.query.weight", "middle.2.out.weight", "up.1.res.2.skip.weight", "up.2.attn.norm.bias",
    "up.2.grow.conv.bias", "leave.bias" } do
    check.ok(names[name], name)
  end
  check.eq(names["down.1.attn.1.query.weight"], nil)
end)

check.test("UNet: 28 goes to 14 and 7; other sizes are refused", function()
  local net = nn.UNet { size = 28, channels = 3, out_channels = 6, nf = 4, ch_mult = { 1, 1, 1 }, num_res_blocks = 1 }
  check.eq(net(sl.randn { 1, 28, 28, 3 }, sl.ones { 1 }):shape(), { 1, 28, 28, 6 })
  check.raises(function() nn.UNet { size = 30, channels = 1 } end,
    "UNet: option size: expected a multiple of 4, for 3 levels, got 30")
  check.raises(function() nn.UNet { size = 28 } end, "UNet: option channels: expected an integer >= 1, got nil")
  check.raises(function() nn.UNet { size = 28, channels = 1, ch_mul = {} } end, "UNet: unknown option ch_mul; expected")
  check.raises(function() nn.UNet { size = 28, channels = 1, embedding = "log" } end, "UNet: option embedding")
end)

check.test("UNet: a row alone has the same bits, and log t works", function()
  local o = { embedding = "fourier", dropout = 0.1, num_heads = 2 }
  for k, v in pairs(small) do o[k] = v end
  local net = nn.UNet(o):eval()
  for _, p in ipairs(net:parameters()) do
    local noise = sl.randn(p:shape()) * 0.2
    sl.no_grad(function() p:copy_(noise) end)
  end
  local x, t = sl.randn { 3, 8, 8, 1 }, sl.tensor { 0.01, 1, 50 }
  local y = net(x, t)
  for i = 1, 3 do
    check.eq(net(x:narrow(1, i, 1), t:narrow(1, i, 1))[1]:totable(), y[i]:totable())
  end
  check.eq(nn.UNet(net.config):num_parameters(), net:num_parameters())
end)
