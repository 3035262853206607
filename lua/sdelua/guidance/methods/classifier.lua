local sl = require "sdelua"
local errors = require "sdelua.errors"
local labels = require "sdelua.sde.labels"
local show = require "sdelua.options".show

local function logits_of(o, a, at)
  local y, n = a.classifier(at.x, at.t), at.x:shape(1)
  if not sl.is_tensor(y) or y:dim() ~= 2 or y:shape(1) ~= n then
    errors.raise("%s: argument classifier: expected logits [%d,classes], got %s", o.who, n, show(y))
  end
  return y
end

return {
  doc = "Classifier guidance: the score and scale times the gradient of log p(y | x_t), of a classifier(x, t [n]) -> "
    .. "logits [n,classes] that knows noise; labels a class, or each sample's own. One that has a method "
    .. "under(process), as those of scripts/train_classifier.lua, is asked as one of images that this process noised.",
  source = "Song et al. 2021, eq. 14; Dhariwal & Nichol 2021, algorithm 2",
  arguments = { "process", "score", "classifier", "labels" }, subject = "classifier",
  begin = function(o, a)
    if not require "sdelua.options".callable(a.classifier) then
      errors.raise("%s: argument classifier: expected a function (x, t), got %s", o.who, show(a.classifier))
    end
    local own = type(a.classifier) == "table" and a.classifier or {}
    if type(own.under) == "function" then a.classifier = own:under(a.process) end
    a.classes_at = labels.of(o.who, a.labels, own.num_classes, 0)
  end,
  logp = function(o, a, at)
    local logits, y = logits_of(o, a, at), a.classes_at(at.x, at.rows)
    if y:dim() == 1 then labels.check_range(o.who, y, logits:shape(2), 0) end
    y = labels.one_hot(o.who, y, at.x:shape(1), logits:shape(2), logits.dtype)
    return (logits:log_softmax(2) * y):sum(2)
  end,
}
