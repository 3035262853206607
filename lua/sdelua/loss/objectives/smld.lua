local common = require "sdelua.loss.common"
local levels = require "sdelua.loss.levels"

return {
  doc = "s_i^2 |score(x_i, i) + z/s_i|^2 on n_steps levels, 0 the noisiest. A network in place of a score predicts the "
    .. "score and is given the level's number; process:score(net) may predict anything but velocity.",
  source = "Song & Ermon 2019, eq. 5, 6",
  needs = { "kernel" },
  options = levels.OPTIONS, check = levels.check, bare = true,
  score = function(o) return { parameterization = "score", label = levels.label(o, true) } end,
  loss = function(o, process, score, x0)
    local d = levels.noised(o, process, x0, true)
    return common.reduce(o, (levels.predicted_noise(o, score, d, "score") - d.z):square())
  end,
}
