-- Every sampler that is listed, with few steps, for what holds for all: every.each(what, fn) calls fn(name, row, make),
-- where make(options) is the sampler with these as well.
local check = require "check"
local sl = require "sdelua"
local grid = require "sdelua.solve.grid"

local D = 0.5 -- the std of the data
local vp = sl.sde.VP {}
local every = { STEPS = 8, N = 5, vp = vp }

--- Of N(0, D^2), which the process carries along.
function every.score(x, t)
  local m, s = vp:coefficient("m", x, t), vp:coefficient("s", x, t)
  return -x / (m:square() * D ^ 2 + s:square())
end

local function log_prob(x, t)
  local m, s = vp:coefficient("m", x, t), vp:coefficient("s", x, t)
  return (x:square() / (m:square() * D ^ 2 + s:square())):sum(2) * -0.5
end

-- Options without which a sampler can't run.
local OWN = { mala = { log_prob = log_prob } }

--- A sampler with its steps, where it has any, and more options.
function every.make(name, row, more)
  local own = row.sample and row.options and row.options.steps or more and grid.count(more.grid)
  local o = { steps = not own and every.STEPS or nil }
  for _, list in ipairs { OWN[name] or {}, more } do
    for key, value in pairs(list) do o[key] = value end
  end
  return sl.solve[name](o)
end

function every.each(what, fn)
  for name, row in sl.solve.samplers:each() do
    check.test(name .. " " .. what, function()
      fn(name, row, function(more) return every.make(name, row, more) end)
    end)
  end
end

return every
