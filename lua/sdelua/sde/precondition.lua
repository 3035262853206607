-- Preconditioned denoisers (Karras et al. 2022, eq. 7 and table 1): with x scaled to signal 1 and noise of std sigma,
--   D(x; sigma) = c_skip x + c_out F(c_in x; c_noise),
-- F a network. A preset says the four coefficients, functions of a tensor sigma [N]:
--   skip, out, inp, noise    round        the nearest sigma that the preset knows (all of them, unless given)
--   sigma_min, sigma_max                  the range it was trained on, where it has one
local sl = require "sdelua"
local column = require "sdelua.sde.common".column
local options = require "sdelua.options"

local Precondition = {}
Precondition.__index = Precondition
Precondition.__name = "sdelua.Precondition"

local function one(sigma) return sigma * 0 + 1 end
local function identity(sigma) return sigma end
local function unit_input(sigma) return (sigma:square() + 1):rsqrt() end

-- The schedule of VP (Song et al. 2021) in sigma, and its inverse: log(1 + sigma^2) = beta_d t^2/2 + beta_min t.
local function vp_sigma(o, t) return ((t:square() * (0.5 * o.beta_d) + t * o.beta_min):expm1()):sqrt() end
local function vp_time(o, sigma)
  local root = (sigma:square():log1p() * (2 * o.beta_d) + o.beta_min ^ 2):sqrt()
  return (root - o.beta_min) / o.beta_d
end

-- iDDPM's noise levels u_0 > ... > u_M = 0, in float64: 1 + u_{j-1}^2 = (1 + u_j^2)/max(abar_{j-1}/abar_j, C_1), abar
-- the cosine of Nichol & Dhariwal 2021.
local function iddpm_levels(o)
  local function abar(j) return math.sin(0.5 * math.pi * j / (o.M * (o.C_2 + 1))) ^ 2 end
  local u = { [o.M] = 0.0 }
  for j = o.M, 1, -1 do u[j - 1] = math.sqrt((u[j] ^ 2 + 1) / math.max(abar(j - 1) / abar(j), o.C_1) - 1) end
  return sl.tensor(table.move(u, 0, o.M, 1, {}), { dtype = "float64" })
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

local function refuse(spec)
  error(('precondition: expected "EDM", "VP", "VE", "iDDPM", { name, options } or functions skip, out, inp and noise, '
    .. "got %s"):format(tostring(spec)), 0)
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
    made = preset.make(options.read("precondition", given, preset.options))
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
  return x * column(self.skip(sigma), x) + y * column(self.out(sigma), x)
end

--- What F has to say at (x; sigma) for the denoiser to say D: the inverse of denoised.
function Precondition:output(D, x, sigma)
  return (D - x * column(self.skip(sigma), x)) / column(self.out(sigma), x)
end

return Precondition
