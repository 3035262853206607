local options = require "sdelua.options"

-- n_steps of Langevin at one level, whose score is (D - x)/sigma^2.
local function at_level(self, run, x, sigma, least)
  local alpha = self.epsilon * (sigma / least) ^ 2
  local mean
  for _ = 1, self.n_steps do
    mean = x + (run:denoised(x, sigma) - x) * (alpha / (2 * sigma * sigma))
    x = mean + run:normal() * math.sqrt(alpha)
  end
  return x, mean
end

return {
  doc = "Annealed Langevin dynamics (NCSN): n_steps at each level of the grid, which has `steps` levels and 0, the "
    .. "data that the last level's score tells (NCSNv2); with denoise = false steps + 1 levels, and noise stays.",
  source = "Song & Ermon 2019, algorithm 1; Song & Ermon 2020, the step that denoises",
  noise = true, space = "sigma", grid = "logsnr", steps = 10,
  cost = function(o) return o.n_steps end,
  options = { n_steps = 100, epsilon = 2e-5 },
  check = function(o, who)
    options.counts(who, o, { "n_steps" })
    options.positives(who, o, { "epsilon" })
  end,
  step = function(self, run)
    local sigmas, last = run.sigmas, run.step == run.steps
    local to_zero = sigmas[#sigmas] == 0
    local least = sigmas[to_zero and #sigmas - 1 or #sigmas]
    local x, mean = at_level(self, run, run.x, run.sigma, least)
    if not last then return x, mean end
    if to_zero then return run:denoised(x, run.sigma) end
    return at_level(self, run, x, run.sigma_next, least)
  end,
}
