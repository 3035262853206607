return {
  doc = "Euler's method on the flow in sigma; with S_churn, noise is added and taken away again.",
  source = "Karras et al. 2022, algorithm 2 without its second order; k-diffusion's sample_euler",
  order = 1, cost = 1, space = "sigma", steps = 50,
  noise = function(o) return o.S_churn > 0 end,
  options = { S_churn = 0.0, S_tmin = 0.0, S_tmax = math.huge, S_noise = 1.0 },
  step = function(self, run)
    local x, sigma = run:churned(self)
    local d = (x - run:denoised(x, sigma)) / sigma
    return x + d * (run.sigma_next - sigma)
  end,
}
