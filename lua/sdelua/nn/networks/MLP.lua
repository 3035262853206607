--- MLP: a time-conditioned network for points, net(x [N,D], t [N]) -> [N,D'].
--
-- Residual blocks h + silu(linear(h) + linear(e)), e an embedding of t; the last layer starts at zero. Processes hand
-- over times of very different scales (a VP time up to 999, a VE sigma down to 0.01), so t is embedded twice, as it is
-- and on a logarithmic scale; inputs far outside the data (VE starts at 50) are drawn in to a bounded range and their
-- magnitude goes along as a feature of its own.
local core = require "sdelua.core"
local errors = require "sdelua.errors"
local inputs = require "sdelua.nn.inputs"
local options = require "sdelua.options"
local parts = require "sdelua.nn.module"
local nn = core.nn

local MLP = parts.Module "MLP"
local REACH = 4 -- inputs of a root mean square well below this stay as they are

MLP.doc = "A time-conditioned network for points: x [n,d], t [n] -> [n,d']."
MLP.options = {
  dim = options.NONE,          -- d, of what comes in and goes out; needed, or the next two
  in_features = options.NONE,  -- d
  out_features = options.NONE, -- d'
  hidden = options.NONE, -- the width (128), or the list of widths
  depth = 3,             -- hidden blocks, when hidden is a number
  embed = 64,            -- features of t
  fourier = 0,           -- input frequencies: so many sin and cos of every coordinate
  fourier_scale = 1,     -- their standard deviation, in waves per unit length
}

local function widths(hidden, depth)
  if type(hidden) == "table" then return hidden end
  local list = {}
  for i = 1, depth do list[i] = hidden or 128 end
  return list
end

--- The options resolved: in_features, out_features and the list `hidden`.
local function read(given)
  local o = options.read("MLP", given, MLP.options)
  o.in_features, o.out_features = o.in_features or o.dim, o.out_features or o.dim
  o.hidden = widths(o.hidden, o.depth)
  if not (o.in_features and o.out_features) then
    errors.raise("MLP: option dim: expected a number of features, got nil")
  end
  if #o.hidden == 0 then errors.raise("MLP: option hidden: expected at least one width, got none") end
  o.dim, o.depth = nil, nil
  return o
end

function MLP:init(given)
  local o = read(given)
  local first = o.hidden[1]
  self.config = o
  self.linear_time, self.log_time = nn.Sinusoidal(o.embed // 2), nn.Sinusoidal(o.embed - o.embed // 2)
  self.time = nn.Linear(o.embed, first)
  if o.fourier > 0 then self.waves = nn.GaussianFourier(2 * o.fourier, o.fourier_scale) end
  self.enter = nn.Linear(o.in_features * (1 + 2 * o.fourier) + 1, first)
  self.blocks = {}
  for i, width in ipairs(o.hidden) do
    self.blocks[i] = { main = nn.Linear(o.hidden[i - 1] or first, width), time = nn.Linear(first, width) }
  end
  self.leave = nn.Linear(o.hidden[#o.hidden], o.out_features, { scale = 0 })
end

--- [N] -> [N,first]
function MLP:embed(t)
  local logarithm = (t:abs() * 1000):log1p() * 30
  return self.time(core.cat({ self.linear_time(t), self.log_time(logarithm) }, 2)):silu()
end

--- [N,D] -> [N,D (1 + 2 fourier) + 1]: x drawn in to REACH, its waves, the logarithm of its size
function MLP:features(x)
  local square = x:square():mean(2, true)
  local near = x * (square * (1 / REACH ^ 2) + 1):rsqrt()
  local list = { near, square:log1p() * 0.5 }
  if self.waves then list[3] = self.waves(near):reshape(-1, self.config.in_features * 2 * self.config.fourier) end
  return core.cat(list, 2)
end

function MLP:forward(x, t)
  inputs.points(self, x, self.config.in_features)
  inputs.times(self, t)
  local scope <close> = core.scope() -- without a graph the memory of each layer serves the next call at once
  local e, h = self:embed(t), self.enter(self:features(x)):silu()
  for i, block in ipairs(self.blocks) do
    local y = (block.main(h) + block.time(e)):silu()
    h = i > 1 and self.config.hidden[i] ~= self.config.hidden[i - 1] and y or h + y
  end
  return scope:keep(self.leave(h))
end

function MLP:describe()
  local o = self.config
  return ("MLP(%d -> %s -> %d, %d parameters)"):format(o.in_features, table.concat(o.hidden, " "), o.out_features,
    self:num_parameters())
end

return MLP
