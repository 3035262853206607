local spaced = require "sdelua.solve.spaced"

local function same(v) return v end

return {
  doc = "Even in time.", source = "Song et al. 2021; score_sde's sampling.py",
  space = "time", options = {},
  make = function(n, hi, lo) return spaced(n, hi, lo, same, same) end,
}
