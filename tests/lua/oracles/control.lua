-- Inpainting and colorization by predictor-corrector replayed: sl.posterior.replacement { published = true }.
local oracle = require "oracle"
local sl = require "sdelua"

local NORMS = { langevin = "batch", ald = "kernel" }

local function predictor(p)
  if p.predictor ~= "ancestral_sampling" then return p.predictor end
  return sl.solve.ancestral { variance = p.sde == "ve" and "small" or "v" }
end

local function method(p)
  return sl.posterior.replacement {
    predictor = predictor(p), corrector = NORMS[p.corrector] and "langevin" or "none", norm = NORMS[p.corrector],
    snr = p.snr, n_steps = p.n_steps, steps = p.N, eps = p.eps, levels = "paper", denoise = p.denoise,
    published = true,
  }
end

-- The channels of [N,3,H,W] mixed by the columns of M, or by its rows.
local function mixed(x, M, by_rows)
  local N, C, H, W = table.unpack(x:shape())
  local flat = x:reshape({ N, C, H * W }):transpose(2, 3):matmul(by_rows and M:transpose(1, 2) or M)
  return flat:transpose(2, 3):reshape { N, C, H, W }
end

-- Grey, the first of three orthonormal mixtures of the channels, is measured. The draws that the reference makes in
-- the mixtures are lifted to what ours are, images.
local function color(gray, dtype)
  local a, b, c = 1 / math.sqrt(3), 1 / math.sqrt(6), 1 / math.sqrt(2)
  local M = sl.tensor({ { a, -2 * b, 0 }, { a, b, c }, { a, b, -c } }, { dtype = dtype })
  local _, C, H, W = table.unpack(gray:shape())
  local D = C * H * W
  local function flat(x) return x:reshape { x:shape(1), -1 } end
  local function padded(y) return y:pad({ 0, 0 }, { 0, D - H * W }) end
  local function Vt(x) return flat(mixed(x, M)) end
  local operator = sl.inverse.define {
    shape = { C, H, W }, measured = { H * W }, linear = true,
    apply = function(x) return Vt(x):narrow(2, 1, H * W) end,
    svd = function()
      return {
        s = padded(sl.ones({ 1, H * W }, { dtype = "float64" })):reshape { D }, Vt = Vt, Ut = padded,
        V = function(v) return mixed(v:reshape { v:shape(1), C, H, W }, M, true) end,
      }
    end,
  }
  local function start(process, z) -- the first channel of the prior, not its grey, goes
    local x = process:prior_sampling(z:shape(), { dtype = dtype, noise = function() return z end })
    local rest = x * sl.tensor({ 0, 1, 1 }, { dtype = dtype }):reshape { 1, 3, 1, 1 }
    return operator:pinv(operator:apply(gray)) + rest
  end
  return operator, operator:apply(gray), function(z) return mixed(z, M, true) end, start
end

-- Each image has a mask of its own: an operator for this batch alone, with the singular values of each row.
local function inpainting(a, dtype)
  local shape, N = a.mask:shape(), a.mask:shape(1)
  local masks = a.mask:to(dtype):reshape { N, -1 }
  local function flat(x) return x:reshape { N, -1 } end
  local operator = sl.inverse.define {
    shape = { table.unpack(shape, 2) }, measured = { masks:shape(2) }, linear = true,
    apply = function(x) return flat(x) * masks end,
    svd = function()
      local function masked(y) return y * masks end
      return { s = masks, Vt = flat, V = function(v) return v:reshape(shape) end, Ut = masked }
    end,
  }
  return operator, operator:apply(a.data:to(dtype)), function(z) return z end
end

-- An operator, y, what becomes of the draws of measured coordinates and, where it is not ours, the start.
local function problem(a, dtype)
  if a.gray then return color(a.gray:to(dtype), dtype) end
  return inpainting(a, dtype)
end

-- The numbers of the draws of measured coordinates: after the prior, in each step those that follow corrector and
-- predictor.
local function known_draws(p)
  local corrections = p.corrector == "none" and 0 or p.n_steps
  local predictions = p.predictor == "none" and 0 or 1
  local known, number = {}, 1
  for _ = 1, p.N do
    known[number + corrections + 1] = true
    number = number + corrections + predictions + 2
    known[number] = true
  end
  return known
end

local function replay(case, dtype, suffix)
  local a, p = case.arrays, case.params
  local process, xs, ts = oracle.process(p), {}, {}
  local exact = oracle.mixture_score(process, a.gmm_weights, a.gmm_means, a.gmm_vars)
  local function score(x, t)
    xs[#xs + 1], ts[#ts + 1] = x, t:narrow(1, 1, 1)
    return exact(x, t)
  end
  local operator, y, lifted, start = problem(a, dtype)
  local known = known_draws(p)
  local x = method(p)(process, score, operator, y, {
    x = start and start(process, a.noise:select(1, 1):to(dtype)),
    noise = function(_, number)
      local z = a.noise:select(1, number):to(dtype)
      return known[number] and lifted(z) or z
    end,
  })
  oracle.close(case, "final" .. suffix, x)
  oracle.close(case, "score_x" .. suffix, sl.stack(xs, 1))
  oracle.close(case, "score_t" .. suffix, sl.cat(ts, 1))
end

oracle.replay("control", "", function(case)
  replay(case, "float32", "")
  replay(case, "float64", "_f64")
end)
