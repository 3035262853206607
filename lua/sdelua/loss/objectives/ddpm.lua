local common = require "sdelua.loss.common"
local levels = require "sdelua.loss.levels"

return {
  doc = "|eps(x_i, i) - z|^2 on n_steps levels, i uniform on 0 .. n_steps - 1. A network in place of a score predicts "
    .. "the noise and is given the level's number; process:score(net) may predict anything but velocity.",
  source = "Ho et al. 2020, eq. 14",
  needs = { "kernel" },
  options = levels.OPTIONS, check = levels.check, bare = true,
  score = function(o) return { parameterization = "noise", label = levels.label(o) } end,
  loss = function(o, process, score, x0)
    local d = levels.noised(o, process, x0)
    return common.reduce(o, (levels.predicted_noise(o, score, d, "noise") - d.z):square())
  end,
}
