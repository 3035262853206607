-- A texture for a game from a single image: a network sees patches of cobblestones, which this script draws, and makes
-- new ones of any size. They tile, for at sampling each side of the canvas goes on at the opposite one.
-- Writes the image and, beside it, a new tile laid two by two.    sdelua examples/texture.lua [PICTURE [STEPS]]
local sl = require "sdelua"
local picture, steps = ...
picture, steps = picture or "texture.png", math.tointeger(tonumber(steps or 800))
local SIZE, CELL, PATCH, TILE, MARGIN = 192, 14, 32, 96, 24

-- Stones about jittered centres: each pixel is of the nearest one, and joints lie where the second is as near.
local function cobblestones()
  local n = SIZE // CELL + 2
  local at = sl.arange(n * n)
  local cells = sl.stack({ (at / n):floor(), at - (at / n):floor() * n }, 2)
  local centres = (cells - 0.5 + (sl.rand { n * n, 2 } - 0.5) * 0.7) * CELL
  local y = sl.arange(SIZE):reshape({ SIZE, 1, 1 }):expand { SIZE, SIZE, 1 }
  local pixels = sl.cat({ y, y:transpose(1, 2) }, 3):reshape { -1, 1, 2 }
  local d = (pixels - centres:unsqueeze(1)):norm(3)
  local nearest = (-d):argmax(2)
  local first = d:amin(2, true)
  local second = sl.where(d:eq(first), 1e3, d):amin(2, true)
  local stone = ((second - first - 1) / 4):clamp(0, 1) -- 0 in the joints
  local tone = (sl.rand { n * n, 1 } * 0.5 + 0.5):index_select(nearest, 1) * (1 - first / (2.2 * CELL))
  local grain = sl.randn { SIZE * SIZE, 1 } * 0.03
  local grey, moss = sl.tensor { { 1, 0.93, 0.84 } }, sl.tensor { { 0.16, 0.24, 0.1 } }
  local rgb = grey * (tone + grain) * stone + moss * (1 - stone)
  return (rgb * 2 - 1):clamp(-1, 1):reshape { SIZE, SIZE, 3 }
end

local Net = sl.nn.Module "Texture" -- of convolutions alone, so it takes every size
function Net:init(nf)
  local nn = sl.nn
  local function block(inside) return nn.ResBlock(inside, nf, nf) end
  self.embed, self.enter, self.fine = nn.Sinusoidal(nf), nn.Conv2d(3, nf, 3, 1, 1), block(nf)
  self.shrink, self.coarse, self.grow = nn.Downsample(nf), { block(nf), block(nf), block(nf) }, nn.Upsample(nf)
  self.last, self.leave = block(2 * nf), nn.Conv2d(nf, 3, 3, { padding = 1, scale = 0 })
end
function Net:forward(x, t)
  local e = self.embed(t * 250)
  local fine = self.fine(self.enter(x), e)
  local h = self.shrink(fine)
  for _, block in ipairs(self.coarse) do h = block(h, e) end
  return self.leave(self.last(sl.cat({ self.grow(h), fine }, 4), e):silu())
end

sl.manual_seed(1)
math.randomseed(1)
local image, patches = cobblestones(), {}
local function place() return math.random(SIZE - PATCH + 1) end
for i = 1, 2000 do patches[i] = image:narrow(1, place(), PATCH):narrow(2, place(), PATCH) end

local net, process = Net(32), sl.sde.EDM { sigma_min = 0.02, sigma_max = 20 }
local score = process:score(net, { precondition = { "EDM", sigma_data = 0.5 } })
local optimizer = sl.optim.Adam(net:parameters(), { lr = 2e-3, warmup = 50, grad_clip = 1 })
local batches = sl.data.loader(sl.stack(patches, 1), { batch = 16 })
for step, bar in sl.progress(steps) do
  local scope <close> = sl.scope()
  optimizer.lr = 2e-3 * (1 - step / (steps + 1))
  local loss = sl.loss.edm(process, score, batches())
  optimizer:zero_grad()
  loss:backward()
  optimizer:step()
  bar:set { loss = loss:item() }
end

local function wrapped(x) -- with MARGIN pixels of the opposite side around it
  for dim = 2, 3 do
    x = sl.cat({ x:narrow(dim, TILE - MARGIN + 1, MARGIN), x, x:narrow(dim, 1, MARGIN) }, dim)
  end
  return x
end
local function endless(x, t) return score(wrapped(x), t):narrow(2, MARGIN + 1, TILE):narrow(3, MARGIN + 1, TILE) end
local tile = sl.no_grad(sl.solve.heun { steps = 18 }, process, endless, { 1, TILE, TILE, 3 }, { seed = 1 })
local row = sl.cat({ tile, tile }, 3)
local pictures = sl.cat({ image:unsqueeze(1), sl.cat({ row, row }, 2) }, 1)
sl.image.save(picture, sl.image.grid(pictures:upsample(2), { padding = 8 }))
print("wrote " .. picture)
