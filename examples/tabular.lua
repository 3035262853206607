-- A table whose columns have very different scales: flats with area, rent, year and garden, read from CSV, brought to
-- one scale, learned, drawn anew and written as CSV. Writes three pairs of columns, data in grey and samples over them,
-- and the samples' table beside the picture.    sdelua examples/tabular.lua [PICTURE [STEPS]]
local sl = require "sdelua"
local picture, steps = ...
picture, steps = picture or "tabular.png", math.tointeger(tonumber(steps or 2000))
local ROWS, NAMES = 5000, { "area", "rent", "year", "garden" }

-- The data as they might come. Flats in town are old, dear and without a garden; no column says which are in town.
local function write_flats(path)
  local source = sl.noise { seed = 1 }
  local function normal(draw) return source:normal({ ROWS, 1 }, draw) end
  local town = normal(1):gt(0.3):to "float32"
  local area = (normal(2) * 0.45 + 4.2):exp()
  local rent = area:pow(0.85) * (normal(3) * 0.12):exp() * (town * 20 + 14)
  local year = 1985 - town * 75 + normal(4) * (20 - town * 8)
  local garden = (normal(5) - town * 2):gt(0):to "float32"
  sl.data.save_csv(path, sl.cat({ area, rent, year:round(), garden }, 2), { names = NAMES })
end

local source = os.tmpname()
write_flats(source)
local flats = sl.data.csv(source)
os.remove(source)

-- Areas and rents by their logarithms, 0 and 1 with a little noise, then every column to mean 0 and variance 1.
local wide = sl.cat({ flats:narrow(2, 1, 2):log(), flats:narrow(2, 3, 2) }, 2)
wide:narrow(2, 4, 1):add_(sl.noise { seed = 2 }:normal({ ROWS, 1 }, 1) * 0.1)
local mean, std = wide:mean(1, true), wide:std(1, true)

sl.manual_seed(1)
local process = sl.sde.VP {}
local net = sl.nn.MLP { dim = #NAMES, hidden = 96, depth = 3 }
local optimizer = sl.optim.Adam(net:parameters(), { lr = 3e-3, warmup = 50, grad_clip = 1 })
local ema = sl.optim.EMA(net:parameters(), { decay = 0.99 })
local score = process:score(net, { precondition = { "EDM", sigma_data = 1 } })
local batches = sl.data.loader((wide - mean) / std, { batch = 512, seed = 1 })
for step, bar in sl.progress(steps) do
  local scope <close> = sl.scope()
  optimizer.lr = 3e-3 * math.min(1, 2 * (1 - step / steps)) -- falls to 0 over the second half
  local loss = sl.loss.edm(process, score, batches(), { sigma_data = 1 })
  optimizer:zero_grad()
  loss:backward()
  optimizer:step()
  ema:update()
  bar:set { loss = loss:item() }
end
ema:copy_to()

local x = sl.no_grad(sl.solve.heun { steps = 40 }, process, score, { 2000, #NAMES }, { seed = 1 }) * std + mean
local garden = x:narrow(2, 4, 1):gt(0.5):to "float32"
local drawn = sl.cat({ x:narrow(2, 1, 2):exp(), x:narrow(2, 3, 1):round(), garden }, 2)
sl.data.save_csv(picture:gsub("%.%w+$", "") .. ".csv", drawn, { names = NAMES })

local function pair(a, b, options)
  options.xlabel, options.ylabel, options.width, options.height = NAMES[a], NAMES[b], 320, 280
  local plot = sl.plot(options)
  for i, table_of in ipairs { flats:narrow(1, 1, 2000), drawn } do
    local points = sl.cat({ table_of:narrow(2, a, 1), table_of:narrow(2, b, 1) }, 2)
    plot:scatter(points, i == 1 and { label = "data", color = "#a0a0a0" } or { label = "samples", opacity = 0.4 })
  end
  return plot
end
sl.plot.grid({
  pair(1, 2, { xscale = "log", yscale = "log" }), pair(3, 2, { yscale = "log", legend = false }),
  pair(3, 1, { yscale = "log", legend = false }),
}, { columns = 3 }):save(picture)
local function share(of) return 100 * of:select(2, 4):mean():item() end
print(("wrote %s and its table; %.0f %% have a garden, in the data %.0f %%")
  :format(picture, share(drawn), share(flats)))
