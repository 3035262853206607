local adaptive = require "sdelua.solve.dpm_adaptive"
local kd = require "sdelua.solve.kdiffusion"
local options = require "sdelua.options"

-- A PID controller (Soderlind 2003; with icoeff alone, h grows by error^(-1/order)): true if the step stands.
local function judge(c, error_size)
  local inverse = 1 / (error_size + 1e-8)
  c.past = c.past or { inverse, inverse }
  local factor = inverse ^ c.b1 * c.past[1] ^ c.b2 * c.past[2] ^ c.b3
  factor = 1 + math.atan(factor - 1)
  local accept = factor >= c.accept_safety
  if accept then c.past = { inverse, c.past[1] } end
  c.h = c.h * factor
  return accept
end

-- The root mean square over all.
local function together(sizes)
  local sum = 0
  for _, size in ipairs(sizes) do sum = sum + size * size end
  return math.sqrt(sum / #sizes)
end

local function controller(self)
  local order = self.eta > 0 and 1.5 or self.order
  return {
    h = self.h_init, judge = judge, together = together, accept_safety = self.accept_safety,
    b1 = (self.pcoeff + self.icoeff + self.dcoeff) / order, b2 = -(self.pcoeff + 2 * self.dcoeff) / order,
    b3 = self.dcoeff / order,
  }
end

-- An error counts in units of rtol times the larger of this state and the last one, whose noise may be hundreds of
-- times the data's width: with rtol = 0.05, N(0.5, 0.3^2) under VP goes in one step from sigma = 4.5 to 0.02 and ends
-- with a std of 0.69, as by k-diffusion's published rule; with 1e-3 it is 0.304, where the flow has 0.302.
return {
  doc = "DPM-Solver-12 or -23 (order = 2, 3) with step control; norm = \"sample\", or \"batch\" for one step size for "
    .. "all; eta > 0 adds noise along one Brownian path in sigma. The default tolerance, k-diffusion's, is too loose "
    .. "for narrow data: rtol = 1e-3 follows the flow.",
  source = "Lu et al. 2022a, appendix C; k-diffusion's sample_dpm_adaptive",
  order = function(o) return o.eta > 0 and 1 or o.order end,
  cost = function(o) return o.order end,
  space = "sigma", denoise = false, noise = kd.has_eta,
  options = {
    order = 3, rtol = 0.05, atol = 0.0078, h_init = 0.05, pcoeff = 0.0, icoeff = 1.0, dcoeff = 0.0,
    accept_safety = 0.81, eta = 0.0, s_noise = 1.0, norm = "sample", max_steps = options.NONE, steps = options.NONE,
  },
  check = function(o, who)
    kd.check_ancestral(o, who)
    options.choice(who, "norm", o.norm, { "sample", "batch" })
    options.choice(who, "order", o.order, { 2, 3 })
    options.positives(who, o, { "rtol", "atol", "h_init", "accept_safety" })
    options.counts(who, o, { "max_steps" })
  end,
  sample = function(self, run)
    return adaptive(run, {
      form = "noise", order = self.order, solver_type = "dpmsolver", atol = self.atol, rtol = self.rtol,
      whole = self.norm == "batch", control = function() return controller(self) end,
      measured = function(y) return y end, eta = self.eta, s_noise = self.s_noise, max_steps = self.max_steps,
    })
  end,
}
