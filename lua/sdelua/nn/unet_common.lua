-- What the networks of this shape share: options, levels, running a block, labels of classes.
local core = require "sdelua.core"
local errors = require "sdelua.errors"
local class_labels = require "sdelua.sde.labels"
local options = require "sdelua.options"

local common = {}

function common.refuse(who, name, expected, got)
  errors.raise("%s: option %s: expected %s, got %s", who, name, expected, tostring(got))
end

function common.contains(list, x)
  for _, v in ipairs(list) do if v == x then return true end end
  return false
end

--- `value` is one of `list`.
function common.choose(who, name, value, list)
  if common.contains(list, value) then return end
  local quoted = {}
  for i, v in ipairs(list) do quoted[i] = ("%q"):format(v) end
  common.refuse(who, name, table.concat(quoted, " or "), value)
end

--- The options of a network for images of `size`: read, and made whole but for the levels.
function common.read_images(who, given, known)
  local o = options.read(who, given, known)
  for _, name in ipairs { "size", "channels" } do
    if math.type(o[name]) ~= "integer" or o[name] < 1 then
      common.refuse(who, name, "an integer >= 1", o[name])
    end
  end
  o.out_channels = o.out_channels or o.channels
  return o
end

--- ... halved from level to level, too; levels names the option that lists the levels.
function common.read(who, given, known, levels)
  local o = common.read_images(who, given, known)
  local n = #o[levels]
  if n == 0 then common.refuse(who, levels, "at least one level", "none") end
  local fold = 1 << (n - 1)
  if o.size % fold ~= 0 then
    common.refuse(who, "size", ("a multiple of %d, for %d levels"):format(fold, n), o.size)
  end
  return o
end

--- The levels sigma_max ... sigma_min of the options, num_scales of them.
function common.levels(o)
  local from, to = math.log(o.sigma_max), math.log(o.sigma_min)
  return core.linspace(from, to, o.num_scales, { dtype = "float64" }):exp()
end

--- sigma [N,1,1,1] in x's type from labels t [N]: the label itself or, where there are `levels`, the one of that
-- number, from 0.
function common.sigma(levels, x, t)
  local sigma = levels and levels:index_select(t:to "int64" + 1, 1) or t
  return sigma:to(x.dtype):reshape { -1, 1, 1, 1 }
end

-- One block, of x beside what a skip connection brings.
local function run(block, x, skip, e) return block(skip and core.cat({ x, skip }, 4) or x, e) end

--- The block's answer. Its intermediate handles go at once: without a graph so does their memory, with one no more
-- stays than the graph needs; and none of that with recompute, when backward runs the block again.
function common.run(recompute, ...)
  local scope <close> = core.scope()
  return scope:keep(recompute and core.checkpoint(run, ...) or run(...))
end

--- The options that say how many classes there are, and how often their labels are dropped.
function common.check_classes(who, name, o)
  if math.type(o[name]) ~= "integer" or o[name] < 0 then common.refuse(who, name, "a count of classes", o[name]) end
  if not (o.label_dropout >= 0 and o.label_dropout < 1) then
    common.refuse(who, "label_dropout", "a probability below 1", o.label_dropout)
  end
end

--- The labels of classes, int64 [n] (-1: none) or floats [n,classes], as floats [n,classes] for x [n,...]; zeros where
-- none are given, and for each sample with the probability of the layer `dropout`.
function common.class_labels(who, labels, x, classes, dropout)
  local n = x:shape(1)
  if labels == nil then return core.zeros({ n, classes }, { dtype = x.dtype }) end
  labels = class_labels.one_hot(who, labels, n, classes, x.dtype)
  if not dropout then return labels end
  return labels * dropout(core.ones({ n, 1 }, { dtype = x.dtype })):gt(0):to(labels.dtype)
end

return common
