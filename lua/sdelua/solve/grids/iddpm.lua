local errors = require "sdelua.errors"
local counts = require "sdelua.options".counts
local noise_levels = require "sdelua.sde.noise_levels"

return {
  doc = "The levels of the cosine schedule, M of them, that lie between the ends, of which n + 1 are picked evenly.",
  source = "Nichol & Dhariwal 2021, eq. 17; Karras et al. 2022, table 1; EDM's generate.py",
  space = "sigma", options = { C_1 = 0.001, C_2 = 0.008, M = 1000 },
  make = function(n, hi, lo, o, who)
    counts(who .. ": grid", o, { "M" })
    local all, levels = noise_levels.iddpm(o.M, o.C_1, o.C_2), {}
    for j = 0, o.M do
      if all[j] >= lo and all[j] <= hi then levels[#levels + 1] = all[j] end
    end
    if #levels <= n then
      errors.raise("%s: option grid: expected at most %d steps of iddpm, got %d", who, #levels - 1, n)
    end
    local list = {}
    for i = 0, n do list[i + 1] = levels[1 + math.floor((#levels - 1) * i / math.max(n, 1) + 0.5)] end
    return list
  end,
}
