local spaced = require "sdelua.solve.spaced"

return {
  doc = "Even in the square root of time: shorter steps near the data.", source = "Song et al. 2020a, appendix D.2",
  space = "time", options = {},
  make = function(n, hi, lo) return spaced(n, hi, lo, math.sqrt, function(v) return v * v end) end,
}
