-- What a process does. t is a number or a tensor [N]; x is [N, ...]; what methods return broadcasts against x.
local sl = require "sdelua"
local core = require "sdelua.core".sde
local errors = require "sdelua.errors"
local options = require "sdelua.options"
local Reverse = require "sdelua.sde.reverse"
local Score = require "sdelua.sde.score"

local Process = {}

local fields = {
  --- "affine", "affine (probed)", "general", or "general (unprobed)" before its first use.
  tier = function(self) return core.tier(self.handle) end,
}

Process.__index = function(self, key)
  local field = fields[key]
  if field then return field(self) end
  return Process[key]
end

Process.__name = "sdelua.Process"
Process.__names = Process

--- The process that a handle of the core stands for.
function Process.new(handle)
  local name, T, train, sample, likelihood, label_is_std, has_prior = core.facts(handle)
  return setmetatable({
    handle = handle, name = name, T = T, eps = { train = train, sample = sample, likelihood = likelihood },
    label = label_is_std and "std" or "time", has_prior = has_prior,
  }, Process)
end

-- "beta_max = 20, beta_min = 0.1" of a row's options that are numbers or texts; with a function in place of some those
-- that were given.
local function settings(o)
  local list, own = {}, false
  for _, v in pairs(o) do own = own or type(v) == "function" end
  for name, v in pairs(own and o.given or o) do
    local kind = type(v)
    local text = kind == "number" and ("%g"):format(v) or kind == "string" and v or kind == "function" and kind
    if text and name ~= "T" then list[#list + 1] = name .. " = " .. text end
  end
  table.sort(list)
  return table.concat(list, ", ")
end

function Process:__tostring()
  local said = self.row and settings(self.options) or ""
  return ("%s process on [0, %g] (%s)%s"):format(self.row and self.row.name or self.name, self.T,
    self.tier:gsub(" %((.*)%)", ", %1"), said ~= "" and ": " .. said or "")
end

--- Whether x_T still knows x_0, m_T > 0: else no score and no prediction of the noise at T says where x_0 is.
function Process:has_signal() return (select(8, core.facts(self.handle))) end

--- The drift f(x, t) of dx = f dt + G dw.
function Process:drift(x, t) return core.drift(self.handle, x, t) end

--- The diffusion G(x, t) of dx = f dt + G dw, of the declared noise type.
function Process:diffusion(x, t) return core.diffusion(self.handle, x, t) end

--- Mean and standard deviation of x_t given x_0 = x.
function Process:marginal_prob(x, t) return core.marginal_prob(self.handle, x, t) end

--- x_t from x_0 and unit normal z.
function Process:perturb(x0, t, z) return core.perturb(self.handle, x0, t, z) end

--- The numbers { m =, c =, s =, a =, b =, g =, sigma = s/m } at time t, where all features have the same; where they
-- differ, process:coefficient says them.
function Process:point(t)
  local m, c, s, a, b, g = core.point(self.handle, t)
  return { m = m, c = c, s = s, a = a, b = b, g = g, sigma = s / m }
end

--- The time in [0, T] at which s/m is sigma (Karras et al. 2022, where the schedule is sigma itself); 0 or T for a
-- sigma out of reach.
function Process:time(sigma) return core.time_of(self.handle, sigma) end

--- A plot of m and s over time, each feature's where they differ: p:schedule():save "schedule.png". With data x0, which
-- a process needs that has not been used yet, of m std(x0) and s: see sdelua/sde/schedule.lua.
function Process:schedule(x0) return require "sdelua.sde.schedule"(self, x0) end

--- One of "m", "c", "s", their derivatives "dm", "dc", "ds", "a", "b", "g", or "importance" (g^2/s^2).
function Process:coefficient(name, x, t) return core.coefficient(self.handle, x, t, name) end

--- Draws of the prior: options of sl.noise (seed, first, index), or noise =, and dtype.
function Process:prior_sampling(shape, opts)
  local o = options.read("prior_sampling", opts, {
    seed = options.NONE, first = options.NONE, index = options.NONE, noise = options.NONE, dtype = "float32",
  })
  return core.prior(self.handle, sl.noise.of(o):normal(shape, 1, o.dtype))
end

--- log density [N] of the prior at z.
function Process:prior_logp(z) return core.prior_logp(self.handle, z) end

--- f and G of the exact step of T/n that ends in t; { levels = "paper" } takes the papers' tables.
function Process:discretize(x, t, n, opts)
  local o = options.read("discretize", opts, { levels = "exact" })
  return core.discretize(self.handle, x, t, n, Process.is_paper("discretize", o.levels))
end

--- The papers' tables with n levels: float64 tensors A, v and, following from them, m and s.
function Process:levels(n)
  local A, v, m, s = core.levels(self.handle, n)
  return { A = A, v = v, m = m, s = s }
end

--- Whether the option levels is "paper"; raises in the name of `who` where it is neither that nor "exact".
function Process.is_paper(who, levels)
  if levels ~= "exact" and levels ~= "paper" then
    errors.raise('%s: option levels: expected "exact" or "paper", got %s', who, tostring(levels))
  end
  return levels == "paper"
end

--- The reverse process for a score: { probability_flow = true }, or { noise = lambda } between the flow (0) and the
-- SDE (1).
function Process:reverse(score, opts) return Reverse.new(self, score, opts) end

--- The score of a network: { parameterization = "noise" (or score, x0, v, velocity, energy, F), label =,
-- precondition = } (see sdelua/sde/precondition.lua).
function Process:score(net, opts) return Score.new(self, net, opts) end

--- E[x_0 | x_t] as a function (x, t), from any score.
function Process:denoiser(score) return Score.denoiser(self, score) end

--- A prediction y at (x, t) of the kind `from` ("noise", "score", "x0", "v", "velocity", "F") as one of the kind `to`;
-- with F comes { precondition = }, as process:score takes it.
function Process:convert(x, t, y, from, to, opts)
  return require "sdelua.sde.convert"(self, x, t, y, from, to, opts)
end

--- The process itself, forwards from x0: see sdelua/sde/simulate.lua.
function Process:simulate(x0, opts) return require "sdelua.sde.simulate"(self, x0, opts) end

--- m' x0 + c' + s' eps: the probability flow in exchange form.
function Process:velocity(x0, t, eps) return core.velocity(self.handle, x0, t, eps) end

--- E[x_r | x_t = x, x_0 = x0] for numbers r < t.
function Process:posterior_mean(x, t, r, x0) return core.posterior_mean(self.handle, x, t, r, x0) end

--- Times whose share of the likelihood weight's integral over [eps, T] is u.
function Process:importance_time(u, eps) return core.importance_time(self.handle, u, eps or self.eps.train) end

return Process
