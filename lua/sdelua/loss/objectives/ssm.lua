local implicit = require "sdelua.loss.implicit"

return {
  doc = "Sliced score matching, E lambda(t) ((v.s)^2/2 + v.J v), v random projections, of any process, or with process "
    .. "nil of the data.",
  source = "Song et al. 2019, SSM; sliced_score_matching's losses/sliced_sm.py",
  static = true, check = implicit.check,
  options = implicit.with({}, implicit.PROJECTIONS),
  loss = function(o, process, score, x0)
    local d = implicit.scored(o, process, score, x0)
    local sum, list = nil, implicit.projected(o, d, d.weight and d.weight:sqrt())
    for _, pair in ipairs(list) do
      local v, Jv = table.unpack(pair)
      local along = (v * d.score):reshape { v:shape(1), -1 }:sum(2)
      local loss = (along:square() * 0.5):mean() + implicit.average(v * Jv)
      sum = sum and sum + loss or loss
    end
    return sum / #list
  end,
}
