local sl = require "sdelua"
local errors = require "sdelua.errors"
local column = require "sdelua.sde.common".column
local labels = require "sdelua.sde.labels"
local show = require "sdelua.options".show

-- What is said of the samples with and without their classes, in one call of the network.
local function both(a, at, ask)
  local classes, n = a.given.classes_at(at.x, at.rows), at.x:shape(1)
  local doubled = a.score:given(sl.cat({ classes, labels.none(classes) }, 1))
  local with, without = {}, ask(doubled, sl.cat({ at.x, at.x }, 1), sl.cat({ at.t, at.t }, 1))
  for i, y in ipairs(without) do with[i], without[i] = y:narrow(1, 1, n), y:narrow(1, n + 1, n) end
  return with, without
end

return {
  doc = "Classifier-free guidance: what the network says without a class, and scale times what the class changes. "
    .. "scale 1 is the score given the class, 0 that without; 1 + w in the paper's words. Outside of interval (noise "
    .. "levels sigma = s/m): the score given the class.",
  source = "Ho & Salimans 2022, eq. 6; Kynkaanniemi et al. 2024",
  arguments = { "score", "labels" },
  options = { scale = 1.0 },
  begin = function(o, a)
    if type(a.score) ~= "table" or type(a.score.given) ~= "function" then
      errors.raise("%s: argument score: expected one made by process:score(net), got %s", o.who, show(a.score))
    elseif a.labels == nil then
      errors.raise("%s: argument labels: expected a class, or each sample's own, got nil", o.who)
    end
    a.given = a.score:given(a.labels, o.who)
  end,
  answer = function(o, a, at, ask)
    local within = at:within()
    if o.scale == 1 or (within and within:amax():item() == 0) then return ask(a.given, at.x, at.t, at.rows) end
    if o.scale == 0 and not within then return ask(a.score:given(), at.x, at.t) end
    local with, without = both(a, at, ask)
    for i, u in ipairs(without) do
      local guided = u + (with[i] - u) * o.scale
      with[i] = within and sl.where(column(within, guided), guided, with[i]) or guided
    end
    return with
  end,
}
