-- A process run backwards with a score (Anderson 1982; Song et al. 2021, eq. 6, 13): the same times, dt < 0.
local core = require "sdelua.core".sde
local errors = require "sdelua.errors"
local options = require "sdelua.options"
local common = require "sdelua.sde.common"

local Reverse = {}
Reverse.__index = Reverse

--- process:reverse(score, options): the process backwards, f - (1 + noise^2)/2 g^2 score with noise g; probability_flow
-- = true is noise = 0.
function Reverse.new(process, score, opts)
  if not options.callable(score) then
    errors.raise("reverse: argument score: expected a function (x, t), got %s", options.show(score))
  end
  local o = options.read("reverse", opts, { probability_flow = false, noise = options.NONE })
  if o.probability_flow and o.noise ~= nil and o.noise ~= 0 then
    errors.raise("reverse: option noise: expected none or 0 with probability_flow, got " .. tostring(o.noise))
  end
  return setmetatable({
    process = process, score = score, noise = o.probability_flow and 0 or o.noise or 1, T = process.T,
  }, Reverse)
end

local function score_at(self, x, t) return common.said(self.score, x, common.times(x, t)) end

--- The drift at (x, t), as dt < 0 takes it.
function Reverse:drift(x, t)
  return core.reverse_drift(self.process.handle, x, t, score_at(self, x, t), self.noise)
end

--- The diffusion at (x, t): that of the process times `noise`.
function Reverse:diffusion(x, t) return self.process:diffusion(x, t) * self.noise end

--- f and G of a step: x_r = x - f + G z.
function Reverse:discretize(x, t, n, opts)
  local f, G = self.process:discretize(x, t, n, opts)
  return f - G:square() * score_at(self, x, t) * (0.5 * (1 + self.noise ^ 2)), G * self.noise
end

return Reverse
