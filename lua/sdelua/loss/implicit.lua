-- Objectives that need the score's derivative instead of a transition kernel: their samples, their weights, their
-- traces.
local sl = require "sdelua"
local core = require "sdelua.core".sde
local errors = require "sdelua.errors"
local options = require "sdelua.options"
local common = require "sdelua.loss.common"

local implicit = {}

--- weighting: lambda(t) as in dsm; unless given "std" where the process has a kernel and 1 where it has none. steps: of
-- Euler-Maruyama, which carries the data to t where no kernel does. projection "normal" or "rademacher"; v: given
-- projections [projections, N, ...].
implicit.OPTIONS = {
  weighting = options.NONE, eps = options.NONE, t = options.NONE, z = options.NONE, t_sampling = "uniform", steps = 64,
}
implicit.PROJECTIONS = { projections = 1, projection = "normal", v = options.NONE }

--- The options `own` together with those.
function implicit.with(own, more) return options.merged(implicit.OPTIONS, more, own) end

--- Values of those that are out of range raise.
function implicit.check(o) options.counts(o.who, o, { "steps", "projections" }) end

-- ---- samples of p_t -------------------------------------------------------------------------------------

-- G z for the noise of any kind: G broadcasts against x, or is a matrix [N,D,K] for x [N,D].
local function noise(G, x)
  if G:dim() > x:dim() then
    local z = common.draw("normal", { G:shape(1), G:shape(3) }, x)
    return G:matmul(z:unsqueeze(3)):squeeze(3)
  end
  return G * common.draw("normal", x:shape(), x)
end

--- x_t from x0 by Euler-Maruyama steps of t/n each.
function implicit.simulate(process, x0, t, n)
  return sl.no_grad(function()
    local x, h = x0, common.column(t / n, x0)
    for i = 0, n - 1 do
      local at = t * (i / n)
      x = x + process:drift(x, at) * h + noise(process:diffusion(x, at), x) * h:sqrt()
    end
    return x
  end)
end

local function has_kernel(process, x0)
  core.settle(process.handle, x0)
  return process.tier:find "^affine" ~= nil
end

-- Without a kernel time cannot be drawn by importance.
local function simulated(o, process, x0)
  common.open(o, x0)
  if o.t_sampling ~= "uniform" then core.need_kernel(process.handle, x0, o.who) end
  local t = common.times(o, process, x0)
  return { x = implicit.simulate(process, x0, t, o.steps), t = t }
end

-- x_t, a leaf that requires a gradient.
local function sample(o, process, x0, kernel)
  local d
  if not process then
    common.open(o, x0)
    d = { x = x0 }
  elseif kernel then
    d = common.noised(o, process, x0)
  else
    d = simulated(o, process, x0)
  end
  d.x = d.x:detach():clone():requires_grad_()
  return d
end

-- ---- weights ----------------------------------------------------------------------------------------------

local function weight(o, process, d, kernel)
  local weighting = o.weighting or (kernel and "std")
  if not process or not weighting then return nil end
  if weighting == "std" then
    core.need_kernel(process.handle, d.x, o.who)
    return process:coefficient("s", d.x:detach(), d.t):square()
  end
  if weighting == "likelihood" then
    local G = process:diffusion(d.x:detach(), d.t)
    if G:dim() <= d.x:dim() then return G:square() end
  end
  if type(weighting) ~= "function" then
    errors.raise('%s: option weighting: expected "std", "likelihood" (but for matrix noise) or a function of t, got %s',
      o.who, tostring(weighting))
  end
  return common.weight_at(o, d.x, d.t)
end

--- A sample of p_t with the network's score there: { x, t, score, weight }. Without a process p_t is the data's.
function implicit.scored(o, process, score, x0)
  local kernel = process and has_kernel(process, x0)
  local d = sample(o, process, x0, kernel)
  d.weight = weight(o, process, d, kernel)
  if d.factor then d.weight = d.weight and d.weight * d.factor or d.factor end
  d.score = common.said(o, score, d.x, d.t)
  if not d.score.requires_grad then
    errors.raise("%s: argument score: expected a result with a derivative by x, got one that no recorded op made of x",
      o.who)
  end
  return d
end

-- ---- derivatives -------------------------------------------------------------------------------------------

local function flat(x) return x:reshape { x:shape(1), -1 } end

--- What elements [N, ...] add up to for each sample, averaged over samples.
function implicit.average(elements) return elements:sum() / elements:shape(1) end

--- The diagonal of the score's Jacobian, like x: one backward pass for each feature (Hyvarinen 2005).
function implicit.diagonal(d)
  local s, parts = flat(d.score), {}
  for i = 1, s:shape(2) do
    local row = sl.grad(s:select(2, i):sum(), d.x, { create_graph = true })
    parts[i] = flat(row):select(2, i)
  end
  return sl.stack(parts, 2):reshape(d.x:shape())
end

--- v and J^T v for each projection v: a list of pairs, drawn unless given.
function implicit.projected(o, d, along)
  options.choice(o.who, "projection", o.projection, { "normal", "rademacher" })
  local pairs_of = {}
  for i = 1, o.v and o.v:shape(1) or o.projections do
    local v = o.v and o.v:select(1, i) or common.draw(o.projection, d.x:shape(), d.x)
    if along then v = v * along end
    pairs_of[i] = { v, sl.grad((d.score * v):sum(), d.x, { create_graph = true }) }
  end
  return pairs_of
end

return implicit
