-- Bounds on the likelihood of the reverse SDE, whose exact likelihood no ODE gives (Song et al. 2021b, "Maximum
-- likelihood training of score-based diffusion models": theorem 1 on the KL, and their bound on log p), by Monte Carlo
-- with times drawn in proportion to the weight g^2/s^2, so that what is averaged is a plain squared error.
--
-- Their bound, with grad log p_0t(x_t|x) = -z/s for x_t = m x + c + s z and the noise e(x_t, t) = -s score(x_t, t):
--   -log p(x) <= -E log pi(x_T) + 1/2 int E (g/s)^2 (|e - z|^2 - D) dt - int div f dt,
-- where int g^2/s^2 = log s^2/m^2 =: l and int div f = D log m are closed forms. Most of the variance is that of |z|^2:
-- for Gaussian data of variance v, z has the factor -r in e - z, r = m^2 v/(m^2 v + s^2). So |e - z|^2 - r^2 |z|^2 is
-- averaged, and int r^2 dl = l' - log(1 + e^l') + 1/(1 + e^l'), l' = l - log v, makes up for what that takes away.
local sl = require "sdelua"
local core = require "sdelua.core".sde
local errors = require "sdelua.errors"
local common = require "sdelua.likelihood.common"
local is_uniform = require "sdelua.sde.common".is_uniform
local options = require "sdelua.options"

local bound = {}

local TIMES = { "importance", "uniform" }
local DRAWS = 3 -- of each sample of (t, z): t, z, and z of the last step

local OPTIONS = {
  samples = 16, sigma_data = 0.5, eps = options.NONE, times = options.NONE,
  seed = options.NONE, first = options.NONE, index = options.NONE, noise = options.NONE,
}

local function known(more)
  for key, value in pairs(OPTIONS) do more[key] = value end
  return more
end

local BOUND, KL = known { denoise = true }, known {
  truth = options.NONE, entropy = options.NONE, terminal = options.NONE, denoise = true,
}
KL.samples = 1

-- ---- what both have in common ---------------------------------------------------------------------------

local function need_kernel(who, process)
  if process.tier == "general" then
    errors.raise("%s: argument process: expected an affine one, for the bound is a mean over its transition kernel, "
      .. "got %s", who, tostring(process))
  elseif not process:has_signal() then
    errors.raise("%s: argument process: expected m_T > 0, for the bound is infinite without, got %s", who,
      tostring(process))
  end
end

local function prepare(who, process, score, x, o)
  common.check(who, process, score, x)
  need_kernel(who, process)
  o.who, o.process, o.score = who, process, score
  o.checked, o.exchange = common.score_of(who, score)
  o.samples, o.eps = common.count(who, "samples", o.samples, 1), o.eps or process.eps.likelihood
  if not (o.eps > 0 and o.eps < process.T) then
    errors.raise("%s: option eps: expected a time between 0 and %g, got %g", who, process.T, o.eps)
  end
  options.positives(who, o, { "sigma_data" })
  o.times = o.times or (is_uniform(process) and "importance" or "uniform")
  options.choice(who, "times", o.times, TIMES)
  o.source = sl.noise.of(o)
end

-- log of a coefficient at time t, for each feature of x; float64 [1, features ...].
local function logs(process, name, x, t)
  local one = x:narrow(1, 1, 1):to "float64"
  return process:coefficient(name, one, t):log():expand(one:shape())
end

-- log s^2/m^2 for each feature.
local function log_ratio(process, x, t) return (logs(process, "s", x, t) - logs(process, "m", x, t)) * 2 end

-- int_eps^T g^2/s^2 dt for each feature.
local function weight(process, x, eps) return log_ratio(process, x, process.T) - log_ratio(process, x, eps) end

-- int_eps^T r^2 g^2/s^2 dt for each feature.
local function weight_of_squares(o, x)
  local function antiderivative(t)
    local l = log_ratio(o.process, x, t) - 2 * math.log(o.sigma_data)
    return (-l):sigmoid() - (-l):softplus()
  end
  return antiderivative(o.process.T) - antiderivative(o.eps)
end

local function per_sample(y) return common.flat(y):sum(2) end

-- The noise that the score says was added.
local function noise_of(o, x, t)
  if o.exchange then
    local _, eps = o.exchange(x, t)
    return eps
  end
  return -o.checked(x, t) * o.process:coefficient("s", x, t)
end

-- Times [N] from unit normals u [N], and what a squared error in the noise there weighs for the integral of its half
-- times g^2/s^2 over [eps, T] to come out.
local function times(o, x, u)
  local share = ((u * math.sqrt(0.5)):erf() + 1) * 0.5
  if o.times == "importance" then return o.process:importance_time(share, o.eps), 0.5 * o.total end
  local t = share * (o.process.T - o.eps) + o.eps
  return t, o.process:coefficient("importance", x, t) * (0.5 * (o.process.T - o.eps))
end

-- Means over o.samples draws of (t, z), one column each: of fn(x_t, t [N], z, column number), as weighted squares.
local function monte_carlo(o, x, fn)
  if o.times == "importance" then o.total = weight(o.process, x, o.eps):mean():item() end
  local columns = {}
  for k = 1, o.samples do
    local scope <close> = sl.scope()
    local u = o.source:normal({ x:shape(1) }, DRAWS * k - 2, x.dtype)
    local z = o.source:normal(x:shape(), DRAWS * k - 1, x.dtype)
    local t, w = times(o, x, u)
    columns[k] = scope:keep(fn(o.process:perturb(x, t, z), t, z, w, k))
  end
  return sl.stack(columns, 2)
end

-- Mean and standard deviation of the prior, like x.
local function prior_of(process, x)
  local zero = x:narrow(1, 1, 1) * 0
  local mean = core.prior(process.handle, zero)
  return mean, core.prior(process.handle, zero + 1) - mean
end

-- ---- the variational bound ---------------------------------------------------------------------------------

-- E log pi(x_T) given x_0 = x, [N].
local function terminal(process, x)
  local mean, std = process:marginal_prob(x, process.T)
  local _, prior_std = prior_of(process, x)
  local spread = per_sample((std / prior_std):square():expand(x:shape()))
  return process:prior_logp(mean) - spread * 0.5
end

-- r^2 z^2 for each feature.
local function expected(o, x, t, z)
  local signal = (o.process:coefficient("m", x, t) * o.sigma_data):square()
  return (z * signal / (signal + o.process:coefficient("s", x, t):square())):square()
end

-- log q(x|x_eps)/p_0eps(x_eps|x), without its constant, for q the Gaussian about E[x|x_eps] of variance (s/m)^2.
local function last_step(o, x, k)
  local z = o.source:normal(x:shape(), DRAWS * k, x.dtype)
  local t = sl.full({ x:shape(1) }, o.eps, { dtype = x.dtype })
  return per_sample((noise_of(o, o.process:perturb(x, t, z), t) - z):square() - z:square()) * -0.5
end

-- Columns of the bound [N,samples].
local function columns_of(o, x)
  local process = o.process
  local by_feature = (weight(process, x, o.eps) - weight_of_squares(o, x)) * 0.5
    + logs(process, "m", x, process.T)
  if not o.denoise then by_feature = by_feature - logs(process, "m", x, o.eps) end
  local fixed = terminal(process, x) + by_feature:sum():item()
  local drawn = monte_carlo(o, x, function(x_t, t, z, w, k)
    local error_at = per_sample(((noise_of(o, x_t, t) - z):square() - expected(o, x_t, t, z)) * w)
    return o.denoise and last_step(o, x, k) - error_at or -error_at
  end)
  return drawn + fixed:unsqueeze(2)
end

--- An estimate [N] of a lower bound on log p(x), nats, of the points x [N, ...] under the reverse SDE with this score,
-- and info: se [N], the standard error of the estimate (two or more samples), and samples [N,samples], the estimates
-- that it is the mean of. Needs a transition kernel and m_T > 0. Options:
--   denoise = true: the model's last step is x = N(E[x|x_eps], (s/m)^2) at eps; false: the bound is on the mean of
--   log p_eps(x_eps) over x_eps given x
--   samples = 16 draws of (t, z), eps (the process's eps.likelihood), seed, first, index, noise
--   sigma_data = 0.5: roughly the standard deviation of the data; the nearer, the smaller the error
--   times = "importance", in proportion to g^2/s^2 (features with different coefficients: "uniform")
function bound.bound(process, score, x, opts)
  local o = options.read("likelihood.bound", opts, BOUND)
  prepare("likelihood.bound", process, score, x, o)
  return sl.no_grad(function()
    local columns = columns_of(o, x)
    local mean, se = common.mean_and_error(columns)
    return mean, { se = se, samples = columns }
  end)
end

-- ---- the bound on KL ------------------------------------------------------------------------------------------

-- E KL(p_0T(.|x) || pi) [N]: KL is convex, so its mean over the data is no less than KL(p_T || pi).
local function terminal_kl(process, x)
  local mean, std = process:marginal_prob(x, process.T)
  local prior_mean, prior_std = prior_of(process, x)
  local ratio = (std / prior_std):square()
  return per_sample((((mean - prior_mean) / prior_std):square() + ratio - ratio:log() - 1) * 0.5)
end

-- 1/2 int g^2 E |truth - score|^2 dt, [N,samples].
local function score_error(o, x)
  return monte_carlo(o, x, function(x_t, t, _, w)
    local s = o.process:coefficient("s", x_t, t)
    return per_sample((noise_of(o, x_t, t) + o.truth(x_t, t) * s):square() * w)
  end)
end

local function check_kl(who, o)
  if (o.truth == nil) == (o.entropy == nil) then
    errors.raise("%s: options truth, entropy: expected one of them, got %s", who, o.truth and "both" or "neither")
  elseif o.entropy and type(o.entropy) ~= "number" then
    errors.raise("%s: option entropy: expected a number of nats, got %s", who, tostring(o.entropy))
  elseif o.terminal and type(o.terminal) ~= "number" then
    errors.raise("%s: option terminal: expected a number of nats, got %s", who, tostring(o.terminal))
  end
end

--- An estimate of an upper bound on KL(p_0 || p), nats, p_0 being what the points x [N, ...] are drawn from and p what
-- the reverse SDE with this score draws; and info: se, its standard error over the points; integral and terminal, its
-- two parts. One of the options
--   truth: the score (x, t) of the data's own marginals. Theorem 1: 1/2 int g^2 E |truth - score|^2 dt + KL(p_T || pi),
--   for p_0 and p at time eps; option terminal: the last term, else the mean of KL(p_T(.|x) || pi), which is no less
--   entropy: of p_0, in nats. -entropy less the mean of likelihood.bound, with denoise as there
-- and samples = 1 for each point, eps, times, sigma_data, seed, first, index, noise as in likelihood.bound.
function bound.kl_bound(process, score, x, opts)
  local who = "likelihood.kl_bound"
  local o = options.read(who, opts, KL)
  check_kl(who, o)
  prepare(who, process, score, x, o)
  return sl.no_grad(function()
    local rest = o.entropy and -o.entropy or o.terminal or terminal_kl(process, x):mean():item()
    local values = o.entropy and -columns_of(o, x):mean(2) or score_error(o, x):mean(2)
    local mean, se = common.mean_and_error(values:to "float64":unsqueeze(1))
    return mean:item() + rest, { se = se and se:item(), integral = mean:item(), terminal = rest }
  end)
end

return bound
