local coordinates = require "sdelua.posterior.coordinates"
local options = require "sdelua.options"
local walk = require "sdelua.posterior.walk"

return {
  doc = "Come closer, diffuse faster: from a guess, the option's function (operator, y) or A^+ y, with the noise of "
    .. "time t0 T, ancestral steps whose measured coordinates are those of y with the noise of the time.",
  source = "Chung et al. 2022a",
  admits = { "linear" }, noise = true, cost = 1, needs = { "kernel", "signal", "uniform" }, denoise = "mean",
  steps = 50,
  options = { t0 = 0.3, guess = options.NONE },
  check = function(o) walk.check("ccdf", o) end, start = walk.start,
  step = function(_, run)
    local x, mean = walk.down(run, run.x, run.t, run.r)
    return coordinates.put(run, x, coordinates.known(run, run.r, run:normal()), run.r),
      coordinates.put(run, mean, coordinates.mean(run, run.r), run.r)
  end,
}
