--- sl.posterior: samplers of p(x | y), y a measurement of x that an operator of sl.inverse makes.
-- sl.posterior.<name> { options } is the method that the file sdelua/posterior/methods/<name>.lua describes;
-- sl.posterior.list() prints them all. It is called as
--   local x, info = method(process, score, operator, y, options)
-- where score is any function (x, t [N]) -> tensor, y is [N, operator.measured], and the options are those of a
-- sampler's call (see sl.solve). Bayes' rule is the whole idea: grad log p(x|y) = grad log p(x) + grad log p(y|x); the
-- methods differ in how they come by the second term.
local collection = require "sdelua.collection"
local errors = require "sdelua.errors"
local Posterior = require "sdelua.posterior.posterior"

local posterior = { methods = collection "sdelua.posterior.methods" }

posterior.methods.known = Posterior.known
posterior.methods.called = "x, info = method(process, score, operator, y, { seed, ... })"

--- A method of your own: a table as in sdelua/posterior/posterior.lua, and its options.
function posterior.new(own, opts)
  if type(own) ~= "table" or not (own.step or own.sample or own.gradient or own.start) then
    errors.raise("posterior.new: argument method: expected a table with step, sample, gradient or start, got "
      .. tostring(own))
  end
  return Posterior.new(own, opts)
end

return posterior.methods:open(posterior, { "name", "admits", "doc", "source" }, function(row)
  return function(opts) return Posterior.new(row, opts) end
end)
