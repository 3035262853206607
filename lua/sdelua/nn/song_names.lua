-- How score_sde's networks name their weights (see sdelua/nn/import.lua): all_modules.<number>, in the order in which
-- the modules are made. A counter hands out those names and adds rows for what is next.
local import = require "sdelua.nn.import"

local song = {}

local Counter = {}
Counter.__index = Counter

--- A counter, whose names are counter.names.
function song.counter()
  local names = import.names { prefixes = { "module." }, ignored = { "^sigmas$" } }
  return setmetatable({ made = 0, names = names }, Counter)
end

--- The next module's name.
function Counter:next()
  self.made = self.made + 1
  return "all_modules." .. self.made - 1
end

--- The residual block `theirs`: ours as UNetBlock has it. o: emb, our name of the layer of the embedding; and shortcut,
-- how they name the one around, "Conv_2" (BigGAN's) or "NIN_0" (DDPM's).
function song.block(names, ours, theirs, o)
  for i, part in ipairs { "norm0", "norm1" } do names:same(ours .. "." .. part, theirs .. ".GroupNorm_" .. i - 1) end
  for i, part in ipairs { "conv0", "conv1" } do names:conv(ours .. "." .. part, theirs .. ".Conv_" .. i - 1) end
  names:linear(ours .. "." .. o.emb, theirs .. ".Dense_0")
  if o.shortcut == "NIN_0" then names:nin(ours .. ".skip", theirs .. ".NIN_0")
  else names:linear(ours .. ".skip", theirs .. "." .. o.shortcut) end
end

--- The next module is a residual block.
function Counter:block(ours, o) song.block(self.names, ours, self:next(), o) end

--- … attention.
function Counter:attention(ours)
  local theirs = self:next()
  self.names:same(ours .. ".norm", theirs .. ".GroupNorm_0")
  for i, part in ipairs { "query", "key", "value", "out" } do
    self.names:nin(ours .. "." .. part, theirs .. ".NIN_" .. i - 1)
  end
end

--- … a linear layer, a convolution, a group norm; below it under the name `inner`, if there is one.
function Counter:linear(ours, inner) self.names:linear(ours, self:next() .. (inner or "")) end
function Counter:conv(ours, inner) self.names:conv(ours, self:next() .. (inner or "")) end
function Counter:norm(ours) self.names:same(ours, self:next()) end

return song
