-- The network of the reference's training losses, two 3x3 convolutions with an embedding of the label between them, and
-- its layout of arrays: images N,C,H,W, weights [out,in,kh,kw].
local layout = require "layout"
local sl = require "sdelua"

local tiny = {}

tiny.WEIGHTS = { "emb.weight", "emb.bias", "conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias" }

tiny.images = layout.last

--- Our layout of a weight: [in,out], [kh,kw,in,out].
function tiny.ours(w)
  if w:dim() == 4 then return layout.kernel(w) elseif w:dim() == 2 then return w:transpose(1, 2) end
  return w
end

--- net(x, labels), its parameters by name, and what it was given and said at its last call: { x, labels, out }.
function tiny.network(case, dtype)
  local p, seen = {}, {}
  for _, name in ipairs(tiny.WEIGHTS) do
    p[name] = tiny.ours(case.arrays["param." .. name]:to(dtype)):clone():requires_grad_()
  end
  local function net(x, labels)
    local f = sl.stack({ (labels * 0.01):sin(), (labels * 0.05):cos() }, 2)
    local e = sl.linear(f, p["emb.weight"], p["emb.bias"]):silu()
    local h = sl.conv2d(x, p["conv1.weight"], p["conv1.bias"], { padding = 1 }) + e:reshape { e:shape(1), 1, 1, -1 }
    seen.x, seen.labels = x, labels
    seen.out = sl.conv2d(h:silu(), p["conv2.weight"], p["conv2.bias"], { padding = 1 })
    return seen.out
  end
  return net, p, seen
end

return tiny
