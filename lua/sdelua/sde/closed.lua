-- The three processes of Song et al. 2021, with the papers' schedules or a schedule of your own.
local core = require "sdelua.core".sde
local common = require "sdelua.sde.common"
local options = require "sdelua.options"
local Process = require "sdelua.sde.process"

-- make(lo, hi, schedule, options) of the core; `names` are the options for the three.
local function constructor(who, make, lo, hi, names)
  local known = common.with_common { [names[1]] = lo, [names[2]] = hi, [names[3]] = options.NONE }
  return function(opts)
    local o = options.read(who, opts, known)
    local schedule = o[names[3]]
    if schedule ~= nil and type(schedule) ~= "function" then
      error(("%s: option %s: expected a function of a number, got %s"):format(who, names[3], tostring(schedule)), 2)
    elseif schedule and opts and (opts[names[1]] or opts[names[2]]) then
      error(("%s: option %s: expected either the function or %s and %s"):format(who, names[3], names[1], names[2]), 2)
    end
    return Process.new(make(o[names[1]], o[names[2]], schedule, common.for_core(who, o)))
  end
end

return {
  --- dx = -beta(t)/2 x dt + sqrt(beta(t)) dw. { beta_min = 0.1, beta_max = 20 } or { beta = function(t) }.
  VP = constructor("VP", core.VP, 0.1, 20, { "beta_min", "beta_max", "beta" }),
  --- VP's drift with a diffusion whose variance stays below it.
  subVP = constructor("subVP", core.subVP, 0.1, 20, { "beta_min", "beta_max", "beta" }),
  --- Noise of std sigma(t) added to the data. { sigma_min = 0.01, sigma_max = 50 } or { sigma = function(t) }.
  VE = constructor("VE", core.VE, 0.01, 50, { "sigma_min", "sigma_max", "sigma" }),
}
