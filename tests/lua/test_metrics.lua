-- Metrics against closed forms of Gaussians; their intervals; the same on any count of threads.
local check = require "check"
local sl = require "sdelua"

local metrics = sl.metrics
local f64 = { dtype = "float64" }

-- n points of N(mean, std^2), the same for the same seed.
local function gaussian(n, mean, std, seed)
  local m = metrics.mixture { means = { mean }, stds = std }
  return m:sample(n, { seed = seed, dtype = "float64" })
end

local function phi(x) return 0.5 * (1 + sl.erf(sl.tensor({ x / math.sqrt(2) }, f64)):item()) end

-- E|N(d, v)|: a folded normal.
local function folded(d, v)
  local s = math.sqrt(v)
  return s * math.sqrt(2 / math.pi) * math.exp(-d * d / (2 * v)) + d * (1 - 2 * phi(-d / s))
end

local function within(result, want, slack)
  local text = ("%s, expected %.5g"):format(tostring(result), want)
  check.ok(math.abs(result.value - want) <= slack, text)
  check.ok(result.low <= result.value and result.value <= result.high, text)
end

check.test("every metric is listed with its source", function()
  local names = {}
  for _, row in ipairs(metrics.list()) do
    names[#names + 1] = row.name
    check.ok(#row.doc > 20 and #row.source > 8, row.name)
  end
  check.eq(names, { "c2st", "energy_distance", "frechet", "mmd", "precision_recall", "psnr",
    "score_error", "sliced_wasserstein", "ssim" })
  check.eq(metrics.inception, nil)
end)

check.test("energy distance of N(0, 1) and N(1, 4)", function()
  local x, y = gaussian(1500, { 0 }, 1, 1), gaussian(1200, { 1 }, 2, 2)
  local r = metrics.energy_distance(x, y)
  within(r, 2 * folded(1, 5) - folded(0, 2) - folded(0, 8), 0.06)
  within(metrics.energy_distance(x, gaussian(1500, { 0 }, 1, 3)), 0, 0.01)
end)

-- Both by their definition, over all pairs; the same row twice does not make a pair.
check.test("few points: the mean over pairs", function()
  local a, b = { 0.3, 1.1, -0.7, 2 }, { 1.5, 0.2, 0.9 }
  local function mean(f, x, y)
    local sum, n = 0, 0
    for i, u in ipairs(x) do
      for j, v in ipairs(y) do
        if x ~= y or i ~= j then sum, n = sum + f(u, v), n + 1 end
      end
    end
    return sum / n
  end
  local x, y = sl.tensor(a, f64):reshape { 4, 1 }, sl.tensor(b, f64):reshape { 3, 1 }
  local function gap(u, v) return math.abs(u - v) end
  local energy = 2 * mean(gap, a, b) - mean(gap, a, a) - mean(gap, b, b)
  check.close(metrics.energy_distance(x, y, { bootstrap = 0 }).value, energy, 1e-9)
  local function bell(u, v) return math.exp(-(u - v) ^ 2 / (2 * 0.8 ^ 2)) end
  local mmd = mean(bell, a, a) + mean(bell, b, b) - 2 * mean(bell, a, b)
  check.close(metrics.mmd(x, y, { bandwidth = 0.8, bootstrap = 0 }).value, mmd, 1e-9)
end)

check.test("mmd of Gaussians in three dimensions", function()
  local h, D = 1.5, 3
  local x, y = gaussian(1000, { 0, 0, 0 }, 1, 1), gaussian(1000, { 1, 0, 0 }, 1.5, 2)
  -- E exp(-|N(d, v I)|^2/(2 h^2)) = (h^2/(h^2 + v))^(D/2) exp(-d^2/(2 (h^2 + v)))
  local function mean_kernel(d, v) return (h * h / (h * h + v)) ^ (D / 2) * math.exp(-d * d / (2 * (h * h + v))) end
  local want = mean_kernel(0, 2) + mean_kernel(0, 4.5) - 2 * mean_kernel(1, 3.25)
  within(metrics.mmd(x, y, { bandwidth = h }), want, 0.01)
  -- cubic: E (1 + X.Y/D)^3 with X, Y of means a, b and variances u, v
  local function cubic(a, u, b, v)
    local mean, var = a * b, D * u * v + b * b * u + a * a * v
    local third = 6 * a * b * u * v -- third central moment of X.Y
    local c = 1 + mean / D
    return c ^ 3 + 3 * c * var / D ^ 2 + third / D ^ 3
  end
  local cubed = cubic(0, 1, 0, 1) + cubic(1, 2.25, 1, 2.25) - 2 * cubic(0, 1, 1, 2.25)
  local r = metrics.mmd(x, y, { kernel = "cubic" })
  within(r, cubed, 0.35 * math.abs(cubed))
  check.ok(metrics.mmd(x, y).bandwidth > 1)
  check.raises(function() metrics.mmd(x, y, { kernel = "box" }) end, "mmd: option kernel")
end)

check.test("sliced Wasserstein of a shift and of a scale", function()
  local x = gaussian(1000, { 0, 0 }, 1, 1)
  local shifted = metrics.sliced_wasserstein(x, x + sl.tensor({ { 3, 4 } }, f64), { directions = 200, bootstrap = 0 })
  -- E (theta.d)^2 = |d|^2/D
  check.close(shifted.value, math.sqrt(25 / 2), 0.1)
  check.eq(shifted.low, nil)
  within(metrics.sliced_wasserstein(x, gaussian(700, { 0, 0 }, 2, 2), { directions = 16, bootstrap = 20 }), 1, 0.1)
  -- against a direct sort, for sets of one size
  local a, b = sl.tensor({ { 3 }, { 1 }, { 2 } }, f64), sl.tensor({ { 5 }, { 0 }, { 2 } }, f64)
  check.close(metrics.sliced_wasserstein(a, b, { bootstrap = 0 }).value, math.sqrt((1 + 0 + 4) / 3), 1e-9)
end)

check.test("Frechet distance of Gaussians with known moments", function()
  local x = gaussian(4000, { 0, 0 }, { { 1, 1 } }, 1)
  local y = gaussian(4000, { 1, 2 }, { { 2, 0.5 } }, 2)
  within(metrics.frechet(x, y), 5 + 1 + 0.25, 0.25)
  -- covariances that do not commute: |m|^2 + tr(A + B) - 2 tr((A B)^(1/2)), 2x2: tr of the root from trace and det
  local turn = sl.tensor({ { 0.6, 0.8 }, { -0.8, 0.6 } }, f64)
  local function moments(z)
    local c = z - z:mean(1, true)
    return c:transpose(1, 2):matmul(c) / (z:shape(1) - 1)
  end
  local z = y:matmul(turn)
  local A, B = moments(x), moments(z)
  local product = A:matmul(B):totable()
  local t, det = product[1][1] + product[2][2], product[1][1] * product[2][2] - product[1][2] * product[2][1]
  local roots = math.sqrt(t + 2 * math.sqrt(det))
  local traces = A:totable()[1][1] + A:totable()[2][2] + B:totable()[1][1] + B:totable()[2][2]
  local means = (x:mean(1) - z:mean(1)):square():sum():item()
  check.close(metrics.frechet(x, z, { bootstrap = 0 }).value, means + traces - 2 * roots, 1e-9)
  check.close(metrics.frechet(x, x, { bootstrap = 0 }).value, 0, 0, 1e-9)
end)

check.test("the classifier tells two Gaussians as well as can be", function()
  local x, y = gaussian(1000, { 0, 0 }, 1, 1), gaussian(1000, { 2, 0 }, 1, 2)
  local before = sl.rng_state()
  local r = metrics.c2st(x, y, { steps = 100 })
  within(r, phi(1), 0.03)
  check.ok(r.p < 1e-6)
  check.eq(sl.rng_state(), before)
  local same = metrics.c2st(x, gaussian(1000, { 0, 0 }, 1, 3), { steps = 60 })
  within(same, 0.5, 0.05)
  check.ok(same.p > 1e-3)
  check.eq(metrics.c2st(x, y, { steps = 100 }).value, r.value)
end)

check.test("precision and recall of overlapping squares", function()
  local x = sl.linspace(0, 1, 400, f64):reshape { 400, 1 }
  local wide = sl.linspace(0, 2, 400, f64):reshape { 400, 1 }
  local r = metrics.precision_recall(x, wide)
  check.close({ r.precision.value, r.recall.value }, { 1, 0.5 }, 0, 0.01)
  check.ok(r.recall.low < 0.5 and r.recall.high > 0.5)
  local far = metrics.precision_recall(x, x + 9, { k = 1 })
  check.eq({ far.precision.value, far.recall.value }, { 0.0, 0.0 })
  -- radius of the k-th neighbour: spacing 1, so k = 2 reaches to 1 (inside) and 2 (at the ends)
  local line = sl.arange(0, 6, 1, f64):reshape { 6, 1 }
  local probe = sl.tensor({ { -2 }, { -2.1 }, { 3.4 }, { 7 }, { 7.1 } }, f64)
  check.close(metrics.precision_recall(probe, line, { k = 2 }).precision.value, 3 / 5, 1e-9)
  check.raises(function() metrics.precision_recall(x, wide, { k = 400 }) end, "precision_recall: option k")
end)

check.test("a mixture's density, score and samples agree", function()
  local m = metrics.mixture { weights = { 1, 3 }, means = { { -1, 0 }, { 2, 1 } }, stds = { { 0.5, 1 }, { 1, 0.3 } } }
  local x = m:sample(5000, { seed = 4, dtype = "float64" })
  check.close(x:mean(1):totable(), { 0.25 * -1 + 0.75 * 2, 0.75 }, 0.05, 0.03)
  check.eq(m:sample(3, { seed = 4, first = 7, dtype = "float64" }):totable(), x:narrow(1, 8, 3):totable())
  local z = x:narrow(1, 1, 50):clone():requires_grad_()
  local p = sl.sde.EDM {}
  local gradient = sl.grad(m:logp(z):sum(), z)
  check.ok((m:score(p)(z, 0) - gradient):abs():amax():item() < 1e-9)
  local vp, t = sl.sde.VP {}, 0.3
  local at, alone = vp:point(t), metrics.mixture { means = { { 2, -1 } }, stds = 0.5 }
  local want = -(z - alone.means * at.m) / (at.m ^ 2 * 0.25 + at.s ^ 2)
  check.ok((alone:score(vp)(z, t) - want):abs():amax():item() < 1e-9)
  -- the density integrates to 1, and one component is a Gaussian's
  local one = metrics.mixture { means = { { 1 } }, stds = 2 }
  check.close(one:logp(sl.tensor({ { 3 } }, f64)):item(), -0.5 - math.log(2) - 0.5 * math.log(2 * math.pi), 1e-9)
end)

check.test("the error of a known score is known", function()
  local m = metrics.mixture { means = { { -1, 0 }, { 2, 1 } }, stds = 0.5 }
  local vp = sl.sde.VP {}
  local exact = m:score(vp)
  local none = metrics.score_error(vp, exact, m, { n = 200 })
  check.close(none.value, 0, 0, 1e-9)
  local function off(x, t) return exact(x, t) + 0.1 / vp:coefficient("s", x, t) end
  local r = metrics.score_error(vp, off, m, { n = 200, times = { 0.1, 0.5, 1 } })
  check.close(r.value, 0.01, 1e-3)
  check.eq(r.times, { 0.1, 0.5, 1 })
  check.close(r.errors, { 0.01, 0.01, 0.01 }, 1e-3)
end)

check.test("intervals are as wide as the metric varies", function()
  local values, widths = {}, 0
  local runs = 15
  for i = 1, runs do
    local r = metrics.energy_distance(gaussian(200, { 0 }, 1, 10 + i), gaussian(200, { 1 }, 1, 100 + i))
    values[i], widths = r.value, widths + (r.high - r.low) / runs
  end
  local t = sl.tensor(values, f64)
  check.close(widths, 2 * 1.96 * t:std():item(), 0.45)
  local x, y = gaussian(300, { 0 }, 1, 1), gaussian(300, { 1 }, 1, 2)
  local wide, narrow = metrics.mmd(x, y, { confidence = 0.99 }), metrics.mmd(x, y, { confidence = 0.5 })
  check.ok(wide.high - wide.low > narrow.high - narrow.low)
  check.eq(narrow.confidence, 0.5)
end)

check.test("the same numbers on any count of threads, and errors by name", function()
  local x, y = gaussian(600, { 0, 0 }, 1, 1), gaussian(530, { 1, 0 }, 1, 2)
  local threads, got = sl.threads(), {}
  for i, n in ipairs { 1, 2 } do
    sl.set_threads(n)
    got[i] = {}
    for _, name in ipairs { "energy_distance", "mmd", "frechet", "sliced_wasserstein" } do
      local options = { bootstrap = 3, directions = name == "sliced_wasserstein" and 8 or nil }
      local r = metrics[name](x, y, options)
      got[i][name] = { r.value, r.low, r.high }
    end
  end
  sl.set_threads(threads)
  check.eq(got[1], got[2])
  check.raises(function() metrics.mmd(x, y:narrow(2, 1, 1)) end, "mmd: argument y: expected 2 features like x, got 1")
  check.raises(function() metrics.mmd(1, y) end, "mmd: argument x: expected a tensor")
  check.raises(function() metrics.mmd(x, y, { bootstrap = -1 }) end, "mmd: option bootstrap")
  check.raises(function() metrics.mmd(x, y, { confidence = 2 }) end, "mmd: option confidence")
  check.raises(function() metrics.mixture {} end, "mixture: option means")
end)

check.test("features of pictures that a classifier can tell", function()
  -- a bright square at one of three places
  local function pictures(n, seed)
    local labels = sl.floor(metrics.mixture { means = { { 0 } } }:sample(n, { seed = seed }):sigmoid() * 2.999)
    local images = {}
    for i, label in ipairs(labels:reshape { -1 }:totable()) do
      local image = sl.zeros { 8, 8, 1 }
      image:narrow(2, 1 + 2 * math.tointeger(label), 2):fill_(1)
      images[i] = image
    end
    return sl.stack(images, 1) * 2 - 1, labels:reshape { -1 }:to "uint8"
  end
  local x, y = pictures(128, 1)
  local test_x, test_y = pictures(64, 2)
  local before = sl.rng_state()
  local options = { images = x, labels = y, test_images = test_x, test_labels = test_y, steps = 40, batch = 32,
    width = 4, features = 8, lr = 1e-2 }
  local f = metrics.features.train(options)
  check.ok(f.accuracy > 0.95, tostring(f))
  check.eq(f(test_x):shape(), { 64, 8 })
  check.eq(sl.rng_state(), before)
  check.eq(metrics.features.train(options)(test_x):totable(), f(test_x):totable())
  check.raises(function() metrics.features.train { images = x } end, "features: option images")
end)

-- The values that scikit-image 0.19.3 gives for these images, with the window of Wang et al. and no border.
check.test("PSNR and SSIM of a pair of images", function()
  local i = sl.arange(13, f64):reshape { 13, 1, 1 }
  local j, c = sl.arange(15, f64):reshape { 1, 15, 1 }, sl.arange(2, f64):reshape { 1, 1, 2 }
  local a = (i * 0.7 + j * j * 0.3 + c):sin()
  local b = a * 0.8 + (i * c * 1.1 - j * 0.5):cos() * 0.2
  local function pair(x, y) return sl.stack({ x, y }, 1) end
  local psnr, ssim = metrics.psnr(pair(a, a * 0.5), pair(b, a)), metrics.ssim(pair(a, b), pair(b, b))
  check.close(psnr.each:totable()[1], 20.08845220293344, 1e-9)
  check.close(ssim.each:totable(), { 0.5691278934745079, 1 }, 1e-9)
  check.close(psnr.value, psnr.each:mean():item(), 1e-12)
  check.close(metrics.psnr(pair(a, b) * 4, pair(b, a) * 4, { range = 8 }).each:totable()[1], 20.08845220293344, 1e-9)
  check.raises(function() metrics.ssim(a, b) end, "ssim: argument x: expected images [n,H,W,C]")
  check.raises(function() metrics.psnr(a, pair(b, a)) end, "psnr: argument y: expected a tensor of x's shape")
end)
