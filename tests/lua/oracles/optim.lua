-- Optimizers and the moving average of parameters. Values of PyTorch 1.13 and of score_sde's ema.py.
local oracle = require "oracle"
local sl = require "sdelua"

local optim = sl.optim

local function leaf(t) return t:clone():requires_grad_() end

-- ---- ten steps on 0.5 (p1-c1)' A (p1-c1) + 1.5 |p2-c2|^2 ----------------------------------------------------

local function loss_of(a, p1, p2)
  local d, e = p1 - a.c1, p2 - a.c2
  return (d * a.A:matmul(d)):sum() * 0.5 + e:square():sum() * 1.5
end

-- Options of the reference whose names are ours; betas has two.
local SAME = { "lr", "eps", "weight_decay", "momentum", "dampening", "nesterov", "amsgrad" }

local function options(params)
  local o = { grad_clip = params.clip > 0 and params.clip or nil }
  for _, name in ipairs(SAME) do o[name] = params[name] end
  if params.betas then o.beta1, o.beta2 = table.unpack(params.betas) end
  return o
end

local function steps(case, dtype, suffix)
  local a, rows = {}, { loss = {}, norm = {}, p1 = {}, p2 = {} }
  for name, value in pairs(case.arrays) do a[name] = value:to(dtype) end
  local p1, p2 = leaf(a.p1_0), leaf(a.p2_0)
  local opt = optim[case.params.optimizer]({ p1, p2 }, options(case.params))
  for step = 1, a.loss:shape(1) do
    local loss = loss_of(a, p1, p2)
    opt:zero_grad()
    loss:backward()
    rows.loss[step], rows.norm[step] = loss:detach(), sl.tensor(opt:step(), { dtype = "float64" })
    rows.p1[step], rows.p2[step] = p1:detach():clone(), p2:detach():clone()
  end
  for name, list in pairs(rows) do oracle.close(case, name .. suffix, sl.stack(list, 1)) end
end

oracle.replay("ops", "^optim_", function(case)
  steps(case, "float32", "")
  steps(case, "float64", "_f64")
end)

-- ---- the moving average ---------------------------------------------------------------------------------------

local function averages(case, dtype, suffix)
  local a, params = {}, case.params
  for name, value in pairs(case.arrays) do a[name] = value:to(dtype) end
  local p1, p2 = leaf(a.p1[1]), leaf(a.p2[1])
  local ema = optim.EMA({ p1, p2 }, { decay = params.decay, warmup = params.use_num_updates })
  local rows = { ema1 = {}, ema2 = {} }
  for i = 1, a.ema1:shape(1) do
    sl.no_grad(function()
      p1:copy_(a.p1[i + 1])
      p2:copy_(a.p2[i + 1])
    end)
    ema:update()
    local state = ema:state_dict()
    rows.ema1[i], rows.ema2[i] = state["avg.1"]:clone(), state["avg.2"]:clone()
  end
  for name, list in pairs(rows) do oracle.close(case, name .. suffix, sl.stack(list, 1)) end
end

oracle.replay("ops", "^ema_", function(case)
  averages(case, "float32", "")
  averages(case, "float64", "_f64")
end, { decays = "inside; the averages show it" })
