-- sl.sde.define: a process of your own, in one of three forms.
--   define { mean = m, std = s, offset = c }
--     x_t | x_0 ~ N(m(t) x_0 + c(t), s(t)^2)
--   define { drift_coefficient = a, drift_offset = b, diffusion_coefficient = g }
--     dx = (a(t) x + b(t)) dt + g(t) dw
--   define { drift = f, diffusion = g, noise_type = "scalar" | "diagonal" | "matrix", tier = "affine" | "general" }
--     dx = f(x, t) dt + g(x, t) dw
-- The functions of the first two take a number and return a number, or a tensor over features; they are tabulated once.
-- Those of the third take tensors x [N, ...] and t [N,1,..,1]; a diffusion with one parameter takes t alone. At first
-- use it is found out whether f is a(t) x + b(t), each feature by itself, and g free of x: then the process is affine
-- and has a transition kernel. Any other is general and has to say its noise_type, also one whose f is linear but mixes
-- features: a rotation, x:matmul(A).
local core = require "sdelua.core".sde
local errors = require "sdelua.errors"
local common = require "sdelua.sde.common"
local options = require "sdelua.options"
local Process = require "sdelua.sde.process"

local FORMS = {
  { needs = { "mean", "std" }, may = { "offset" } },
  { needs = { "drift_coefficient", "diffusion_coefficient" }, may = { "drift_offset" } },
  { needs = { "drift", "diffusion" }, may = { "noise_type", "tier" } },
}

local KNOWN = common.with_common {}
for _, form in ipairs(FORMS) do
  for _, names in pairs(form) do
    for _, name in ipairs(names) do KNOWN[name] = options.NONE end
  end
end

local function keys(form)
  local found = {}
  for _, names in pairs(form) do
    for _, name in ipairs(names) do found[name] = true end
  end
  return found
end

-- Which form the options are of: the one whose required functions are there.
local function form_of(o)
  for place, form in ipairs(FORMS) do
    if o[form.needs[1]] ~= nil or o[form.needs[2]] ~= nil then
      for _, name in ipairs(form.needs) do
        if not options.callable(o[name]) then
          errors.raise("define: option %s: expected a function, got %s", name, tostring(o[name]))
        end
      end
      local own = keys(form)
      for _, other in ipairs(FORMS) do
        for name in pairs(other ~= form and keys(other) or {}) do
          if o[name] ~= nil and not own[name] then
            errors.raise("define: option %s: does not go with %s and %s", name, form.needs[1], form.needs[2])
          end
        end
      end
      return place
    end
  end
  errors.raise("define: expected mean and std, drift_coefficient and diffusion_coefficient, or drift and diffusion")
end

-- A field f(x, t); functions of t alone and results that are numbers are welcome.
local function field(f, of_time)
  return function(x, t)
    local y
    if of_time then y = f(t) else y = f(x, t) end
    return type(y) == "number" and t * 0 + y or y
  end
end

local function takes_one(f)
  local info = type(f) == "function" and debug.getinfo(f, "u")
  return info and info.nparams == 1 and not info.isvararg
end

local function general(o, opts)
  local tier = o.tier or "probe"
  if o.tier and o.tier ~= "affine" and o.tier ~= "general" then
    errors.raise('define: option tier: expected "affine" or "general", got %s', tostring(o.tier))
  end
  return core.general(field(o.drift), field(o.diffusion, takes_one(o.diffusion)), o.noise_type, tier, opts)
end

return function(opts)
  local o = options.read("define", opts, KNOWN)
  local form, core_options = form_of(o), common.for_core("define", o)
  if form == 1 then return Process.new(core.marginal(o.mean, o.std, o.offset, core_options)) end
  if form == 2 then
    return Process.new(core.coefficients(o.drift_coefficient, o.drift_offset, o.diffusion_coefficient, core_options))
  end
  return Process.new(general(o, core_options))
end
