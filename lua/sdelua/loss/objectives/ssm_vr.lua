local implicit = require "sdelua.loss.implicit"

return {
  doc = "Sliced score matching with its first term in closed form, E lambda(t) (|s|^2/2 + v.J v): less variance, for "
    .. "projections with E v v^T = 1, of any process, or with process nil of the data.",
  source = "Song et al. 2019, SSM-VR; sliced_score_matching's losses/sliced_sm.py",
  static = true, check = implicit.check,
  options = implicit.with({}, implicit.PROJECTIONS),
  loss = function(o, process, score, x0)
    local d = implicit.scored(o, process, score, x0)
    local sum, list = nil, implicit.projected(o, d)
    for _, pair in ipairs(list) do
      local product = pair[1] * pair[2]
      sum = sum and sum + product or product
    end
    local elements = d.score:square() * 0.5 + sum / #list
    return implicit.average(d.weight and elements * d.weight or elements)
  end,
}
