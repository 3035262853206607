local amounts = require "sdelua.options".amounts

local function is_noisy(o) return not o.probability_flow and o.noise > 0 end

return {
  doc = "The process's own steps, reversed; noise = lambda between the flow (0) and the SDE (1).",
  source = "Song et al. 2021, appendix E, eq. 46",
  weak = 1, cost = 1, needs = { "kernel", "signal" }, denoise = "mean", paper = true,
  order = function(o) return is_noisy(o) and 0.5 or 1 end, noise = is_noisy,
  options = { noise = 1.0, probability_flow = false },
  check = function(o, who) amounts(who, o, { "noise" }) end,
  steppers = function(o)
    return { { name = "reverse_diffusion", noise = o.probability_flow and 0 or o.noise } }
  end,
}
