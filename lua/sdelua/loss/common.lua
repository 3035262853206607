-- What objectives share: the draws of a batch, times, noised samples, reductions.
local sl = require "sdelua"
local core = require "sdelua.core".sde
local errors = require "sdelua.errors"
local options = require "sdelua.options"
local importance = require "sdelua.loss.importance"
local sde = require "sdelua.sde.common"
local warn = require "sdelua.warn"

local common = { column = sde.column }

--- Options of objectives that look at x_t. t_sampling "importance" draws t in proportion to g^2/s^2 and divides by that
-- density, so that the expectation is the same as with "uniform" (Song, Durkan, Murray & Ermon 2021).
common.OPTIONS = { eps = options.NONE, t = options.NONE, z = options.NONE, t_sampling = "uniform" }

--- `own` together with those.
function common.with_common(own) return options.merged(common.OPTIONS, own) end

-- ---- arguments ----------------------------------------------------------------------------------------

local function is_one_each(v, x0) return sl.is_tensor(v) and v:dim() == 1 and v:shape(1) == x0:shape(1) end

-- What may be given in place of draws: what is expected, and whether it is.
local GIVEN = {
  z = { "a tensor like x0", sde.is_like },
  t = { "a time, or one for each sample of x0", function(t, x0) return type(t) == "number" or is_one_each(t, x0) end },
  u = { "a number for each sample of x0", is_one_each },
  labels = { "int64, one for each sample of x0", function(y, x0) return is_one_each(y, x0) and y.dtype == "int64" end },
  v = { "projections, each like x0", function(v, x0)
    return sl.is_tensor(v) and v:dim() > 0 and v:shape(1) > 0 and sde.is_like(v:select(1, 1), x0)
  end },
}

local function check_given(o, x0)
  for name, row in pairs(GIVEN) do
    if o[name] ~= nil and not row[2](o[name], x0) then
      errors.raise("%s: option %s: expected %s, %s, got %s", o.who, name, row[1], options.show(x0),
        options.show(o[name]))
    end
  end
end

-- ---- draws ------------------------------------------------------------------------------------------

--- Opens the training batch of x0, whose draws follow.
function common.open(o, x0)
  local who = o.who
  if not sl.is_tensor(x0) or x0:dim() < 2 or (x0.dtype ~= "float32" and x0.dtype ~= "float64") then
    errors.raise("%s: argument x0: expected a float tensor [N, features ...], got %s", who,
      sl.is_tensor(x0) and x0.dtype .. " [" .. table.concat(x0:shape(), ",") .. "]" or tostring(x0))
  end
  check_given(o, x0)
  sl.train_batch(x0:shape(1))
end

--- The batch's next draw: "uniform", "normal" or "rademacher".
function common.draw(dist, shape, x0) return sl.train_random(dist, shape, x0.dtype) end

-- ---- times --------------------------------------------------------------------------------------------

--- t [N] on [eps, T], and the factor by which the way it was drawn weighs the loss (nil: 1).
function common.times(o, process, x0)
  options.choice(o.who, "t_sampling", o.t_sampling, { "uniform", "importance" })
  local eps = o.eps or process.eps.train
  if type(eps) ~= "number" or not (eps >= 0 and eps < process.T) then
    errors.raise("%s: option eps: expected a time in [0, %g), got %s", o.who, process.T, options.show(eps))
  end
  local u = common.draw("uniform", { x0:shape(1) }, x0)
  local given = o.t and sde.times(x0, o.t)
  if o.t_sampling == "uniform" then return given or sl.affine(u, process.T - eps, eps), nil end
  local t = given or importance.times(o, process, x0, u, eps)
  return t, importance.factor(o, process, x0, t, eps)
end

-- ---- a look at the process ----------------------------------------------------------------------------

-- true for a process that is seen for the first time.
local function first_time(seen, process)
  local new = not seen[process]
  seen[process] = true
  return new
end

local ended, begun = setmetatable({}, { __mode = "k" }), setmetatable({}, { __mode = "k" })

--- x_T must have forgotten the data, unless the user gave a prior: else samples start from the wrong distribution.
function common.check_prior(who, process, x0)
  if not first_time(ended, process) or process.has_prior then return end
  local m = process:coefficient("m", x0, process.T):abs():amax():item()
  local s = process:coefficient("s", x0, process.T):amin():item()
  local mean, std = x0:mean():item(), x0:var():sqrt():item()
  local ratio = m * std / s
  if ratio > 0.1 then
    local c = process:coefficient("c", x0, process.T):mean():item()
    warn("%s: at T = %g the data is still there (m_T std(data)/s_T = %.2g > 0.1): take a larger T, or prior = { "
      .. "mean = %.3g, std = %.3g }", who, process.T, ratio, m * mean + c, math.sqrt(s * s + m * m * std * std))
  end
