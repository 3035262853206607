local shares = require "sdelua.options".shares

return {
  doc = "DDIM on any affine process: eta = 0 is the flow, 1 the posterior q(x_r | x_t, x_0) of ancestral sampling.",
  source = "Song et al. 2020a, eq. 12, 16",
  order = 1, weak = 1, cost = 1, needs = { "kernel" }, steps = 50, denoise = "mean",
  noise = function(o) return o.eta > 0 end,
  options = { eta = 0.0 },
  check = function(o, who) shares(who, o, { "eta" }) end,
  step = function(self, run)
    local function at(name, t) return run.process:coefficient(name, run.x, t) end
    local x0, eps = run:exchange(run.x, run.t)
    local s, s_r = at("s", run.t), at("s", run.r)
    local mean = x0 * at("m", run.r) + at("c", run.r)
    if self.eta == 0 then return mean + eps * s_r end
    -- sigma^2 = eta^2 s_r^2/s_t^2 (s_t^2 - A^2 s_r^2) with A = m_t/m_r
    local A = at("m", run.t) / at("m", run.r)
    local sigma = (s:square() - (A * s_r):square()):clamp(0, math.huge):sqrt() * (s_r / s) * self.eta
    mean = mean + eps * (s_r:square() - sigma:square()):clamp(0, math.huge):sqrt()
    return mean + sigma * run:normal(), mean
  end,
}
