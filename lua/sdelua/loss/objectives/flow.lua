local common = require "sdelua.loss.common"

return {
  doc = "Flow matching: |u_hat - u|^2 for the velocity u = m' x0 + c' + s' z of a sample's path, whatever the network "
    .. "predicts.",
  source = "Lipman et al. 2023, eq. 9; Liu et al. 2023; Albergo & Vanden-Eijnden 2023",
  needs = { "kernel" },
  options = common.with_common { reduce_mean = true },
  score = function() return { parameterization = "velocity" } end,
  loss = function(o, process, score, x0)
    local d = common.noised(o, process, x0)
    local dm, ds = process:coefficient("dm", d.x, d.t), process:coefficient("ds", d.x, d.t)
    local guess, eps = common.pair(o, process, score, d.x, d.t)
    return common.reduce(o, (dm * (guess - x0) + ds * (eps - d.z)):square(), nil, d.factor)
  end,
}
