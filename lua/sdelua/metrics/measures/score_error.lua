local sl = require "sdelua"
local options = require "sdelua.options"
local common = require "sdelua.metrics.common"
local draws = require "sdelua.data.draws"
local random = require "sdelua.core".data.random

-- s^2 |score - exact|^2/D of each sample at time t, [n].
local function errors(o, process, score, mixture, i, t)
  local x0 = mixture:sample(o.n, { seed = o.seed, first = (i - 1) * o.n, dtype = o.dtype })
  local z = random("normal", { o.n, mixture.dim }, o.seed, (i - 1) * o.n, draws.SCORE_ERROR_NOISE):to(o.dtype)
  local x = process:perturb(x0, t, z)
  local times = sl.full({ o.n }, t, { dtype = o.dtype })
  local difference = score(x, times) - mixture:score(process)(x, times)
  return (difference * process:coefficient("s", x, t)):to "float64":square():mean(2)
end

local function default_times(process, n)
  local list, eps = {}, process.eps.sample
  for i = 1, n do list[i] = eps + (process.T - eps) * (i - 0.5) / n end
  return list
end

return {
  doc = "E s_t^2 |score - grad log p_t|^2/D, the error of the predicted noise where the data is a known mixture, over "
    .. "n samples at each of `times` (a count of even ones, or a list). The result holds the times and the error at "
    .. "each.",
  arguments = { "process", "score", "mixture" },
  source = "Song et al. 2021, eq. 7; Vincent 2011",
  options = { n = 1000, times = options.NONE, dtype = "float32" },
  call = function(o, process, score, mixture)
    local times = type(o.times) == "table" and o.times or default_times(process, o.times or 10)
    local values, each = nil, {}
    for i, t in ipairs(times) do
      local e = errors(o, process, score, mixture, i, t)
      local w = common.weights({ bootstrap = o.bootstrap, seed = o.seed + i }, o.n, draws.RESAMPLE_X)
      local resampled = w:matmul(e) / #times
      values, each[i] = values and values + resampled or resampled, e:mean():item()
    end
    return common.result(o, "score_error", values, { times = times, errors = each })
  end,
}
