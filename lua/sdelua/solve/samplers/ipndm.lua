local exponential = require "sdelua.solve.exponential"
local choice = require "sdelua.options".choice

local MOMENTS, NODES = { 1, 1 / 2, 1 / 3, 1 / 4 }, { 0, -1, -2, -3 }

return {
  doc = "iPNDM: the flow in sigma with the weights of Adams and Bashforth of order 1-4, as if steps were even: of that "
    .. "order on a grid even in sigma, of the second on others.",
  source = "Zhang & Chen 2022, iPNDM; DEIS's th_deis/sampler.py, get_sampler_ipndm; Liu et al. 2022 (PNDM)",
  cost = 1, noise = false, space = "sigma", steps = 20, denoise = false, grid = "logsnr",
  order = function(o) return math.min(o.order, 2) end,
  options = { order = 4 },
  check = function(o) choice("ipndm", "order", o.order, { 1, 2, 3, 4 }) end,
  step = function(self, run)
    local eps = run:predicted_noise(run.x, run.sigma)
    if run.sigma_next == 0 then return exponential.to_zero("noise", run, eps) end
    exponential.remember(run.memory, eps, run.step, self.order)
    local nodes = table.move(NODES, 1, #run.memory.f, 1, {})
    local w = exponential.weights(nodes, MOMENTS)
    for j, v in ipairs(w) do w[j] = v * (run.sigma_next - run.sigma) end
    return exponential.combine(1, run.x, w, run.memory.f)
  end,
}
