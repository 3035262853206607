--- sl.guidance: scores given a condition, after grad log p(x|y) = grad log p(x) + grad log p(y|x).
-- sl.guidance.<name>(..., options) is what the file sdelua/guidance/methods/<name>.lua describes: something that every
-- sampler takes for a score. sl.guidance.list() prints them all. A row holds, besides doc, source and options,
--   arguments   names of those before the options; "process" and "score" are checked here
--   begin       function(o, a): checks the options o and the arguments a (by name), and may add to both
-- and one of
--   logp        function(o, a, at) -> [n], log p(y | x_t) up to a constant: scale times its gradient in at.x is added
--               to the score. at holds x, t [n] and rows (see sdelua/sde/score.lua); at:denoised() is E[x_0 | x_t = x],
--               through the network.
--   answer      function(o, a, at, ask) -> a list of what ask(score, x, t, rows) lists for a score, guided: its score
--               alone, or x0 and eps
-- Options of all: interval = { lo, hi }, the noise levels sigma = s/m at which there is guidance (Kynkaanniemi et al.
-- 2024); those with logp also have scale and norm (see sdelua/guidance/guided.lua).
local collection = require "sdelua.collection"
local Guided = require "sdelua.guidance.guided"

local guidance = { methods = collection "sdelua.guidance.methods" }

guidance.methods.known = Guided.known

return guidance.methods:open(guidance, { "name", "arguments", "doc", "source" }, function(row)
  return function(...) return Guided.new(row, ...) end
end)
