-- What turns losses into likelihoods: the part below eps, and dequantization.
local check = require "check"
local sl = require "sdelua"

local f64 = { dtype = "float64" }

check.test("eps_offset completes the bound of a process cut off at eps", function()
  local d = 0.6
  local x0 = sl.randn({ 20000, 2 }, f64) * d
  local entropy = 2 * (0.5 * math.log(2 * math.pi * d * d) + 0.5)
  for _, p in ipairs { sl.sde.VP {}, sl.sde.VE {}, sl.sde.subVP {} } do
    local function score(x, t)
      local m, s = p:coefficient("m", x, t), p:coefficient("s", x, t)
      return -x / (m * m * d * d + s * s)
    end
    for _, eps in ipairs { 1e-3, 0.05 } do
      local offset, x = sl.loss.eps_offset(p, score, x0, { eps = eps, seed = 3 })
      local at = p:point(eps)
      local var = (at.m * d) ^ 2 + at.s ^ 2
      local nll = (x:square() / var + math.log(2 * math.pi * var)):sum(2) * 0.5
      local bound = (nll + offset):mean():item()
      check.ok(bound > entropy - 0.05, p.name .. " " .. bound)
      check.close(bound, entropy, 0, eps < 0.01 and 0.06 or 0.3, p.name)
    end
  end
end)

check.test("dequantization: uniform and variational", function()
  local x = sl.tensor({ { 0, 255 }, { 10, 20 } }, { dtype = "uint8" })
  local plain = sl.loss.dequantizer {}
  local y, log_q = plain(x)
  check.ok(y:amin():item() >= -1 and y:amax():item() <= 1)
  check.eq(((y + 1) * 128):floor():totable(), x:to "float32":totable())
  check.eq(log_q:totable(), { 0, 0 })
  check.raises(function() plain(3) end, "dequantizer: argument x: expected a tensor")
  -- a batch in two halves, each before its loss, is noised as it is whole
  local vp, rows = sl.sde.VP {}, sl.cat({ x, x }, 1)
  local function step(part)
    local data = plain(part)
    sl.loss.dsm(vp, function(v) return -v end, data)
    return data
  end
  sl.set_rng_state { seed = 6, seen = 20 }
  local whole = step(rows)
  sl.set_rng_state { seed = 6, seen = 20 }
  check.eq(sl.cat({ step(rows:narrow(1, 1, 3)), step(rows:narrow(1, 4, 1)) }, 1):totable(), whole:totable())
  -- the density of u = sigmoid(mu + e^a z), by the change of variables
  local mu, a = sl.tensor(0.3, f64):requires_grad_(), -0.4
  local variational = sl.loss.dequantizer {
    dtype = "float64", levels = 4, net = function(v) return mu + v * 0, a + v * 0 end,
  }
  local z = sl.tensor({ { 0.2, -1 } }, f64)
  local u, q = variational(sl.tensor({ { 1, 3 } }, { dtype = "uint8" }), { z = z })
  local want = 0
  for i, value in ipairs(z:totable()[1]) do
    local w = 1 / (1 + math.exp(-(0.3 + math.exp(a) * value)))
    check.close((u:totable()[1][i] + 1) * 2 - (i == 1 and 1 or 3), w, 1e-9)
    want = want - value ^ 2 / 2 - 0.5 * math.log(2 * math.pi) - a - math.log(w * (1 - w))
  end
  check.close(q:item(), want, 1e-9)
  q:sum():backward()
  check.ok(mu.grad:item() ~= 0)
end)

-- Data of four levels, each the share that N(0, d^2) has in its cell. The best noise in a cell is that normal itself,
-- and the bound on -log P then the entropy.
check.test("variational noise is trained with the score by a likelihood loss, for the better bound", function()
  local d, levels, n = 0.35, 4, 4000
  local p, normal = sl.sde.VP {}, sl.noise { seed = 8 }
  local x = ((normal:normal({ n, 1 }, 1, "float32") * d + 1) * 2):floor():clamp(0, levels - 1)
  local k = sl.tensor({ 0.8 }):requires_grad_() -- of a score that is right with 1
  local function score(v, t)
    return v * -k / ((p:coefficient("m", v, t) * d):square() + p:coefficient("s", v, t):square())
  end
  local mu, a = sl.zeros(levels):requires_grad_(), sl.zeros(levels):requires_grad_()
  local function own(v) -- each level its own numbers
    local level = ((v + 1) * (levels / 2)):round():to "int64":reshape { -1 } + 1
    return mu:index_select(level, 1):reshape { -1, 1 }, a:index_select(level, 1):reshape { -1, 1 }
  end
  local uniform = sl.loss.dequantizer { levels = levels }
  local variational = sl.loss.dequantizer { levels = levels, net = own }
  local optimizer = sl.optim.Adam({ k, mu, a }, { lr = 0.03 })
  local opts = { weighting = "likelihood", t_sampling = "importance", reduce_mean = false }
  sl.manual_seed(3)
  for _ = 1, 150 do
    local scope <close> = sl.scope()
    local data, log_q = variational(x)
    -- E int g^2/2 |score + z/s|^2 is -log p but for a number: no data are left at T
    local loss = sl.loss.dsm(p, score, data, opts) * (p.T - p.eps.train) + log_q:mean()
    optimizer:zero_grad()
    loss:backward()
    optimizer:step()
  end
  check.close(k:item(), 1, 0.05)
  -- the mean of log q - log p, in nats
  local function bound(dequantizer)
    local data, log_q = sl.no_grad(dequantizer, x)
    local log_p = sl.no_grad(sl.likelihood.ode, p, score, data, { trace = "exact" })
    return (log_q - log_p):mean():item() - math.log(2 / levels)
  end
  local entropy = 0
  for level = 0, levels - 1 do
    local share = x:eq(sl.tensor { level }):to "float32":mean():item()
    entropy = entropy - share * math.log(share)
  end
  local even, shaped = bound(uniform), bound(variational)
  check.ok(even > entropy + 0.08 and shaped < even - 0.06, ("%g, %g, entropy %g"):format(even, shaped, entropy))
  check.close(shaped, entropy + 0.02, 0, 0.02)
end)
