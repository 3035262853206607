-- Predictions of one kind as those of another, by way of the pair (x0, eps) with x - c = m x0 + s eps.
local core = require "sdelua.core".sde
local errors = require "sdelua.errors"
local common = require "sdelua.sde.common"
local options = require "sdelua.options"
local Precondition = require "sdelua.sde.precondition"

-- Each kind from the pair.
local EXPRESS = {
  noise = function(_, _, _, _, eps) return eps end,
  x0 = function(_, _, _, x0) return x0 end,
  score = function(process, x, t, _, eps) return -eps / process:coefficient("s", x, t) end,
  v = function(process, x, t, x0, eps) return process:coefficient("m", x, t) * eps
    - process:coefficient("s", x, t) * x0 end,
  velocity = function(process, _, t, x0, eps) return process:velocity(x0, t, eps) end,
  F = function(process, x, t, x0, _, P) return P:output(x0, Precondition.scaled("convert", process, x, t)) end,
}

local function check_kind(argument, kind)
  if EXPRESS[kind] then return end
  errors.raise("convert: argument %s: expected noise, score, x0, v, velocity or F, got %s", argument,
    options.show(kind))
end

-- The preconditioning that F goes with, and nothing else does.
local function precondition_of(opts, from, to)
  local spec = options.read("convert", opts, { precondition = options.NONE }).precondition
  if from == "F" or to == "F" then
    if spec ~= nil then return Precondition.new(spec) end
    errors.raise('convert: option precondition: expected the one that F is of, such as "EDM" or { "EDM", sigma_data '
      .. "= 0.5 }, got nil")
  elseif spec ~= nil then
    errors.raise("convert: option precondition: goes with F, got %s and %s", from, to)
  end
end

--- convert(process, x, t, y, from, to, options): see Process:convert.
return function(process, x, t, y, from, to, opts)
  check_kind("from", from)
  check_kind("to", to)
  local P = precondition_of(opts, from, to)
  t = common.times(x, t)
  common.expect_like("convert: argument y", y, x, true)
  if from == "F" then
    y, from = P:denoiser(y, Precondition.scaled("convert", process, x, t)), "x0"
  end
  local x0, eps = core.exchange(process.handle, x, t, y, from)
  return EXPRESS[to](process, x, t, x0, eps, P)
end
