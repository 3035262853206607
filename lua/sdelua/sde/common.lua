-- Options that every process takes: T, std0, eps = { train =, sample =, likelihood = }, prior = { mean =, std = }.
local sl = require "sdelua"
local errors = require "sdelua.errors"
local options = require "sdelua.options"

local common = { T = options.NONE, std0 = options.NONE, eps = options.NONE, prior = options.NONE }

local EPS = { train = options.NONE, sample = options.NONE, likelihood = options.NONE }
local PRIOR = { mean = options.NONE, std = options.NONE }

local function constant(v) return type(v) == "number" and sl.tensor(v, { dtype = "float64" }) or v end

--- The options as the core takes them. `o` has been read with the keys above among its own.
local function for_core(who, o)
  local eps, prior = options.read(who .. ": eps", o.eps, EPS), options.read(who .. ": prior", o.prior, PRIOR)
  if prior.std and type(prior.std) == "number" and prior.std <= 0 then
    errors.raise("%s: option prior: expected a positive std, got %s", who, prior.std)
  end
  return {
    T = o.T, std0 = o.std0, prior_mean = constant(prior.mean), prior_std = constant(prior.std),
    eps_train = eps.train, eps_sample = eps.sample, eps_likelihood = eps.likelihood,
  }
end

--- `known` and the options of every process.
local function with_common(known)
  for key, value in pairs(common) do known[key] = value end
  return known
end

local WITHOUT_TIME = "score: argument t: expected a number or a float tensor [N], got %s: it is called as score(x, t), "
  .. "and where a function of x alone is asked for, function(x) return score(x, 0.5) end is one"

--- t as a tensor [N] for x [N, ...], of its type.
local function times(x, t)
  if not sl.is_tensor(x) then
    errors.raise("score: argument x: expected a tensor [N, features ...], got %s", options.show(x))
  elseif type(t) ~= "number" and not sl.is_tensor(t) then
    errors.raise(WITHOUT_TIME, options.show(t))
  end
  return type(t) == "number" and sl.full({ x:shape(1) }, t, { dtype = x.dtype }) or t:to(x.dtype)
end

--- Each sample's own number, a tensor [N] or a list, as a column that broadcasts against x [N, ...]; a number as it is.
local function column(v, x)
  if type(v) == "number" then return v end
  if type(v) == "table" then v = sl.tensor(v, { dtype = x.dtype }) end
  local shape = { -1 }
  for i = 2, x:dim() do shape[i] = 1 end
  return v:reshape(shape)
end

--- Where a score also says (x0, eps), that as a function (x, t, rows); else nil.
local function exchange_of(score)
  if type(score) ~= "table" or type(score.exchange) ~= "function" then return nil end
  return function(x, t, rows) return score:exchange(x, t, rows) end
end

--- Whether one m and one s serve all features: the space of sigma, and times drawn by importance, need that.
local function is_uniform(process) return (pcall(process.point, process, process.T)) end

local function is_network(v)
  local meta = getmetatable(v)
  return type(v) == "userdata" or (type(meta) == "table" and rawget(meta, "is_module_class"))
end

--- A score as samplers call it, (x, t, rows); a network's third argument is another.
local function as_score(score)
  return is_network(score) and function(x, t) return score(x, t) end or score
end

-- Whether y is a tensor of the type and shape of x or, where `spread`, broadcasts to it.
local function is_like(y, x, spread)
  if not sl.is_tensor(y) or y.dtype ~= x.dtype or y:dim() ~= x:dim() then return false end
  for i = 1, x:dim() do
    if y:shape(i) ~= x:shape(i) and not (spread and y:shape(i) == 1) then return false end
  end
  return true
end

--- y, which is like x or, where `spread`, broadcasts to it; else an error in the name of who made it. `name` is x's.
local function expect_like(who, y, x, spread, name)
  if is_like(y, x, spread) then return y end
  return errors.raise("%s: expected a result like %s, %s, got %s", who, name or "x", options.show(x), options.show(y))
end

--- What a score says at x, like it or broadcast to it, or an error that names the score.
local function said(score, x, t, rows) return expect_like("score", score(x, t, rows), x, true) end

return {
  column = column, times = times, for_core = for_core, with_common = with_common,
  exchange_of = exchange_of, as_score = as_score, said = said, is_network = is_network,
  is_uniform = is_uniform, is_like = is_like, expect_like = expect_like,
}
