local kd = require "sdelua.solve.kdiffusion"
local Line = require "sdelua.solve.dpm_line"

-- Orders of the steps that make up n evaluations.
local function orders(n)
  local list = {}
  for _ = 1, n // 3 - (n % 3 == 0 and 1 or 0) do list[#list + 1] = 3 end
  if n % 3 == 0 then list[#list + 1] = 2 end
  list[#list + 1] = n % 3 == 0 and 1 or n % 3
  return list
end

return {
  doc = "DPM-Solver-fast: `steps` evaluations from T to eps, spent on steps of order 3, even in log sigma, and a "
    .. "last of lower order; eta > 0 adds noise along one Brownian path in sigma.",
  source = "Lu et al. 2022a, section 3.3, appendix D.3; k-diffusion's sample_dpm_fast",
  order = function(o) return o.eta > 0 and 1 or o.steps % 3 == 2 and 3 or 2 end,
  cost = 1, space = "sigma", steps = 20, denoise = false, heeds = { "steps" },
  noise = kd.has_eta, options = { eta = 0.0, s_noise = 1.0 }, check = kd.check_ancestral,
  sample = function(self, run)
    local list, x = orders(self.steps), run.x
    local from, to = -math.log(run.sigma_max), -math.log(run.sigma_min)
    for i, order in ipairs(list) do
      local lambda, next = from + (to - from) * (i - 1) / #list, from + (to - from) * i / #list
      run.sigma, run.sigma_next = math.exp(-lambda), math.exp(-next)
      local down, up = kd.ancestral(run.sigma, run.sigma_next, self.eta), 0.0
      local stop = math.min(to, -math.log(down))
      if self.eta > 0 then up = math.sqrt(math.max(run.sigma_next ^ 2 - math.exp(-2 * stop), 0)) end
      local line = Line.new(run, "noise", run.sigma, stop - lambda)
      x = kd.driven(run, line:whole(x, order, "dpmsolver"), up, self.s_noise)
      run:report(x, run.sigma_next)
    end
    return x
  end,
}
