local options = require "sdelua.options"
local implicit = require "sdelua.loss.implicit"

-- The diagonal of the Jacobian, or an estimate v * J^T v of it without bias (Hutchinson 1990).
local function divergence(o, d)
  options.choice("ism", "trace", o.trace, { "exact", "hutchinson" })
  if o.trace == "exact" then return implicit.diagonal(d) end
  local sum, list = nil, implicit.projected(o, d)
  for _, pair in ipairs(list) do
    local product = pair[1] * pair[2]
    sum = sum and sum + product or product
  end
  return sum / #list
end

return {
  doc = "Implicit score matching, E lambda(t) (|s|^2/2 + div s)(x_t, t), of any process, or with process nil of the "
    .. "data: trace \"exact\", a backward pass for each feature, or \"hutchinson\" with so many projections.",
  source = "Hyvarinen 2005, theorem 1; Hutchinson 1990",
  static = true, check = implicit.check,
  options = implicit.with({ trace = "exact", projection = "rademacher" }, implicit.PROJECTIONS),
  loss = function(o, process, score, x0)
    local d = implicit.scored(o, process, score, x0)
    local elements = d.score:square() * 0.5 + divergence(o, d)
    return implicit.average(d.weight and elements * d.weight or elements)
  end,
}
