local counts = require "sdelua.options".counts
local coordinates = require "sdelua.posterior.coordinates"
local walk = require "sdelua.posterior.walk"

local function step(run, x, t, r)
  local mean
  x, mean = walk.down(run, x, t, r)
  return coordinates.put(run, x, coordinates.known(run, r, run:normal(), true)),
    coordinates.put(run, mean, coordinates.mean(run, r))
end

return {
  doc = "RePaint: ancestral steps whose measured coordinates are those of y with the noise of the time; every "
    .. "jump_length steps back up by as many, n_resample - 1 times, so that both parts come to agree.",
  source = "Lugmayr et al. 2022, algorithm 1, section 4.2 (the jumps: its code)",
  admits = { "linear", "exact", "partial" }, noise = true, needs = { "kernel", "signal", "uniform" }, denoise = "mean",
  listed = true, steps = 250,
  cost = function(o) return o.n_resample end, -- the first j steps and the last cost one
  options = { jump_length = 10, n_resample = 10 },
  check = function(o) counts("repaint", o, { "jump_length", "n_resample" }) end,
  step = function(self, run)
    local x, mean = step(run, run.x, run.t, run.r)
    -- The paper's levels 0, j, 2j, ... below the top j; the first of them is one step from the end.
    local level, j = run.steps - run.step - 1, math.tointeger(self.jump_length)
    if level < 0 or level % j ~= 0 or level >= run.steps - j then return x, mean end
    return walk.again(run, x, mean, run.step + 1 - j, run.step, self.n_resample - 1, step)
  end,
}
