-- Training runs on images: what scripts/train_*.lua share, and how to take up what they leave.
local sl = require "sdelua"
local checkpoint = require "sdelua.train.checkpoint"
local random = require "sdelua.core".data.random

local train = {
  Trainer = require "sdelua.train.trainer",
  Run = require "sdelua.train.run",
  main = require "sdelua.train.main",
}

--- A trained model, ready to sample: { net, process, score, shape, step }, net with the averaged parameters and in
-- evaluation mode, shape that of one sample. own = { net =, process = } serve instead of those that the checkpoint
-- names.
function train.load(path, own)
  local groups, about = checkpoint.load(path)
  local net, process, score = checkpoint.build(path, about, own or {})
  net:load_state_dict(groups.model)
  local average = sl.optim.EMA(net:parameters())
  average:load_state_dict(groups.ema)
  average:copy_to()
  net:eval()
  return { net = net, process = process, score = score, shape = about.shape, step = about.step }
end

-- Draws of the DATA stream under seed 0 that belong to this.
local TIME_DRAW, NOISE_DRAW = 8, 9
local CHUNK = 128

--- The noise-prediction loss, the mean of (-s score(x_t) - z)², over the images x0 in [-1,1]; t uniform on [1e-3, T]
-- and z are the same at every call. Call it without recording.
function train.heldout(process, score, x0)
  local n = x0:shape(1)
  local t = random("uniform", { n }, 0, 0, TIME_DRAW) * (process.T - 1e-3) + 1e-3
  local z = random("normal", x0:shape(), 0, 0, NOISE_DRAW)
  local total = 0
  for first = 1, n, CHUNK do
    local scope <close> = sl.scope()
    local count = math.min(CHUNK, n - first + 1)
    local function part(x) return x:narrow(1, first, count) end
    local mean, std = process:marginal_prob(part(x0), part(t))
    local x = mean + std * part(z)
    total = total + (score(x, part(t)) * std + part(z)):square():sum():item()
  end
  return total / x0:numel()
end

return train
