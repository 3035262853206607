-- The log-likelihood by the probability-flow ODE (Song et al. 2021, eq. 38 to 40 and appendix D.2): along dx/dt = v,
-- d log p_t(x_t)/dt = -div v, so log p_eps(x) = log pi(z) + int_eps^T div v dt, z being where the flow ends at T. State
-- and integrals are solved for together.
local sl = require "sdelua"
local adaptive = require "sdelua.solve.adaptive"
local common = require "sdelua.likelihood.common"
local options = require "sdelua.options"
local trace = require "sdelua.likelihood.trace"

local WHO = "likelihood.ode"
local TRACES = { "hutchinson", "exact" }

local OPTIONS = adaptive.options {
  eps = options.NONE, trace = "hutchinson", hutchinson = "rademacher", probes = 1,
  seed = options.NONE, first = options.NONE, index = options.NONE, noise = options.NONE, callback = options.NONE,
}

local function read(opts)
  local o = options.read(WHO, opts, OPTIONS)
  adaptive.check(WHO, o)
  options.choice(WHO, "trace", o.trace, TRACES)
  options.choice(WHO, "hutchinson", o.hutchinson, trace.kinds)
  o.probes = common.count(WHO, "probes", o.probes, 1)
  return o
end

-- The probes of the samples still on their way. Samples only ever leave, so as many rows are the same rows.
local function selector(probes)
  local n, kept = probes[1]:shape(1), probes
  return function(rows)
    if rows:shape(1) ~= n then
      n, kept = rows:shape(1), {}
      for k, e in ipairs(probes) do kept[k] = e:index_select(rows + 1, 1) end
    end
    return kept
  end
end

-- d/dt of the state [n, D + K]: x, and K integrals of the divergence.
local function right_hand_side(flow, x, probes)
  local shape, d, n, of = x:shape(), common.features(x), x:shape(1), probes and selector(probes)
  return function(state, t, rows)
    local here = of and of(rows)
    local scope <close> = sl.scope()
    shape[1] = state:shape(1)
    local places = rows:shape(1) < n and rows + 1 or nil
    local v, div = trace.flow_and_divergence(flow, state:narrow(2, 1, d):reshape(shape), t, here, places)
    return scope:keep(sl.cat({ v:reshape { shape[1], d }, div }, 2))
  end
end

local function solve(process, score, x, rhs, columns, o)
  local state = sl.cat({ common.flat(x:detach()), sl.zeros({ x:shape(1), columns }, { dtype = x.dtype }) }, 2)
  local d = state:shape(2) - columns
  local function parts(y) return y:narrow(2, 1, d):reshape(x:shape()), y:narrow(2, d + 1, columns) end
  local y, nfe = adaptive.solve(WHO, process, score, nil, state, o, {
    rhs = rhs, forward = true, eps = o.eps or process.eps.likelihood, callback = o.callback and function(at)
      at.x, at.delta = parts(at.x)
      at.x_mean = at.x
      o.callback(at)
    end,
  })
  local z, delta = parts(y)
  return z, delta, nfe
end

--- log p [N] in nats of the points x [N, ...] at time eps, under the flow with this score, and info: z (where the flow
-- ends), delta [N] (the integral of the divergence), prior_logp [N], nfe [N] and, with two or more probes, se [N], the
-- standard error that the probes leave. Options:
--   trace = "hutchinson" (hutchinson = "rademacher" or "gaussian", probes = 1), or "exact": one walk for each feature
--   eps (the process's eps.likelihood)
--   rtol, atol, method, norm, pcoeff, icoeff, max_steps: of the steps (see sdelua/solve/adaptive.lua)
--   callback = function(state), after each step: state.x, delta [N, probes] so far, step, t, times, nfe (see sl.solve)
--   seed, first, index, or noise (see sl.noise): the probes of a point are the same along its way and in every batch
return function(process, score, x, opts)
  local o = read(opts)
  common.check(WHO, process, score, x)
  local probes
  if o.trace == "hutchinson" then probes = trace.probes(sl.noise.of(o), o.hutchinson, x, o.probes) end
  local flow = trace.flow(WHO, process, score)
  local z, delta, nfe = solve(process, score, x, right_hand_side(flow, x, probes), probes and o.probes or 1, o)
  local mean, se = common.mean_and_error(delta)
  local prior_logp = process:prior_logp(z)
  return prior_logp + mean, { z = z, delta = mean, prior_logp = prior_logp, nfe = nfe, se = se }
end
