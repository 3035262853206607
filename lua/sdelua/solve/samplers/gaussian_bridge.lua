return {
  doc = "The exact law of x_r given x_t and the estimate of x_0; works where m_T = 0, with a network's exchange.",
  source = "Ho et al. 2020, eq. 6, 7; Kingma et al. 2021",
  weak = 1, order = 0.5, noise = true, cost = 1, needs = { "kernel" }, denoise = "mean",
  step = function(_, run)
    local process, x, t, r = run.process, run.x, run.t, run.r
    local x0 = run:exchange(x, t)
    local mean = process:posterior_mean(x, t, r, x0)
    return mean + run:posterior_std() * run:normal(), mean
  end,
}