end

local TIMES, LEAST = 500, 0.025 -- so many times are looked at; the share of them that ought to show the data

-- The share of [0, T] in which the data outweigh their noise, m std(data) > s; of the feature where it is least.
local function share_with_data(process, x0, std)
  local size = x0:shape()
  size[1] = TIMES
  local like, t = x0:narrow(1, 1, 1):expand(size), sl.arange(0.5, TIMES, 1, { dtype = x0.dtype })
  t = t * (process.T / TIMES)
  local signal = process:coefficient("m", like, t):abs() * std
  return signal:gt(process:coefficient("s", like, t)):to(x0.dtype):mean(1):amin():item()
end

-- Where noise comes so early, few of the times drawn, and few steps of a sampler, see anything of the data, while the
-- loss is small, since nearly all of it asks for the noise in noise.
local function check_pace(o, process, x0)
  if o.t or o.t_sampling ~= "uniform" or not first_time(begun, process) then return end
  local std = x0:var():sqrt():item()
  local share = std > 0 and share_with_data(process, x0, std) or 1
  if share < LEAST then
    warn('%s: the noise comes early: m std(data) > s in %.2g %% of [0, T] only, so that little is learned of the data: '
      .. 'take a slower schedule, or t_sampling = "importance"; process:schedule(x0) draws m and s', o.who, 100 * share)
  end
end

-- ---- the noised batch -------------------------------------------------------------------------------------

--- Draws t, then z: { x = x_t, t =, z =, factor = }, factor nil for 1.
function common.noised(o, process, x0)
  core.need_kernel(process.handle, x0, o.who)
  common.open(o, x0)
  local t, factor = common.times(o, process, x0)
  local z = common.draw("normal", x0:shape(), x0)
  z = o.z or z
  common.check_prior(o.who, process, x0)
  check_pace(o, process, x0)
  return { x = process:perturb(x0, t, z), t = t, z = z, factor = factor }
end

--- What a score says at x, which has to be like x.
function common.said(o, score, x, t) return sde.expect_like(o.who .. ": argument score", score(x, t), x) end

--- x0 and eps, as the network of the score has them where it has one.
function common.pair(o, process, score, x, t)
  local exchange = sde.exchange_of(score)
  if exchange then return exchange(x, t) end
  return core.exchange(process.handle, x, t, common.said(o, score, x, t), "score")
end

--- The noise that a score says was added: the network's own word where it has one.
function common.predicted_noise(o, process, score, x, t)
  local exchange = sde.exchange_of(score)
  if exchange then return (select(2, exchange(x, t))) end
  return -common.said(o, score, x, t) * process:coefficient("s", x, t)
end

--- What the function weighting says at t: a number, or one for each sample as a column of x.
function common.weight_at(o, x, t)
  local w = o.weighting(t)
  if type(w) == "number" then return sl.full({ 1 }, w, { dtype = x.dtype }) end
  if sl.is_tensor(w) and w.dtype == x.dtype and w:numel() == x:shape(1) then return common.column(w, x) end
  return errors.raise("%s: option weighting: expected a number or a result like t, %s [%d], got %s", o.who, x.dtype,
    x:shape(1), options.show(w))
end

--- Weight of |eps - z|^2, for lambda(t) |score + z/s|^2: nil for lambda = s^2.
function common.noise_weight(o, process, x, t)
  local weighting = o.weighting
  if weighting == nil or weighting == "std" then return nil end
  if weighting == "likelihood" then return process:coefficient("importance", x, t) end
  if type(weighting) ~= "function" then
    errors.raise('%s: option weighting: expected "std", "likelihood" or a function of t, got %s', o.who,
      tostring(weighting))
  end
  return process:coefficient("s", x, t):square():reciprocal() * common.weight_at(o, x, t)
end

local function times(a, b) return a and b and a * b or a or b end

--- The loss of squares [N, ...] with a weight and the draws' factor: the mean over elements or, unless reduce_mean,
-- half the sum over elements, averaged over samples.
function common.reduce(o, squares, weight, factor)
  local w = times(weight, factor)
  if w then squares = squares * w end
  if o.reduce_mean then return squares:mean() end
  return squares:sum() * (0.5 / squares:shape(1))
end

return common
