-- Preconditioned denoisers (Karras et al. 2022, eq. 7 and table 1): with x scaled to signal 1 and noise of std sigma,
--   D(x; sigma) = c_skip x + c_out F(c_in x; c_noise),
-- F a network. A preset says the four coefficients, functions of a tensor sigma [N]:
--   skip, out, inp, noise    round        the nearest sigma that the preset knows (all of them, unless given)
--   sigma_min, sigma_max                  the range it was trained on, where it has one
local sl = require "sdelua"
local errors = require "sdelua.errors"
local common = require "sdelua.sde.common"
local noise_levels = require "sdelua.sde.noise_levels"
local options = require "sdelua.options"

local column = common.column

local Precondition = {}
Precondition.__index = Precondition
Precondition.__name = "sdelua.Precondition"

local function one(sigma) return sigma * 0 + 1 end
local function identity(sigma) return sigma end
local function unit_input(sigma) return (sigma:square() + 1):rsqrt() end

-- VP's sigma(t), and its inverse.
local function vp_sigma(o, t) return noise_levels.vp(t, o.beta_d, o.beta_min) end
local function vp_time(o, sigma)
  local root = (sigma:square():log1p() * (2 * o.beta_d) + o.beta_min ^ 2):sqrt()
  return (root - o.beta_min) / o.beta_d
end

local function iddpm_levels(o)
  return sl.tensor(table.move(noise_levels.iddpm(o.M, o.C_1, o.C_2), 0, o.M, 1, {}), { dtype = "float64" })
end

-- Positions (from 0) of the levels nearest to sigma.
local function nearest(levels, sigma)
  local distance = (levels:reshape { 1, -1 } - sigma:to "float64":reshape { -1, 1 }):abs()
  return (-distance):argmax(2) - 1
end

local function iddpm(o)
  local levels = iddpm_levels(o)
  return {
    skip = one, out = function(sigma) return -sigma end, inp = unit_input, levels = levels,
    noise = function(sigma) return (nearest(levels, sigma) * -1 + (o.M - 1)):to(sigma.dtype) end,
    round = function(sigma) return levels:index_select(nearest(levels, sigma) + 1, 1):to(sigma.dtype) end,
    sigma_min = levels:select(1, o.M):item(), sigma_max = levels:select(1, 1):item(),
  }
end

local function edm(o)
  local d2 = o.sigma_data ^ 2
  return {
    skip = function(sigma) return (sigma:square() + d2):reciprocal() * d2 end,
    out = function(sigma) return sigma * (sigma:square() + d2):rsqrt() * o.sigma_data end,
    inp = function(sigma) return (sigma:square() + d2):rsqrt() end,
    noise = function(sigma) return sigma:log() / 4 end,
  }
end

local function vp(o)
  local function at(t) return vp_sigma(o, sl.tensor(t, { dtype = "float64" })):item() end
  return {
    skip = one, out = function(sigma) return -sigma end, inp = unit_input,
    noise = function(sigma) return vp_time(o, sigma) * (o.M - 1) end,
    sigma_min = at(o.epsilon_t), sigma_max = at(1.0),
  }
end

local function ve(o)
  return {
    skip = one, out = identity, inp = one, noise = function(sigma) return (sigma * 0.5):log() end,
    sigma_min = o.sigma_min, sigma_max = o.sigma_max,
  }
end

--- The presets: options with defaults, and what makes one of them.
Precondition.presets = {
  EDM = { options = { sigma_data = 0.5 }, make = edm },
  VP = { options = { beta_d = 19.9, beta_min = 0.1, M = 1000, epsilon_t = 1e-5 }, make = vp },
  VE = { options = { sigma_min = 0.02, sigma_max = 100 }, make = ve },
  iDDPM = { options = { C_1 = 0.001, C_2 = 0.008, M = 1000 }, make = iddpm },
}

-- All numbers of the presets are positive.
local function check_numbers(o)
  for name, v in pairs(o) do
    if not (v > 0 and v < math.huge) then
      errors.raise("precondition: option %s: expected a positive number, got %g", name, v)
    end
  end
  return o
end

local function refuse(spec)
  errors.raise('precondition: expected "EDM", "VP", "VE", "iDDPM", { name, options } or functions skip, out, inp and '
    .. "noise, got %s", tostring(spec))
end

--- Precondition.new("EDM"), new { "EDM", sigma_data = 1 }, or new { skip =, out =, inp =, noise = }, your own.
function Precondition.new(spec)
  if getmetatable(spec) == Precondition then return spec end
  if type(spec) == "string" then spec = { spec } end
  if type(spec) ~= "table" then refuse(spec) end
  local made = spec
  if spec[1] ~= nil then
    local preset, given = Precondition.presets[spec[1]], {}
    if not preset then refuse(spec[1]) end
    for key, value in pairs(spec) do
      if key ~= 1 then given[key] = value end
    end
    made = preset.make(check_numbers(options.read("precondition", given, preset.options)))
  end
  local self = { round = identity }
  for key, value in pairs(made) do self[key] = value end
  for _, key in ipairs { "skip", "out", "inp", "noise" } do
    if type(self[key]) ~= "function" then refuse(self[key]) end
  end
  return setmetatable(self, Precondition)
end

--- D(x; sigma) of the network F for x [N, ...], sigma [N]; F is given what else there is, such as labels of classes. A
-- network with more channels than x has, as iDDPM's which also predicts a variance, gives its first.
function Precondition:denoised(net, x, sigma, ...)
  local y, channels = net(x * column(self.inp(sigma), x), self.noise(sigma), ...), x:shape(x:dim())
  if y:shape(y:dim()) > channels then y = y:narrow(y:dim(), 1, channels) end
  return self:denoiser(common.expect_like("score: argument net", y, x), x, sigma)
end

--- D(x; sigma) of F, what the network says there.
function Precondition:denoiser(F, x, sigma)
  return x * column(self.skip(sigma), x) + F * column(self.out(sigma), x)
end

--- What F has to say at (x; sigma) for the denoiser to say D: the inverse of denoiser.
function Precondition:output(D, x, sigma)
  return (D - x * column(self.skip(sigma), x)) / column(self.out(sigma), x)
end

--- A state of the process scaled to signal 1, (x - c)/m, and its sigma = s/m [N]; `at` { m =, s = } stands for the
-- process's own coefficients at t.
function Precondition.scaled(who, process, x, t, at)
  local m, s = at and at.m or process:coefficient("m", x, t), at and at.s or process:coefficient("s", x, t)
  local sigma = (s / m):reshape { -1 }
  if sigma:numel() ~= x:shape(1) then
    errors.raise("%s: option precondition: expected a process with the same coefficients for all features", who)
  end
  return (x - process:coefficient("c", x, t)) / m, sigma
end

return Precondition
