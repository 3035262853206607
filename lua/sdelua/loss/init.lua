--- sl.loss: what networks are trained on.
local core = require "sdelua.core".sde
local options = require "sdelua.options"
local Process = require "sdelua.sde.process"
local Score = require "sdelua.sde.score"

local loss = {}

local DSM = {
  weighting = options.NONE, reduce_mean = true, eps = options.NONE, t = options.NONE, z = options.NONE,
}

-- Processes whose first batch has been looked at.
local seen = setmetatable({}, { __mode = "k" })

-- x_T must have forgotten the data, unless the user gave a prior: else samples start from the wrong distribution.
local function check_prior(process, x0)
  if seen[process] then return end
  seen[process] = true
  if process.has_prior then return end
  local m = process:coefficient("m", x0, process.T):abs():amax():item()
  local s = process:coefficient("s", x0, process.T):amin():item()
  local mean, std = x0:mean():item(), x0:var():sqrt():item()
  local ratio = m * std / s
  if ratio > 0.1 then
    local c = process:coefficient("c", x0, process.T):mean():item()
    io.stderr:write(("sdelua: warning: dsm: at T = %g the data is still there (m_T std(data)/s_T = %.2g > 0.1): "
      .. "take a larger T, or prior = "
      .. "{ mean = %.3g, std = %.3g }\n"):format(process.T, ratio, m * mean + c, math.sqrt(s * s + m * m * std * std)))
  end
end

-- The noise that a score function says was added: the network's own word where it has one.
local function predicted_noise(process, score, x, t)
  if getmetatable(score) == Score then
    local _, eps = score:exchange(x, t)
    return eps
  end
  return -score(x, t) * process:coefficient("s", x, t)
end

-- Weight of |eps - z|^2, for lambda(t) |score + z/s|^2: nil for lambda = s^2.
local function weight(process, weighting, x, t)
  if weighting == nil or weighting == "std" then return nil end
  if weighting == "likelihood" then return process:coefficient("importance", x, t) end
  if type(weighting) ~= "function" then
    error(('dsm: option weighting: expected "std", "likelihood" or a function of t, got %s')
      :format(tostring(weighting)), 3)
  end
  local lambda, shape = weighting(t), { -1 }
  for i = 2, x:dim() do shape[i] = 1 end
  if type(lambda) ~= "number" then lambda = lambda:reshape(shape) end
  return process:coefficient("s", x, t):square():reciprocal() * lambda
end

--- Denoising score matching (Vincent 2011; Song et al. 2021, eq. 7): E lambda(t) |score(x_t, t) + z/s|^2 with t
-- uniform on [eps, T], for a batch x0 [N, ...]. weighting: "std" (lambda = s^2), "likelihood" (g^2) or a function
-- of t [N]; reduce_mean: the mean over elements, or half the sum over them. t and z come from the TRAIN stream
-- unless given.
function loss.dsm(process, score, x0, opts)
  local o = options.read("dsm", opts, DSM)
  if getmetatable(process) ~= Process then
    error("dsm: argument process: expected a process of sl.sde, got " .. tostring(process), 2)
  end
  local t, z = core.train_draws(process.handle, x0, o.eps or process.eps.train)
  t, z = o.t or t, o.z or z
  check_prior(process, x0)
  local x = process:perturb(x0, t, z)
  local squares = (predicted_noise(process, score, x, t) - z):square()
  local w = weight(process, o.weighting, x, t)
  if w then squares = squares * w end
  if o.reduce_mean then return squares:mean() end
  return squares:sum() * (0.5 / x0:shape(1))
end

return loss
