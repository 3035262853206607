-- The score of a network, whatever the network predicts. All parameterizations meet in the pair (x0, eps) with
-- x - c = m x0 + s eps and score = -eps/s.
local core = require "sdelua.core".sde
local common = require "sdelua.sde.common"
local options = require "sdelua.options"

local Score = {}
Score.__index = Score
Score.__name = "sdelua.Score"

local PARAMETERIZATIONS = { noise = true, score = true, x0 = true, v = true, velocity = true }

-- How a network is told the time.
local labels = {
  --- 999 t/T, as DDPM's networks have it
  time = function(process, _, t) return t * (999 / process.T) end,
  --- s(t)
  std = function(process, x, t) return process:coefficient("s", x, t):reshape { -1 } end,
}

local function label_of(process, label)
  if label == nil then label = process.label end
  if labels[label] then return labels[label] end
  if type(label) ~= "function" then
    error(('score: option label: expected "time", "std" or a function of t, got %s'):format(tostring(label)), 4)
  end
  return function(_, _, t) return label(t) end
end

function Score.new(process, net, opts)
  if not common.callable(net) then
    error(("score: argument net: expected a network or a function (x, label), got %s"):format(tostring(net)), 3)
  end
  local o = options.read("score", opts, { parameterization = "noise", label = options.NONE })
  if not PARAMETERIZATIONS[o.parameterization] then
    error(("score: option parameterization: expected noise, score, x0, v or velocity, got %s")
      :format(o.parameterization), 3)
  end
  local has_signal = select(8, core.facts(process.handle))
  if not has_signal and (o.parameterization == "noise" or o.parameterization == "score") then
    error(("score: option parameterization: expected v, x0 or velocity, since a network cannot predict the %s at "
      .. "T = %g, where m_T = 0")
      :format(o.parameterization, process.T), 3)
  end
  return setmetatable({
    process = process, net = net, parameterization = o.parameterization, label = label_of(process, o.label),
  }, Score)
end

--- What the network says at (x, t), and t as a tensor [N].
function Score:output(x, t)
  t = common.times(x, t)
  return self.net(x, self.label(self.process, x, t)), t
end

--- x0 and eps, both as the network has them at (x, t).
function Score:exchange(x, t)
  local y, times = self:output(x, t)
  return core.exchange(self.process.handle, x, times, y, self.parameterization)
end

function Score:__call(x, t)
  local y, times = self:output(x, t)
  if self.parameterization == "score" then return y end
  local _, eps = core.exchange(self.process.handle, x, times, y, self.parameterization)
  return -eps / self.process:coefficient("s", x, times)
end

--- The network's parameters.
function Score:parameters() return self.net:parameters() end

return Score
