-- Steps along one Brownian path, for SDEs that run either way: forward (process:simulate) and back (samplers). A field
-- is what moves x,
--
--   field.drift(x, t)        F, in the sense of the way: x moves by F |dt|
--   field.diffusion(x, t)    G: [N,1,..,1] or like x, a factor of each feature's own noise; or [N,D,K], a matrix
--   field.path(shape, a, b)  W_b - W_a and the space-time Levy area H (see sl.noise)
--
-- and a step is fn(who, field, x, t, r) -> x_r, and the same without the last noise; t and r are numbers, or tensors
-- [N] where each sample has times of its own.
local sl = require "sdelua"
local errors = require "sdelua.errors"
local column = require "sdelua.sde.common".column

local scheme = {}

local function is_matrix(G, x) return G:dim() > x:dim() end

local function times(G, z, x)
  if not is_matrix(G, x) then return G * z end
  return G:matmul(z:unsqueeze(3)):squeeze(3)
end

-- The path's increment, for as many noises as G has columns.
local function increment(field, G, x, t, r)
  local shape = is_matrix(G, x) and { x:shape(1), G:shape(3) } or x:shape()
  return field.path(shape, t, r)
end

-- |dt|, a number or a column.
local function length(x, t, r)
  if type(t) == "number" then return math.abs(r - t) end
  return column((r - t):abs():to(x.dtype), x)
end

--- G at x, and the gradient in x of a weighted sum of it, or nil where it does not depend on x.
local function with_gradient(field, x, t, weights)
  return sl.enable_grad(function()
    local leaf = x:detach():requires_grad_()
    local G = field.diffusion(leaf, t)
    if not G.requires_grad then return G, nil end
    local whole = is_matrix(G, x) and G or G:expand(x:shape())
    return G:detach(), sl.grad((weights and whole * weights or whole):sum(), leaf)
  end)
end

--- True unless the noise depends on the state.
function scheme.is_additive(field, x, t)
  local _, gradient = with_gradient(field, x, t)
  return gradient == nil
end

--- Maruyama 1955. Strong order 1/2, 1 with additive noise; weak order 1. Any noise.
scheme.euler_maruyama = {
  order = 0.5, additive = 1, weak = 1,
  step = function(_, field, x, t, r)
    local G = field.diffusion(x, t)
    local mean = x + field.drift(x, t) * length(x, t, r)
    return mean + times(G, (increment(field, G, x, t, r)), x), mean
  end,
}

-- Each feature's noise may depend on that feature alone: else the noises do not commute, and a step of this order
-- needs their Levy areas. v (dG/dx) is then the gradient of G with the weights v, whatever they are.
local function check_commutative(who, field, x, t, derivative)
  local v = (sl.arange(x:numel(), { dtype = x.dtype }):sin() + 2):reshape(x:shape())
  local _, weighted = with_gradient(field, x, t, v)
  local off, size = (weighted - v * derivative):abs():amax():item(), derivative:abs():amax():item()
  if off > 1e-4 * (size + 1e-30) then
    errors.raise("%s: argument process: expected a diffusion of each feature that depends on this feature alone "
      .. "(commutative noise), got one that mixes features: use euler_maruyama", who)
  end
end

--- Milstein 1975; Kloeden & Platen 1992, section 10.3. Strong and weak order 1; G may depend on x, feature by feature.
scheme.milstein = {
  order = 1, additive = 1, weak = 1,
  step = function(who, field, x, t, r, memory)
    local G, derivative = with_gradient(field, x, t)
    if is_matrix(G, x) then
      errors.raise("%s: argument process: expected scalar or diagonal noise, got a matrix, whose noises do not "
        .. "commute: use euler_maruyama", who)
    end
    local h, W = length(x, t, r), (increment(field, G, x, t, r))
    local mean = x + field.drift(x, t) * h
    if not derivative then return mean + G * W, mean end
    if not memory.commutative then check_commutative(who, field, x, t, derivative) end
    memory.commutative = true
    return mean + G * W + G * derivative * (W:square() - h) * 0.5, mean
  end,
}

local function check_additive(who, field, x, t, memory)
  if memory.additive == nil then memory.additive = scheme.is_additive(field, x, t) end
  if not memory.additive then
    errors.raise("%s: argument process: expected a diffusion that does not depend on x (additive noise), got one that "
      .. "does: use milstein or euler_maruyama", who)
  end
end

--- SRA1 (Rößler 2010): strong order 3/2 and weak order 2 for additive noise.
scheme.srk = {
  order = 1.5, additive = 1.5, weak = 2,
  step = function(who, field, x, t, r, memory)
    check_additive(who, field, x, t, memory)
    local h, G, G_end = length(x, t, r), field.diffusion(x, t), field.diffusion(x, r)
    local W, H = increment(field, G, x, t, r)
    if not H then errors.raise("%s: option noise: expected increments with their areas, got none", who) end
    local I = H + W * 0.5 -- I_(1,0)/h, the mean of the path from its start
    local a = field.drift(x, t)
    local inner = x + a * (h * 0.75) + times(G_end, I, x) * 1.5
    local b = field.drift(inner, t + (r - t) * 0.75)
    local mean = x + a * (h / 3) + b * (h * (2 / 3))
    return mean + times(G_end, W, x) + times(G - G_end, I, x), mean
  end,
}

scheme.names = { "euler_maruyama", "milstein", "srk" }

--- The reverse process of a run, with noise = lambda between the flow (0) and the SDE (1).
function scheme.reversed(run, lambda)
  local process, back = run.process, require "sdelua.core".sde.reverse_drift
  return {
    drift = function(x, t)
      local score = run:score(x, type(t) == "number" and t or t:to(x.dtype))
      return -back(process.handle, x, t, score, lambda)
    end,
    diffusion = function(x, t) return process:diffusion(x, t) * lambda end,
    path = function(shape, a, b) return run:increment(a, b, shape) end,
  }
end

return scheme
