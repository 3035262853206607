--- sl.optim: SGD, Adam, AdamW and the moving average EMA, made in the core; saving and loading of their states here.
--
--   local opt = sl.optim.Adam(net:parameters(), { lr = 2e-4, warmup = 500, grad_clip = 1 })
--   local ema = sl.optim.EMA(net:parameters(), { decay = 0.999 })
--   opt.lr = 1e-4
--   ema:apply(function() ... end)        the parameters are the averages inside, whatever happens
local core = require "sdelua.core"
local errors = require "sdelua.errors"
local load = require("sdelua.nn.module").load
local optim = core.optim

local Optimizer, EMA = optim.methods, optim.ema_methods

local function count(n) return core.tensor({ n }, { dtype = "int64" }) end

--- Takes the counter `name` out of a copy of a state; raises when it is not there.
local function split(who, state, name)
  if type(state) ~= "table" then
    errors.raise("%s: argument state: expected a table of tensors by name, got a %s", who, type(state))
  end
  local rest = {}
  for k, v in pairs(state) do rest[k] = v end
  local n = rest[name]
  if type(n) ~= "userdata" or getmetatable(n) ~= "tensor" or n:numel() ~= 1 or n:item() < 0 then
    errors.raise("%s: the state does not fit:\n  %s: expected a tensor of one count", who, name)
  end
  rest[name] = nil
  return math.tointeger(n:item()), rest
end

--- "step" and tensors such as "exp_avg.1", by parameter number. Options (lr ...) are the script's.
function Optimizer:state_dict()
  local names, tensors = self:_tensors()
  local state = { step = count(self:steps()) }
  for i, name in ipairs(names) do state[name] = tensors[i] end
  return state
end

--- Takes what state_dict gave; raises, and changes nothing, where names or shapes differ.
function Optimizer:load_state_dict(state)
  local steps, rest = split("load_state_dict", state, "step")
  local names, tensors = self:_tensors()
  load("load_state_dict", names, tensors, rest)
  self:steps(steps)
  return self
end

local function numbered(tensors)
  local names = {}
  for i = 1, #tensors do names[i] = "avg." .. i end
  return names
end

local function unswapped(ema, what)
  if ema:swapped() then errors.raise("EMA." .. what .. ": the averages are swapped in: swap back first") end
end

--- "updates" and the averages "avg.1", "avg.2", ..., by parameter number.
function EMA:state_dict()
  unswapped(self, "state_dict")
  local tensors = self:_tensors()
  local state = { updates = count(self:updates()) }
  for i, name in ipairs(numbered(tensors)) do state[name] = tensors[i] end
  return state
end

--- Takes what state_dict gave; raises, and changes nothing, where names or shapes differ.
function EMA:load_state_dict(state)
  unswapped(self, "load_state_dict")
  local updates, rest = split("load_state_dict", state, "updates")
  local tensors = self:_tensors()
  load("load_state_dict", numbered(tensors), tensors, rest)
  self:updates(updates)
  return self
end

--- Runs fn(...) with the averages in the parameters and puts the parameters back on every way out.
function EMA:apply(fn, ...)
  unswapped(self, "apply")
  self:swap()
  local back <close> = setmetatable({}, { __close = function() self:swap() end })
  return fn(...)
end

return optim
