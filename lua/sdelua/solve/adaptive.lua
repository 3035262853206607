-- The probability flow with step control.
local core = require "sdelua.core".solve
local common = require "sdelua.solve.common"
local options = require "sdelua.options"

local Adaptive = {}
Adaptive.__index = Adaptive
Adaptive.__name = "sdelua.Solver"

function Adaptive.new(opts)
  local o = options.read("ode", opts, {
    method = "dopri5", rtol = 1e-5, atol = 1e-5, eps = options.NONE, norm = "sample", denoise = false,
    max_steps = options.NONE,
  })
  common.choice("ode", "norm", o.norm, { "sample", "batch" })
  common.choice("ode", "method", o.method, { "dopri5", "bosh3" })
  o.name, o.order, o.noise = "ode", o.method == "dopri5" and 5 or 3, false
  return setmetatable(o, Adaptive)
end

function Adaptive:__call(process, score, shape, opts)
  local call = common.call("ode", process, score, shape, opts)
  if call.trajectory then
    error("ode: option trajectory: expected a fixed grid (steps =), for samples have times of their own", 2)
  end
  local eps = self.eps or process.eps.sample
  local x, nfe = core.adaptive(process.handle, call.score, call.exchange, call.x, {
    method = self.method, rtol = self.rtol, atol = self.atol, eps = eps, norm = self.norm, max_steps = self.max_steps,
    callback = call.callback,
  })
  if self.denoise then x, nfe = core.denoise(process.handle, call.score, call.exchange, x, eps), nfe + 1 end
  return x, { nfe = nfe }
end

return Adaptive
