local coordinates = require "sdelua.posterior.coordinates"
local pair = require "sdelua.solve.pair"

-- The measured coordinates as y has them at time t, with noise of their own; the mean without it.
local function renewed(run, x, t, mean)
  run.memory.state = coordinates.put(run, x, coordinates.known(run, t, run:normal()), t)
  return run.memory.state, mean and coordinates.put(run, mean, coordinates.mean(run, t), t)
end

local begin = {
  name = "begin",
  step = function(_, run) return run.step == 1 and (renewed(run, run.x, run.t)) or run.x end,
}

-- While the corrector moves the rest, the measured coordinates stay.
local hold = { name = "hold", step = function(_, run) return coordinates.put(run, run.x, run.memory.state) end }

local renew = { name = "renew", step = function(_, run) return renewed(run, run.x, run.r, run.mean) end }

-- As the code of the paper does: noise of the time that the step leaves, and the mean of the rest has its noise.
local published = {
  begin = {
    name = "begin",
    step = function(_, run)
      if run.step > 1 or run.call.given_x then return run.x end
      return coordinates.put(run, run.x, coordinates.x0(run), run.t)
    end,
  },
  renew = {
    name = "renew",
    step = function(_, run)
      local x = renewed(run, run.x, run.t)
      local x0 = coordinates.x0(run)
      local function at(name) return run.process:coefficient(name, x0, run.t) end
      return x, coordinates.put(run, x, x0 * at "m" + at "c", run.t)
    end,
  },
}

local function as_published(o)
  local predictor, corrector = pair.predictor("replacement", o), pair.corrector("replacement", o, o.n_steps)
  return { published.begin, corrector or { name = "none" }, published.renew, predictor, published.renew }
end

return {
  doc = "Predictor-corrector whose measured coordinates (pixels, or any linear operator's) are those of y with "
    .. "the noise of the time, of which y's own is a part: anew at each time, held while the corrector takes its "
    .. "n_steps. Without a corrector biased. published = true: as the paper's code has it.",
  source = "Song et al. 2021, appendix I.2, I.3",
  admits = { "linear" }, noise = true, needs = { "kernel", "signal", "uniform" }, denoise = "mean", cost = pair.cost,
  paper = pair.paper,
  options = pair.options { published = false },
  check = function(o) pair.check("replacement", o) end,
  steppers = function(o)
    if o.published then return as_published(o) end
    local corrector, list = pair.corrector("replacement", o, 1), { begin }
    for _ = 1, corrector and (type(o.corrector) == "table" and 1 or o.n_steps) or 0 do
      table.move({ corrector, hold }, 1, 2, #list + 1, list)
    end
    return table.move({ pair.predictor("replacement", o), renew }, 1, 2, #list + 1, list)
  end,
}
