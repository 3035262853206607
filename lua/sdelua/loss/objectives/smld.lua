local common = require "sdelua.loss.common"
local levels = require "sdelua.loss.levels"

return {
  doc = "s_i^2 |net(x_i, i) + z/s_i|^2 on n_steps levels: the network predicts the score and is given the level's "
    .. "number, 0 the noisiest.",
  source = "Song & Ermon 2019, eq. 5, 6",
  needs = { "kernel" },
  options = levels.OPTIONS, bare = true,
  score = function(o) return { parameterization = "score", label = levels.label(o, true) } end,
  loss = function(o, process, score, x0)
    local d = levels.noised(o, process, x0, true)
    return common.reduce(o, (levels.net(score)(d.x, d.labels) * d.s + d.z):square())
  end,
}
