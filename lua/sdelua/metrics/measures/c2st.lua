local sl = require "sdelua"
local common = require "sdelua.metrics.common"
local draws = require "sdelua.data.draws"
local permutation = require "sdelua.core".data.permutation

-- Seeds the generator and gives it back as it was when the scope ends.
local function seeded(seed)
  local before = sl.rng_state()
  sl.manual_seed(seed)
  return setmetatable({}, { __close = function() sl.set_rng_state(before) end })
end

local function network(features, hidden)
  local nn = sl.nn
  return nn.Sequential {
    nn.Linear(features, hidden), sl.silu, nn.Linear(hidden, hidden), sl.silu, nn.Linear(hidden, 1),
  }
end

-- A network that says > 0 for sign +1; trained on the logistic loss over batches in a seeded order.
local function train(o, x, sign)
  local net, n = network(x:shape(2), o.hidden), x:shape(1)
  local optimizer = sl.optim.AdamW(net:parameters(), { lr = o.lr, weight_decay = 1e-3 })
  local batches = sl.data.loader(x, { batch = math.min(o.batch, n), seed = o.seed, labels = sign })
  for _ = 1, o.steps do
    local scope <close> = sl.scope()
    local part, labels = batches()
    local loss = (-net(part):reshape { -1 } * labels):softplus():mean()
    optimizer:zero_grad()
    loss:backward()
    optimizer:step()
  end
  return net
end

-- 1 for each held-out point told right, [n]: trained on one half, asked about the other, both ways.
local function told_right(o, all, sign)
  local n, parts = all:shape(1), {}
  local half = n // 2
  for fold = 1, 2 do
    local back <close> = seeded(o.seed + fold)
    local first, other = fold == 1 and 1 or half + 1, fold == 1 and half + 1 or 1
    local count = fold == 1 and half or n - half
    local net = sl.enable_grad(train, o, all:narrow(1, first, count), sign:narrow(1, first, count))
    local said = net(all:narrow(1, other, n - count)):reshape { -1 } * sign:narrow(1, other, n - count)
    parts[fold] = said:gt(0):to "float64"
  end
  return sl.cat(parts, 1)
end

-- As many of each, scaled to mean 0 and std 1, in a seeded order.
local function pooled(o, x, y)
  local n = math.min(x:shape(1), y:shape(1))
  local all = sl.cat({ x:narrow(1, 1, n), y:narrow(1, 1, n) }, 1)
  local sign = sl.cat({ sl.ones { n }, -sl.ones { n } }, 1)
  local std = all:std(1, true)
  all = ((all - all:mean(1, true)) / sl.where(std:gt(0), std, std * 0 + 1)):to "float32"
  local order = permutation(2 * n, o.seed, 0)
  return all:index_select(order, 1), sign:index_select(order, 1)
end

return {
  doc = "Classifier two-sample test: the held-out accuracy of a network that tells x from y; 1/2 where the "
    .. "distributions are the same. p is the chance of such an accuracy or a larger one if they are.",
  source = "Lopez-Paz & Oquab 2017; sbi's sbi/utils/metrics.py, c2st",
  options = { steps = 300, batch = 256, hidden = 64, lr = 5e-3 },
  measure = function(o, x, y)
    local right = told_right(o, pooled(o, x, y))
    local n = right:shape(1)
    local values = common.weights(o, n, draws.RESAMPLE_X):matmul(right)
    local above = (values:totable()[1] - 0.5) * 2 * math.sqrt(n)
    local p = 0.5 * (1 - sl.erf(sl.tensor({ above / math.sqrt(2) }, { dtype = "float64" })):item())
    return common.result(o, "c2st", values, { p = p })
  end,
}
