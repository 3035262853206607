-- Likelihoods of the reference implementation, replayed with its probes (norm = "batch"), and tighter solves of them.
local check = require "check"
local oracle = require "oracle"
local sl = require "sdelua"

local likelihood = sl.likelihood

local ITSELF = { m = 1, s = 0, c = 0 }

local function mixture_of(case, process)
  local a = case.arrays
  local function logp(x, at) return oracle.mixture_logp(a.gmm_weights, a.gmm_means, a.gmm_vars, x, at) end
  return oracle.mixture_score(process, a.gmm_weights, a.gmm_means, a.gmm_vars), logp
end

local function replay(case, dtype, suffix)
  local a, params, process = case.arrays, case.params, oracle.process(case.params)
  local score, logp = mixture_of(case, process)
  local x, dim = a.data:to(dtype), a.data:numel() // a.data:shape(1)
  local range = { range = params.centered and { -1, 1 } or { 0, 1 } }
  local function run(more)
    local o = { eps = params.eps, noise = function() return a.noise:to(dtype) end }
    for key, value in pairs(more) do o[key] = value end
    return likelihood.ode(process, score, x, o)
  end
  local function bpd(density) return likelihood.bits(density, dim, range) end
  local got, info = run {
    rtol = params.rtol, atol = params.atol, norm = "batch", hutchinson = params.hutchinson_type:lower(),
    pcoeff = 0, icoeff = 1, -- SciPy's steps
  }
  oracle.close(case, "bpd" .. suffix, bpd(got))
  oracle.close(case, "z" .. suffix, info.z)
  oracle.close(case, "nfe" .. suffix, info.nfe:narrow(1, 1, 1))
  check.eq(info.se, nil)
  if dtype == "float32" then
    oracle.close(case, "prior_logp", info.prior_logp)
    oracle.close(case, "delta_logp", info.delta)
    return
  end
  -- tighter, each point with its own step size
  got, info = run { rtol = 1e-8, atol = 1e-8, hutchinson = params.hutchinson_type:lower() }
  oracle.close(case, "bpd_tight", bpd(got))
  oracle.close(case, "z_tight", info.z)
  got, info = run { rtol = 1e-8, atol = 1e-8, trace = "exact" }
  oracle.close(case, "bpd_exact_trace", bpd(got))
  oracle.close(case, "logp_exact_trace", got)
  oracle.close(case, "logp_terminal", logp(info.z, process:point(process.T)))
  oracle.close(case, "logp_mixture_eps", logp(x, process:point(params.eps)))
  oracle.close(case, "logp_mixture_0", logp(x, ITSELF))
end

oracle.replay("likelihood", "", function(case)
  replay(case, "float32", "")
  replay(case, "float64", "_f64")
end)
