local common = require "sdelua.loss.common"

return {
  doc = "|v_hat - v|^2 for v = m z - s x0, whatever the network predicts.",
  source = "Salimans & Ho 2022, appendix D",
  needs = { "kernel" },
  options = common.with_common { reduce_mean = true },
  score = function() return { parameterization = "v" } end,
  loss = function(o, process, score, x0)
    local d = common.noised(o, process, x0)
    local m, s = process:coefficient("m", d.x, d.t), process:coefficient("s", d.x, d.t)
    local guess, eps = common.pair(o, process, score, d.x, d.t)
    return common.reduce(o, (m * (eps - d.z) - s * (guess - x0)):square(), nil, d.factor)
  end,
}
