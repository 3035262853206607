-- Weighted particles: n measurements with K each, whose rows follow one another. Everything that is drawn for a
-- measurement belongs to that measurement's row.
local sl = require "sdelua"

local prior = require "sdelua.core".sde.prior
local errors = require "sdelua.errors"

local particles = {}

--- x [n K, ...] as [n, K].
function particles.grouped(v, K) return v:to "float64":reshape { -1, K } end

--- Normals for n K particles of x's shape.
function particles.normal(run, n, K)
  local shape = run.x:shape()
  return run:normal({ n, K, table.unpack(shape, 2) }):reshape { n * K, table.unpack(shape, 2) }
end

--- n measurements become n K, whose particles begin at the state that the call gives, or at draws of the prior.
function particles.begin(run, n, K)
  local rows = sl.arange(1, n + 1, { dtype = "int64" }):reshape({ n, 1 }):expand({ n, K }):reshape { n * K }
  run.y, run.rows = run.y:index_select(rows, 1), rows
  if run.call.given_x then return run.x:index_select(rows, 1) end
  return prior(run.process.handle, particles.normal(run, n, K))
end

--- Those at `places` of a table of tensors [n K, ...].
function particles.select(p, places)
  local q = {}
  for key, v in pairs(p) do q[key] = v:index_select(places, 1) end
  return q
end

--- Raises in the name of `who` unless the log-weights are finite.
function particles.check(who, log_w, t)
  local sum = log_w:sum():item()
  if sum - sum ~= 0 then errors.raise("%s: expected finite weights at t = %g, got %g", who, t, sum) end
end

-- Uniform numbers [n][count] in (0, 1]: half the sum of squares of two unit normals is minus the logarithm of one.
local function uniforms(run, n, count)
  return (run:normal({ n, count, 2 }):to "float64":square():sum(3) * -0.5):exp():totable()
end

-- The places in w, whose sum is 1, of rising positions in (0, 1].
local function places(w, positions)
  local list, j, sum = {}, 1, w[1]
  for i, u in ipairs(positions) do
    while sum < u and j < #w do
      j = j + 1
      sum = sum + w[j]
    end
    list[i] = j
  end
  return list
end

local POSITIONS = {
  systematic = function(u, K)
    local list = {}
    for k = 1, K do list[k] = (k - 1 + u[1]) / K end
    return list
  end,
  multinomial = function(u)
    table.sort(u)
    return u
  end,
}

particles.methods = { "systematic", "multinomial" }

--- One place of K for each of n measurements, by their weights [n,K].
function particles.pick(run, w)
  local u, list = uniforms(run, w:shape(1), 1), {}
  for i, row in ipairs(w:totable()) do list[i] = (i - 1) * #row + places(row, u[i])[1] end
  return sl.tensor(list, { dtype = "int64" })
end

--- 1 / sum w^2, [n].
function particles.effective(w) return w:square():sum(2):reciprocal() end

--- Where the effective number of a measurement's particles is below `least`, they are drawn anew: the places [n K] of
-- those that live on, and their log-weights [n,K]. Draws whether it needs to or not.
function particles.resample(run, method, log_w, least)
  local w = log_w:softmax(2)
  local n, K = w:shape(1), w:shape(2)
  local u, effective, list = uniforms(run, n, method == "systematic" and 1 or K), particles.effective(w), {}
  local counts = effective:totable()
  for i, row in ipairs(w:totable()) do
    local few = counts[i] < least
    local chosen = few and places(row, POSITIONS[method](u[i], K))
    for k = 1, K do list[#list + 1] = (i - 1) * K + (few and chosen[k] or k) end
  end
  local few = effective:lt(least):reshape { n, 1 }
  return sl.tensor(list, { dtype = "int64" }), sl.where(few:expand { n, K }, log_w * 0, log_w)
end

return particles
