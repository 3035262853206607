-- What command lines say of classes: the options, and the score that they ask for.
local sl = require "sdelua"
local cli = require "sdelua.train.cli"

local conditions = {}

local NAMES = { "guidance", "interval", "classifier" }

--- Adds --class, with that text, and how strongly.
function conditions.add(parser, text)
  parser:option("--class", text):target "class":convert(cli.classes)
  parser:option("--guidance", "Strengthen the class by this scale (1: none), without a classifier unless --classifier "
    .. "names one."):convert(cli.number(0, true))
  parser:option("--interval", "Guidance at noise levels s/m between these two alone, such as 0.2,3.")
    :convert(cli.numbers(2))
  parser:option("--classifier", "A classifier of scripts/train_classifier.lua --noisy, to be guided by.")
end

-- The classes of samples first + 1 .. first + n, of which `each` in a row share one.
local function classes_of(all, first, n, each)
  local list = {}
  for i = 1, n do list[i] = all[(first + i - 1) // each % #all + 1] end
  return list
end

--- A function (first, n) -> the score of samples first + 1 .. first + n. The classes that `a` names come in turn, each
-- for as many samples as `each` says (1).
function conditions.scores(a, model, parser, each)
  local function refuse(option, why) parser:error(("option '--%s': %s"):format(option, why)) end
  if not a.class then
    for _, name in ipairs(NAMES) do
      if a[name] then refuse(name, "expected --class with it") end
    end
    return function() return model.score end
  end
  local o = { scale = a.guidance, interval = a.interval }
  local function classes(first, n) return classes_of(a.class, first, n, each or 1) end
  if a.interval and not a.guidance then refuse("interval", "expected --guidance with it") end
  if a.classifier then
    local classifier = sl.train.load_classifier(a.classifier)
    return function(first, n)
      return sl.guidance.classifier(model.process, model.score, classifier, classes(first, n), o)
    end
  end
  if not model.classes then
    refuse("class", "expected a checkpoint trained with --classes, or --classifier, got neither")
  end
  return function(first, n) return sl.guidance.classifier_free(model.score, classes(first, n), o) end
end

return conditions
