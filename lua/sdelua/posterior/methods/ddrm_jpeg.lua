local shares = require "sdelua.options".shares

return {
  doc = "DDRM for JPEG and whatever operator has a pseudo-inverse H', linear or not: x0 - H'H(x0) + H'y in place "
    .. "of x0. eta is the fresh share of the noise, eta_b the weight of y. It begins at T, the paper's code at step "
    .. "300 of 1000.",
  source = "Kawar et al. 2022b; its code: functions/denoising.py, jpeg_steps",
  admits = { "pinv", "exact" }, noise = true, space = "sigma", steps = 20, cost = 1,
  options = { eta = 1.0, eta_b = 0.4 },
  check = function(o) shares("ddrm_jpeg", o, { "eta", "eta_b" }) end,
  step = function(self, run)
    local operator, x, sigma, r = run.operator, run.x, run.sigma, run.sigma_next
    local from_y = operator:pinv(run.y)
    if run.step == 1 and not run.call.given_x then x = x + from_y end
    local x0 = run:denoised(x, sigma)
    local gap = from_y - operator:pinv(operator:apply(x0))
    local mean = x0 + gap * self.eta_b + (x - x0) * ((1 - self.eta) * r / sigma)
    return mean + run:normal() * (self.eta * r), mean
  end,
}
