local sl = require "sdelua"
local counts = require "sdelua.solve.common".counts
local options = require "sdelua.options"
local walk = require "sdelua.posterior.walk"

-- Where the mask is 0 the guide stays, with noise z.
local function masked(self, run, x, t, z)
  if not self.mask then return x end
  local mask = self.mask:to(x.dtype)
  return x * mask + walk.guess_at(self, run, t, z) * (1 - mask)
end

local function stepper(self)
  return function(run, x, t, r)
    local mean
    x, mean = walk.down(run, x, t, r)
    return self.mask and masked(self, run, x, r, run:normal()) or x, masked(self, run, mean, r)
  end
end

local function check(o)
  walk.check("sdedit", o)
  counts("sdedit", o, { "repeats" })
end

local function check_mask(self, run)
  local want, mask = table.concat(run.operator.shape, ","), self.mask
  if mask == nil or sl.is_tensor(mask) and table.concat(mask:shape(), ",") == want then return end
  error(("sdedit: option mask: expected a tensor [%s], got %s"):format(want, options.show(mask)), 0)
end

return {
  doc = "SDEdit: a guide, A^+ y (sl.inverse.denoise: y itself, strokes and all) or what guess(operator, y) returns, "
    .. "with the noise of time t0 T, and back by ancestral steps, `repeats` times. Where mask, like one x, is 0 the "
    .. "guide stays, with fresh noise in each step (in the paper's code one for all).",
  source = "Meng et al. 2022, algorithm 1 (there of VE; the mask: its code)",
  noise = true, needs = { "kernel", "signal" }, denoise = "mean", grid = "uniform", steps = 200,
  cost = function(o) return o.repeats end,
  options = { t0 = 0.5, repeats = 1, mask = options.NONE, guess = options.NONE },
  check = check,
  start = function(self, run)
    check_mask(self, run)
    return walk.start(self, run)
  end,
  step = function(self, run)
    local step = stepper(self)
    local x, mean = step(run, run.x, run.t, run.r)
    if run.step < run.steps then return x, mean end
    return walk.again(run, x, mean, 1, run.steps, self.repeats - 1, step)
  end,
}
