-- Whole sampling runs replayed with the noise that the reference implementation drew (levels = "paper", norm =
-- "batch").
local check = require "check"
local oracle = require "oracle"
local sl = require "sdelua"

local function predictor(params)
  local name = params.predictor
  if name == "reverse_diffusion" then
    return sl.solve.reverse_diffusion { probability_flow = params.probability_flow }
  elseif name == "ancestral_sampling" then
    return sl.solve.ancestral { variance = params.sde == "ve" and "small" or "v" }
  end
  return name
end

-- ALD is the Langevin corrector whose step is a function of t alone.
local NORMS = { langevin = "batch", ald = "kernel" }

local function solver(params)
  return sl.solve.pc {
    predictor = predictor(params), corrector = NORMS[params.corrector] and "langevin" or "none",
    norm = NORMS[params.corrector], snr = params.snr, n_steps = params.n_steps,
    steps = params.N, eps = params.eps, levels = "paper", denoise = params.denoise,
  }
end

-- One run in one type. The reference's count of evaluations is N (n_steps + 1) whatever it ran; ours is what was run.
local function replay(case, dtype, suffix)
  local a, params = case.arrays, case.params
  local p, seen = oracle.process(params), { corr_x = {}, corr_x_mean = {}, pred_x = {}, pred_x_mean = {} }
  local score = oracle.mixture_score(p, a.gmm_weights, a.gmm_means, a.gmm_vars)
  local steps, times = 0, {}
  local x, info = solver(params)(p, score, params.shape, {
    dtype = dtype,
    noise = function(_, number) return a.noise:select(1, number):to(dtype) end,
    callback = function(state)
      local stage = state.stage == "langevin" and "corr_" or "pred_"
      table.insert(seen[stage .. "x"], state.x)
      table.insert(seen[stage .. "x_mean"], state.x_mean)
      if state.step > steps then
        steps = state.step
        times[steps] = state.t
      end
    end,
  })
  for name, states in pairs(seen) do
    local with = a[name .. suffix] and suffix or ""
    if a[name] then oracle.close(case, name .. with, sl.stack(states, 1)) end
  end
  oracle.close(case, "final" .. suffix, x)
  oracle.close(case, "timesteps", sl.tensor(times, { dtype = "float64" }))
  check.eq(steps, params.N)
  local corrections = params.corrector == "none" and 0 or params.n_steps
  check.eq(info.nfe, params.N * (corrections + (params.predictor == "none" and 0 or 1)))
end

oracle.replay("sampling", "^pc_", function(case)
  replay(case, "float32", "")
  replay(case, "float64", "_f64")
end, { nfe = "the reference's N (n_steps + 1), whatever it ran" })

local function flow(case, dtype, suffix)
  local a, params = case.arrays, case.params
  local p = oracle.process(params)
  local score = oracle.mixture_score(p, a.gmm_weights, a.gmm_means, a.gmm_vars)
  local ode = sl.solve.ode { -- SciPy's steps
    rtol = params.rtol, atol = params.atol, eps = params.eps, norm = "batch", pcoeff = 0, icoeff = 1,
  }
  local x, info = ode(p, score, params.shape, { x = a.z:to(dtype) })
  oracle.close(case, "final" .. suffix, x)
  oracle.close(case, "nfe" .. suffix, info.nfe:narrow(1, 1, 1))
  local f = p:reverse(score):discretize(x, params.eps, params.N, { levels = "paper" })
  oracle.close(case, "final_denoised", x - f)
  oracle.close(case, "final_exact", x)
  return p, score
end

oracle.replay("sampling", "^ode_", function(case)
  flow(case, "float32", "")
  local p, score = flow(case, "float64", "_f64")
  -- each sample with its own step size, tighter
  local ode = sl.solve.ode { rtol = 1e-9, atol = 1e-9, eps = case.params.eps }
  local x, info = ode(p, score, nil, { x = case.arrays.z:to "float64" })
  local excess = (x - case.arrays.final_exact):abs():amax():item()
  check.ok(excess < 1e-6, "off by " .. excess)
  check.eq(info.nfe:shape(), { case.params.shape[1] })
end)

oracle.leave("sampling", "^absent_", "the reference cannot run it")
