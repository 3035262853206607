-- Networks that come one a file: found, made again from their options, the same bits alone and recomputed; labels of
-- classes; a network of the reader's own; weights published for PyTorch. Values are compared in oracles/networks.lua.
local check = require "check"
local sl = require "sdelua"
local json = require "sdelua.json"
local Precondition = require "sdelua.sde.precondition"
local nn = sl.nn

local function shaken(net, scale)
  for _, p in ipairs(net:parameters()) do sl.no_grad(p.add_, p, sl.randn(p:shape()) * (scale or 0.1)) end
  return net
end

-- Small ones, every way through them once.
local NETWORKS = {
  { "UNet", { nf = 8, ch_mult = { 1, 2 }, attn_resolutions = { 4 } } },
  { "SongUNet", { model_channels = 8, channel_mult = { 1, 2 }, num_blocks = 1, attn_resolutions = { 4 } } },
  { "SongUNet", { model_channels = 8, channel_mult = { 2, 1 }, num_blocks = 2, attn_resolutions = { 8 },
    embedding_type = "fourier", channel_mult_noise = 2, encoder_type = "residual", decoder_type = "skip",
    resample_filter = { 1, 3, 3, 1 }, label_dim = 3, label_dropout = 0.5, augment_dim = 2 } },
  { "DhariwalUNet", { model_channels = 64, channel_mult = { 1, 1 }, channel_mult_emb = 1, num_blocks = 1,
    attn_resolutions = { 4 }, label_dim = 3, augment_dim = 2 } },
  { "NCSNpp", { nf = 8, ch_mult = { 1, 1 }, num_res_blocks = 1, attn_resolutions = { 4 } } },
  { "NCSNpp", { nf = 8, ch_mult = { 1, 2, 1 }, num_res_blocks = 1, attn_resolutions = {}, resblock_type = "ddpm",
    progressive = "residual", progressive_input = "input_skip", progressive_combine = "cat" } },
  { "NCSNpp", { nf = 8, ch_mult = { 1, 1 }, num_res_blocks = 1, fir = false, resblock_type = "ddpm",
    conditional = false, resamp_with_conv = false, progressive = "output_skip", progressive_input = "residual",
    centered = false, embedding_type = "positional", num_scales = 10 } },
  { "UNet", { nf = 8, ch_mult = { 1, 1 }, num_res_blocks = 1, classes = 3, label_dropout = 0.5 } },
}

local function make(row, more)
  local o = { size = 8, channels = 2 }
  for _, options in ipairs { row[2], more or {} } do
    for name, value in pairs(options) do o[name] = value end
  end
  sl.manual_seed(3)
  return shaken(nn[row[1]](o))
end

check.test("Classifier and NCSNv2 name what they can't take, and do without a time that they don't look at", function()
  local x, times = sl.zeros { 2, 8, 8, 3 }, ": argument t: expected a tensor [n], a time for each of x, got nil"
  for name, o in pairs { Classifier = { time = true }, NCSNv2 = { nf = 4, ch_mult = { 1 }, dilations = { 1 } } } do
    o.size, o.channels = 8, 3
    local net = nn[name](o)
    check.raises(function() net(sl.zeros { 2, 3, 8, 8 }, sl.ones { 2 }) end,
      name .. ": argument x: expected images [n,h,w,3], channels last, got float32 [2,3,8,8]")
    check.raises(function() net(x) end, name .. times)
    o[name == "Classifier" and "time" or "scale_by_sigma"] = false
    check.eq(nn[name](o)(x):shape(1), 2)
  end
end)

