local coordinates = require "sdelua.posterior.coordinates"
local pair = require "sdelua.solve.pair"
local shares = require "sdelua.options".shares

-- The share lambda of the way to what y says at time t. What y says less of than x does, the corrector leaves alone.
local function consistent(lambda, after_corrector)
  return {
    name = "consistent",
    step = function(_, run)
      local t, before = run.t, after_corrector and run.memory.state
      local x = before and coordinates.put(run, run.x, run.x, t, before) or run.x
      run.memory.state = x + (coordinates.put(run, x, coordinates.known(run, t, run:normal()), t) - x) * lambda
      return run.memory.state
    end,
  }
end

-- The result, without noise, keeps what y says.
local finish = {
  name = "finish",
  step = function(_, run)
    if run.step < run.steps then return run.x end
    return run.x, coordinates.put(run, run.mean, coordinates.x0(run), run.r)
  end,
}

return {
  doc = "Measurement-consistent sampling (MRI, CT): before corrector and predictor the measured coordinates go the "
    .. "share lambda of the way to those of y with the noise of the time.",
  source = "Song et al. 2022, the proximal step with lambda (the order of steps: its code, cs.py, "
    .. "projection_sampler)",
  admits = { "linear" }, noise = true, needs = { "kernel", "signal", "uniform" }, denoise = "mean", cost = pair.cost,
  options = pair.options { lambda = 1.0 },
  check = function(o)
    pair.check("mcs", o)
    shares("mcs", o, { "lambda" })
  end,
  steppers = function(o)
    local predictor, corrector = pair.predictor("mcs", o), pair.corrector("mcs", o, o.n_steps)
    local list = { consistent(o.lambda, corrector ~= nil), predictor, finish }
    return corrector and { consistent(o.lambda), corrector, table.unpack(list) } or list
  end,
}
