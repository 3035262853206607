local options = require "sdelua.options"
local shapes = require "sdelua.inverse.shapes"
local walk = require "sdelua.posterior.walk"

local function mask_of(self, run)
  local mask = run.memory.mask or shapes.mask("sdedit", self.mask, run.operator.shape):to(run.x.dtype)
  run.memory.mask = mask
  return mask
end

-- Where the mask is 0 the guide stays, with noise z.
local function masked(self, run, x, t, z)
  if not self.mask then return x end
  local mask = mask_of(self, run)
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
  options.counts("sdedit", o, { "repeats" })
end

return {
  doc = "SDEdit: a guide, A^+ y (sl.inverse.denoise: y itself, strokes and all) or what guess(operator, y) returns, "
    .. "with the noise of time t0 T, and back by ancestral steps, `repeats` times. Where mask (ones and zeros, "
    .. "like one x or [H,W]) is 0 the guide stays, with fresh noise in each step (in the paper's code one for all).",
  source = "Meng et al. 2022, algorithm 1 (there of VE; the mask: its code)",
  noise = true, needs = { "kernel", "signal" }, denoise = "mean", listed = true, steps = 200,
  cost = function(o) return o.repeats end,
  options = { t0 = 0.5, repeats = 1, mask = options.NONE, guess = options.NONE },
  check = check,
  start = function(self, run)
    if self.mask ~= nil then mask_of(self, run) end
    return walk.start(self, run)
  end,
  step = function(self, run)
    local step = stepper(self)
    local x, mean = step(run, run.x, run.t, run.r)
    if run.step < run.steps then return x, mean end
    return walk.again(run, x, mean, 1, run.steps, self.repeats - 1, step)
  end,
}