for i, row in ipairs(NETWORKS) do
  check.test(("%s (%d): shapes, a row alone, made again"):format(row[1], i), function()
    local net = make(row):eval()
    local x, t = sl.randn { 3, 8, 8, 2 }, sl.tensor { 0.02, 1, 9 }
    local y = net(x, t)
    check.eq(y:shape(), { 3, 8, 8, 2 })
    for n = 1, 3 do
      check.eq(net(x:narrow(1, n, 1), t:narrow(1, n, 1))[1]:totable(), y[n]:totable(), "row " .. n)
    end
    local again = nn[row[1]](json.decode(json.encode(net.config)))
    again:load_state_dict(net:state_dict())
    check.eq(again:eval()(x, t):totable(), y:totable())
    check.ok(tostring(net):find(("^%s%%(8x8x2, .* %d parameters%%)"):format(row[1], net:num_parameters())))
    check.eq(make(row, { out_channels = 3 })(x, t):shape(), { 3, 8, 8, 3 })
    check.raises(function() net(sl.zeros { 3, 2, 8, 8 }, t) end,
      row[1] .. ": argument x: expected images [n,h,w,2], channels last, got float32 [3,2,8,8]")
    check.raises(function() net(x:reshape { 3, -1 }, t) end, row[1] .. ": argument x: expected images [n,h,w,2]")
    if net.config.conditional ~= false then
      check.raises(function() net(x) end,
        row[1] .. ": argument t: expected a tensor [n], a time for each of x, got nil")
    end
  end)

  check.test(("%s (%d): every parameter learns; recomputed, the same bits"):format(row[1], i), function()
    local function gradients(checkpoint)
      local net = make(row, { checkpoint = checkpoint, dropout = 0.2 })
      local o, list = net.config, {}
      local labels = (net.num_classes or 0) > 0 and sl.eye(3) or nil
      local augment = (o.augment_dim or 0) > 0 and sl.randn { 3, 2 } or nil
      sl.train_batch(3)
      net(sl.randn { 3, 8, 8, 2 }, sl.tensor { 1, 4, 9 }, labels, augment):square():sum():backward()
      for name, p in net:named_parameters() do
        check.ok(p.grad, name)
        list[#list + 1] = p.grad:totable()
      end
      return list
    end
    check.eq(gradients(true), gradients(false))
  end)
end

check.test("recomputed blocks keep less", function()
  for _, i in ipairs { 2, 4, 5 } do
    local kept = {}
    for n, checkpoint in ipairs { true, false } do
      local net, x, t = make(NETWORKS[i], { checkpoint = checkpoint }), sl.randn { 8, 8, 8, 2 }, sl.ones { 8 }
      collectgarbage()
      local before = sl.memory().live
      local y = net(x, t)
      collectgarbage()
      kept[n] = sl.memory().live - before
      y:sum():backward()
    end
    check.ok(kept[1] < 0.6 * kept[2], NETWORKS[i][1] .. " " .. kept[1] / kept[2])
  end
end)

check.test("networks start at zero", function()
  for _, row in ipairs(NETWORKS) do
    local o = { size = 8, channels = 2 }
    for name, value in pairs(row[2]) do o[name] = value end
    check.eq(nn[row[1]](o):eval()(sl.randn { 2, 8, 8, 2 }, sl.tensor { 1, 5 }):abs():amax():item(), 0, row[1])
  end
end)

check.test("NCSNpp divides by sigma: the label, or the level of that number", function()
  local o = { nf = 8, ch_mult = { 1 }, num_res_blocks = 1, sigma_min = 0.01, sigma_max = 100, num_scales = 5 }
  for embedding, sigma in pairs { fourier = { 1, 4 }, positional = { 10, 0.01 } } do
    o.embedding_type = embedding
    local x, t = sl.randn { 2, 8, 8, 2 }, sl.tensor { 1, 4 }
    o.scale_by_sigma = true
    local score = make({ "NCSNpp", o }):eval()(x, t)
    o.scale_by_sigma = false
    local noise = make({ "NCSNpp", o }):eval()(x, t)
    check.close(score:totable(), (noise / sl.tensor(sigma):reshape { 2, 1, 1, 1 }):totable(), 1e-6, 0)
  end
end)

-- ---- labels -------------------------------------------------------------------------------------------------

check.test("labels of classes: zeros where there are none, dropped with their probability", function()
  for _, row in ipairs { NETWORKS[3], NETWORKS[4], NETWORKS[8] } do
    local net = make(row, { label_dropout = 0.5, dropout = 0 })
    local n = 64
    local x = sl.randn { 1, 8, 8, 2 }:expand { n, 8, 8, 2 }:contiguous()
    local t, labels = sl.ones { n }, sl.tensor { { 0, 1, 0 } }:expand { n, 3 }:contiguous()
    net:eval()
    local with, without = net(x, t, labels), net(x, t)
    check.eq(net(x, t, sl.zeros { n, 3 }):totable(), without:totable())
    check.eq(net(x, t, sl.full({ n }, -1, { dtype = "int64" })):totable(), without:totable())
    check.eq(net(x, t, sl.ones({ n }, { dtype = "int64" })):totable(), net(x, t, labels):totable())
    check.ok((with - without):abs():amax():item() > 1e-3)
    net:train()
    sl.train_batch(n)
    local y, dropped = net(x, t, labels), 0
    for i = 1, n do
      local is_without = (y[i] - without[i]):abs():amax():item() == 0
      check.ok(is_without or (y[i] - with[i]):abs():amax():item() == 0, "sample " .. i)
      if is_without then dropped = dropped + 1 end
    end
    check.ok(dropped > 16 and dropped < 48, dropped)
    check.raises(function() net(x, t, sl.zeros { n, 4 }) end,
      row[1] .. ": argument labels: expected int64 [64] or one-hot floats [64,3], got float32 [64,4]")
    check.raises(function() net(x, t, sl.full({ n }, 3, { dtype = "int64" })) end,
      row[1] .. ": argument labels: expected classes from 0 to 2 (-1: none), got 3")
    check.raises(function() net(x, t, sl.zeros({ 2 }, { dtype = "int64" })) end, "got int64 [2]")
  end
end)

check.test("a preconditioned network is handed labels, and its first channels count", function()
  local net = make(NETWORKS[4], { out_channels = 4 }):eval()
  local x, sigma, labels = sl.randn { 2, 8, 8, 2 }, sl.tensor { 0.5, 20 }, sl.tensor { { 0, 1, 0 }, { 1, 0, 0 } }
  for _, kind in ipairs { "EDM", "VP", "VE", "iDDPM" } do
    local p = Precondition.new(kind)
    local function factor(f) return f(sigma):reshape { 2, 1, 1, 1 } end
    local F = net(x * factor(p.inp), p.noise(sigma), labels):narrow(4, 1, 2)
    check.close(p:denoised(net, x, sigma, labels):totable(), (x * factor(p.skip) + F * factor(p.out)):totable(), 1e-6,
      1e-6, kind)
  end
end)

-- ---- options ------------------------------------------------------------------------------------------------

check.test("options that no network can have", function()
  local function refused(name, more, message)
    local o = { size = 8, channels = 1 }
    for key, value in pairs(more) do o[key] = value end
    check.raises(function() nn[name](o) end, message)
  end
  refused("SongUNet", { size = 6 }, "SongUNet: option size: expected a multiple of 8, for 4 levels, got 6")
  refused("SongUNet", { channels = 0 }, "SongUNet: option channels: expected an integer >= 1, got 0")
  refused("UNet", { classes = 2.5 }, "UNet: option classes: expected a count of classes, got 2.5")
  refused("UNet", { label_dropout = 1 }, "UNet: option label_dropout: expected a probability below 1, got 1")
  refused("SongUNet", { label_dim = -1 }, "SongUNet: option label_dim: expected a count of classes, got -1")
  refused("SongUNet", { embedding_type = "log" },
    'SongUNet: option embedding_type: expected "positional" or "fourier", got log')
  refused("SongUNet", { resample_filter = { 1, 2, 1 } },
    "SongUNet: option resample_filter: expected an even number of taps, got 3")
  refused("DhariwalUNet", { channel_mult = {} }, "DhariwalUNet: option channel_mult: expected at least one level")
  refused("DhariwalUNet", { encoder_type = "skip" }, "DhariwalUNet: unknown option encoder_type")
  refused("NCSNpp", { progressive = "input_skip" }, "NCSNpp: option progressive: expected")
  refused("NCSNpp", { progressive_input = "output_skip" }, "NCSNpp: option progressive_input: expected")
  refused("NCSNpp", { resblock_type = "vgg" }, "NCSNpp: option resblock_type: expected")
end)

-- ---- published weights ----------------------------------------------------------------------------------

local function published()
  return (sl.load "tests/fixtures/models/song_ddpmpp_edm.safetensors"),
    nn.SongUNet { size = 16, channels = 3, label_dim = 5, model_channels = 16, channel_mult = { 1, 1 }, num_blocks = 1,
      attn_resolutions = { 8 } }
end

check.test("a state dict of PyTorch is loaded whole or not at all", function()
  local state, net = published()
  local function bare(name) return name:gsub("^model%.", "") end
  local renamed = {}
  for name, tensor in pairs(state) do renamed["module." .. bare(name)] = tensor end
  check.eq(net:load_torch(renamed), net)
  local was = net:state_dict()["enc.1.enter.weight"]:totable()
  check.eq(was, state["model.enc.16x16_conv.weight"]:permute({ 3, 4, 2, 1 }):totable())
  state["model.enc.16x16_conv.bias"], state["model.other"] = nil, sl.zeros { 1 }
  local message = check.raises(function() net:load_torch(state) end, "load_torch: the state does not fit:")
  check.eq(message:match "fit:\n(.*)$", "  missing enc.16x16_conv.bias\n  unknown other")
  state = published()
  state["model.map_layer0.weight"] = sl.zeros { 64, 8 }
  check.raises(function() net:load_torch(state) end, "map.1.weight: expected shape [16,64], got [8,64]")
  state["model.map_layer0.weight"] = sl.zeros { 64 }
  check.raises(function() net:load_torch(state) end,
    "load_torch: map_layer0.weight: expected the shape of a map.1.weight")
  check.eq(net:state_dict()["enc.1.enter.weight"]:totable(), was)
  check.raises(function() net:load_torch(nil) end, "load_torch: argument state: expected a table of tensors")
  check.raises(function() nn.MLP { dim = 2 }:load_torch(state) end, "load_torch: expected a network with a method")
  check.raises(function() nn.Linear(2, 2):load_torch(state) end, "load_torch: expected a network with a method")
end)

check.test("options are read off EDM's weights; others are given", function()
  local same = { size = 16, channels = 3, out_channels = 3, model_channels = 16, num_blocks = 1, channel_mult_emb = 4 }
  local function expect(name, case, want, given)
    local state = sl.load("tests/fixtures/models/" .. case .. ".safetensors")
    local net = nn[name]:from_torch(state, given)
    for _, list in ipairs { same, want, given or {} } do
      for key, value in pairs(list) do check.eq(net.config[key], value, case .. ": " .. key) end
    end
    check.ok(net.num_parameters and net:num_parameters() > 0)
  end
  expect("SongUNet", "song_ddpmpp_edm", { label_dim = 5, augment_dim = 0, channel_mult = { 1, 1 },
    attn_resolutions = { 8 }, embedding_type = "positional", channel_mult_noise = 1, encoder_type = "standard",
    decoder_type = "standard", resample_filter = { 1, 1 } }, { dropout = 0.25 })
  expect("SongUNet", "song_ncsnpp_edm", { label_dim = 0, augment_dim = 9, channel_mult = { 1, 1 },
    attn_resolutions = { 8 }, embedding_type = "fourier", channel_mult_noise = 2, encoder_type = "residual",
    decoder_type = "standard", resample_filter = { 1, 3, 3, 1 } })
  expect("DhariwalUNet", "dhariwal_edm", { label_dim = 4, augment_dim = 0, channel_mult = { 1, 2 },
    attn_resolutions = {} })
  local state = sl.load "tests/fixtures/models/ddpmpp_vp.safetensors"
  check.raises(function() nn.SongUNet:from_torch(state) end,
    "from_torch: argument state: expected weights of EDM's network, such as enc.32x32_conv.weight")
  local net = nn.NCSNpp:from_torch(state, { size = 16, channels = 3, nf = 16, ch_mult = { 1, 1 }, num_res_blocks = 1,
    attn_resolutions = { 8 }, fir = false, progressive_input = "none", embedding_type = "positional" })
  check.eq(net:state_dict()["enc.1.enter.weight"]:totable(),
    state["all_modules.2.weight"]:permute({ 3, 4, 2, 1 }):totable())
  check.raises(function() nn.NCSNpp:from_torch(nil, {}) end, "from_torch: argument state: expected a table of tensors")
  check.raises(function() nn.MLP:from_torch {} end, "from_torch: expected a network with a method torch_names")
end)

-- ---- one of your own ------------------------------------------------------------------------------------

local MINE = [[
local sl = require "sdelua"
local Mine = sl.nn.Module "Mine"
Mine.doc, Mine.source = "One convolution, of my own.", "this test"
Mine.options = { channels = 1, kernel = 3 }
function Mine:init(given)
  self.config = { channels = given.channels or 1, kernel = given.kernel or 3 }
  local c = self.config.channels
  self.conv = sl.nn.Conv2d(c, c, self.config.kernel, 1, self.config.kernel // 2)
end
function Mine:forward(x, t) return self.conv(x) + t:reshape { -1, 1, 1, 1 } * 0 end
return Mine
]]

check.test("a network in a file of one's own: found, listed, trained, in a checkpoint", function()
  local folder, path = os.tmpname(), package.path
  os.remove(folder)
  assert(os.execute(("mkdir -p '%s/sdelua/nn/networks'"):format(folder)))
  do
    local file <close> = assert(io.open(folder .. "/sdelua/nn/networks/MyNet.lua", "w"))
    file:write(MINE)
  end
  package.path = folder .. "/?.lua;" .. path
  local ok, err = xpcall(function()
    local listed = {}
    for _, row in ipairs(nn.list()) do listed[row.name] = row.doc end
    check.eq(listed.MyNet, "One convolution, of my own.")
    check.ok(listed.UNet and listed.SongUNet and listed.MLP and listed.NCSNpp and listed.DhariwalUNet)
    check.eq(sl.help "MyNet", "nn.MyNet { channels = 1, kernel = 3 }: One convolution, of my own. (this test)")
    local samples = sl.randint(0, 256, { 6, 8, 8, 1 }, { dtype = "uint8" })
    local trainer = sl.train.Trainer.new {
      samples = samples, net = { kind = "MyNet", options = { kernel = 5 } }, process = { kind = "VP", options = {} },
      settings = { batch = 2 },
    }
    trainer:step()
    trainer:save(folder .. "/mine.safetensors")
    local again = sl.train.Trainer.resume(folder .. "/mine.safetensors", samples)
    check.eq(again.net.config, { channels = 1, kernel = 5 })
    check.eq({ again:step() }, { trainer:step() })
    check.raises(function()
      sl.train.Trainer.new { samples = samples, net = { kind = "Linear", options = {} },
        process = { kind = "VP", options = {} } }
    end, "expected a known network with options")
  end, debug.traceback)
  package.path = path
  os.execute(("rm -r '%s'"):format(folder))
  if not ok then error(err, 0) end
end)
