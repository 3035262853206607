-- What everything that takes a process and a score asks of the two.
local errors = require "sdelua.errors"
local options = require "sdelua.options"
local warn = require "sdelua.warn"
local Process = require "sdelua.sde.process"
local is_network = require "sdelua.sde.common".is_network

local arguments = {}

local function refuse(who, name, expected, got)
  errors.raise("%s: argument %s: expected %s, got %s", who, name, expected, options.show(got))
end

--- A process of sl.sde.
function arguments.process(who, process)
  if getmetatable(process) ~= Process then refuse(who, "process", "a process of sl.sde", process) end
end

-- ---- the process of a score ------------------------------------------------------------------------------

local SHARES = { 0.25, 0.5, 1 } -- of the shorter [0, T]: where kernels are compared
local NEAR = 1e-3

local function is_near(a, b) return math.abs(a - b) <= NEAR * math.max(math.abs(a), math.abs(b), 1) end

-- Whether two processes noise alike, where both have one m and one s for all features; true where they haven't.
local function alike(process, other)
  if not (process.tier:find "^affine" and other.tier:find "^affine") then return true end
  for _, share in ipairs(SHARES) do
    local t = share * math.min(process.T, other.T)
    local known, p, q = pcall(function() return process:point(t), other:point(t) end)
    if not known then return true end
    if not (is_near(p.m, q.m) and is_near(p.s, q.s)) then return false end
  end
  return true
end

-- Processes of which that has been found of another: { [process] = other }.
local found = setmetatable({}, { __mode = "kv" })

local function check_own(who, process, score)
  local own = type(score) == "table" and score.process
  if getmetatable(own) ~= Process or own == process or found[process] == own then return end
  if not alike(process, own) then refuse(who, "score", "one for the " .. tostring(process), score) end
  found[process] = own
end

-- ---- a network for a score ------------------------------------------------------------------------------

-- Networks of which that has been said.
local told = setmetatable({}, { __mode = "k" })

-- Says, once for each network, that it stands where a score is expected: few networks are one as they are.
local function tell_of_network(who, score)
  if not is_network(score) or told[score] then return end
  told[score] = true
  warn("%s: argument score: a network is taken for the score itself; process:score(net, { parameterization = \"noise\" "
    .. "}) makes the score of one that predicts the noise (or score, x0, v …)", who)
end

--- A score for the process (nil: none): a function (x, t) or what is called like one; of a score that was made for a
-- process, one that noises alike. `bare`: a network itself will do.
function arguments.score(who, process, score, bare)
  if not options.callable(score) then refuse(who, "score", "a function (x, t) or a network's score", score) end
  if process then check_own(who, process, score) end
  if process and not bare then tell_of_network(who, score) end
end

return arguments
