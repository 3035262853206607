-- Operators one by one: closed forms, direct sums, the reference's matrices; and masks.
local check = require "check"
local layout = require "layout"
local near = require "near"
local oracle = require "oracle"
local sl = require "sdelua"

local F64 = { dtype = "float64" }

local function normal(shape, dtype, seed) return sl.noise { seed = seed or 1 }:normal(shape, 1, dtype) end

check.test("superres takes the mean of a block; its pseudo-inverse repeats it", function()
  local A = sl.inverse.superres { shape = { 2, 4, 1 } }
  local x = sl.tensor({ 1, 2, 3, 4, 5, 6, 7, 8 }, F64):reshape { 1, 2, 4, 1 }
  near(A:apply(x), sl.tensor({ 3.5, 5.5 }, F64):reshape { 1, 1, 2, 1 }, 1e-15, "means")
  local row = { 3.5, 3.5, 5.5, 5.5 }
  near(A:pinv(A:apply(x)):reshape { 2, 4 }, sl.tensor({ row, row }, F64), 1e-15, "A^+")
  check.close(A:singular():amax():item(), 0.5, 1e-14) -- 1/factor
end)

check.test("blur: each boundary by hand", function()
  local want = {
    zero = { 0 + 2 + 6, 1 + 4 + 9, 2 + 6 + 0 }, edge = { 1 + 2 + 6, 1 + 4 + 9, 2 + 6 + 9 },
    symmetric = { 1 + 2 + 6, 1 + 4 + 9, 2 + 6 + 9 }, wrap = { 3 + 2 + 6, 1 + 4 + 9, 2 + 6 + 3 },
  }
  local x = sl.tensor({ 1, 2, 3 }, F64)
  for boundary, list in pairs(want) do
    local function column(kernel, across, shape)
      return sl.inverse.blur { shape = shape, kernel = kernel, across = across, boundary = boundary }
        :apply(x:reshape { 1, table.unpack(shape) }):reshape({ 3 }):totable()
    end
    check.close(column({ 1, 2, 3 }, { 1 }, { 3, 1, 1 }), list, 1e-15, 0, boundary)
    check.close(column({ 1 }, { 1, 2, 3 }, { 1, 3, 1 }), list, 1e-15, 0, boundary)
  end
  -- two beyond the edge tell "symmetric" from "edge"
  local A = sl.inverse.blur { shape = { 1, 3, 1 }, kernel = { 1 }, across = { 1, 0, 0, 0, 0 } }
  check.close(A:apply(x:reshape { 1, 1, 3, 1 }):reshape({ 3 }):totable(), { 2, 1, 1 }, 1e-15)
  local ones = sl.ones({ 1, 9, 9, 1 }, F64)
  near(sl.inverse.blur { shape = { 9, 9, 1 }, bandwidth = 2.0 }:apply(ones), ones, 1e-14, "a constant stays")
end)

check.test("colorize: the basis of Song et al. 2021; grayscale: the luminance", function()
  local A = sl.inverse.colorize { shape = { 1, 1, 3 } }
  local M = A:V(sl.eye(3, F64)):reshape { 3, 3 } -- rows are the columns of their M
  check.close(M:totable(), {
    { 1 / 3 ^ .5, 1 / 3 ^ .5, 1 / 3 ^ .5 }, { -2 / 6 ^ .5, 1 / 6 ^ .5, 1 / 6 ^ .5 }, { 0, 1 / 2 ^ .5, -1 / 2 ^ .5 },
  }, 1e-15)
  check.close(A:singular():totable(), { 1 / 3 ^ .5, 0, 0 }, 1e-15)
  local B = sl.inverse.grayscale { shape = { 1, 1, 3 } }
  check.close(B:apply(sl.tensor({ 1, 10, 100 }, F64):reshape { 1, 1, 1, 3 }):item(), 0.299 + 5.87 + 11.4, 1e-14)
end)

check.test("compressed: Walsh-Hadamard rows of signs, each orthogonal to the others", function()
  local A = sl.inverse.compressed { shape = { 32 }, ratio = 0.5, seed = 4 }
  local M = A:matrix()
  near(M:matmul(M:transpose(1, 2)), sl.eye(16, F64), 1e-14, "A A^T")
  check.close(M:abs():amin():item(), 1 / 32 ^ .5, 1e-14)
  check.close(M:abs():amax():item(), 1 / 32 ^ .5, 1e-14)
  local other = sl.inverse.compressed { shape = { 32 }, ratio = 0.5, seed = 5 }:matrix()
  check.ok((other - M):abs():amax():item() > 0.1)
end)

-- sum_x x exp(-2 pi i (k.n)) / sqrt(HW), at the frequencies (k, l) from -H//2 and -W//2 on.
local function fourier_sum(rows, k, l)
  local h, w, re, im = #rows, #rows[1], 0, 0
  for i = 0, h - 1 do
    for j = 0, w - 1 do
      local angle = 2 * math.pi * (k * i / h + l * j / w)
      re, im = re + rows[i + 1][j + 1] * math.cos(angle), im - rows[i + 1][j + 1] * math.sin(angle)
    end
  end
  return re / math.sqrt(h * w), im / math.sqrt(h * w)
end

check.test("mri: the Fourier sum; frequencies measured once and twice", function()
  local x = normal({ 1, 4, 5, 1 }, "float64")
  local rows = x:reshape({ 4, 5 }):totable()
  local y = sl.inverse.mri { shape = { 4, 5, 1 }, mask = sl.ones { 4, 5 } }:apply(x):reshape({ 20, 2 }):totable()
  for i = 1, 4 do
    for j = 1, 5 do check.close(y[(i - 1) * 5 + j], { fourier_sum(rows, i - 3, j - 3) }, 1e-12, 1e-14) end
  end
  local mask = sl.zeros { 4, 5 }
  mask:select(1, 3):select(1, 3):copy_(sl.ones {}) -- frequency 0, and one without its opposite
  mask:select(1, 4):select(1, 1):copy_(sl.ones {})
  local s = sl.inverse.mri { shape = { 4, 5, 1 }, mask = mask }:singular():totable()
  table.sort(s)
  check.close({ s[17], s[18], s[19], s[20] }, { 0, 0.5 ^ .5, 0.5 ^ .5, 1 }, 1e-14)
end)

check.test("mri: cartesian lines", function()
  local mask = sl.inverse.masks.lines({ 8, 40, 1 }, { acceleration = 4, centre = 0.1, seed = 2 })
  check.eq(mask:sum():item(), 8 * 10)
  check.eq(mask:narrow(2, 20, 2):amin():item(), 1) -- the frequencies -1 and 0
  check.eq(mask:amax(1):totable(), mask:amin(1):totable())
end)

check.test("phase_retrieval: magnitudes of the padded sum", function()
  local x = normal({ 1, 2, 3, 1 }, "float64")
  local y = sl.inverse.phase_retrieval { shape = { 2, 3, 1 } }:apply(x)
  local rows = x:pad({ 0, 0, 0, 0 }, { 0, 2, 3, 0 }):reshape({ 4, 6 }):totable()
  for i = 1, 4 do
    for j = 1, 6 do
      local re, im = fourier_sum(rows, i - 3, j - 4)
      check.close(y:reshape({ 4, 6 }):totable()[i][j], math.sqrt(re * re + im * im), 1e-9, 1e-12)
    end
  end
end)

-- A disc of radius R about (up, right) on [-1/2, 1/2]^2, each pixel the mean of 8 x 8 points.
local function disc(n, R, up, right)
  local fine = (sl.arange(8 * n, F64) + 0.5) / (8 * n) - 0.5
  local square = (-fine - up):square():reshape { -1, 1 } + (fine - right):square():reshape { 1, -1 }
  return square:lt(R * R):to("float64"):reshape({ 1, 8 * n, 8 * n, 1 }):avg_pool(8)
end

check.test("ct: chords of a disc, and all of it in each view", function()
  local n, R, up, right, views = 32, 0.3, -0.05, 0.1, 7
  local x = disc(n, R, up, right)
  local y = sl.inverse.ct { shape = { n, n, 1 }, angles = views }:apply(x):reshape { views, -1 }
  local detectors, sum = y:shape(2), 0
  local width = math.sqrt(2) / detectors
  check.close((y:sum(2) * width):totable(), (sl.ones({ views }, F64) * x:mean()):totable(), 1e-12)
  local rows = y:totable()
  for i = 1, views do
    local angle = math.pi * (i - 1) / views
    local middle = right * math.cos(angle) + up * math.sin(angle)
    for j = 1, detectors do
      local r = (j - (detectors + 1) / 2) * width - middle
      sum = sum + (rows[i][j] - 2 * math.sqrt(math.max(0, R * R - r * r))) ^ 2
    end
  end
  check.ok(math.sqrt(sum / (views * detectors)) < 0.015, "rms " .. math.sqrt(sum / (views * detectors)))
end)

check.test("ct: a pixel along its side, and along its diagonal", function()
  local one = sl.inverse.ct { shape = { 1, 1, 1 }, angles = { 0, 45 }, detectors = 2 }
  -- detectors of width 1/sqrt 2 on both sides of the middle: half of the area each
  check.close(one:matrix():totable(), { { 0.5 ^ .5 }, { 0.5 ^ .5 }, { 0.5 ^ .5 }, { 0.5 ^ .5 } }, 1e-12)
  local fine = sl.inverse.ct { shape = { 1, 1, 1 }, angles = { 0, 45 }, detectors = 1001 }:matrix():reshape { 2, 1001 }
  check.close({ fine:select(1, 1):amax():item(), fine:select(1, 2):amax():item() }, { 1, 2 ^ .5 }, 2e-3)
end)

-- The block that texts on JPEG print, and what becomes of it at quality 50.
local BLOCK = {
  { 52, 55, 61, 66, 70, 61, 64, 73 }, { 63, 59, 55, 90, 109, 85, 69, 72 }, { 62, 59, 68, 113, 144, 104, 66, 73 },
  { 63, 58, 71, 122, 154, 106, 70, 69 }, { 67, 61, 68, 104, 126, 88, 68, 70 }, { 79, 65, 60, 70, 77, 68, 58, 75 },
  { 85, 71, 64, 59, 55, 61, 65, 83 }, { 87, 79, 69, 68, 65, 76, 78, 94 },
}
local DECODED = {
  { 62, 65, 57, 60, 72, 63, 60, 82 }, { 57, 55, 56, 82, 108, 87, 62, 71 }, { 58, 50, 60, 111, 148, 114, 67, 65 },
  { 65, 55, 66, 120, 155, 114, 68, 70 }, { 70, 63, 67, 101, 122, 88, 60, 78 }, { 71, 71, 64, 70, 80, 62, 56, 81 },
  { 75, 82, 67, 54, 63, 65, 66, 83 }, { 81, 94, 75, 54, 68, 81, 81, 87 },
}

check.test("jpeg: a known block; coded again it stays; finer with quality", function()
  local x = (sl.tensor(BLOCK, F64) / 127.5 - 1):reshape { 1, 8, 8, 1 }
  local y = sl.inverse.jpeg { shape = { 8, 8, 1 } }:apply(x)
  check.eq(((y + 1) * 127.5):round():reshape({ 8, 8 }):totable(), sl.tensor(DECODED, F64):totable())
  local colours, before = normal({ 2, 16, 32, 3 }, "float64"):clamp(-1, 1), math.huge
  for _, quality in ipairs { 1, 20, 50, 90, 100 } do
    local A = sl.inverse.jpeg { shape = { 16, 32, 3 }, quality = quality, subsampling = 1 }
    local z = A:apply(colours)
    near(A:apply(A:pinv(z)), z, 1e-12, "again")
    local off = (z - colours):square():mean():sqrt():item()
    check.ok(off < before)
    before = off
  end
  check.ok(before < 0.01)
end)

-- A flat picture of grey 128 + 7, or of colours whose Cb is 10, has one value other than 0 in a block: 8 times the
-- picture's, in steps of the first value of its table.
local TABLES = {
  [10] = { 10, 10.625 }, [25] = { 8, 8.5 }, [40] = { 7.5, 10.5 }, [75] = { 7, 10.125 }, [100] = { 7, 10 },
}

check.test("jpeg: tables at other qualities", function()
  local grey = sl.full({ 1, 8, 8, 1 }, 135 / 127.5 - 1, F64)
  local blue = (sl.tensor({ 0, -0.114 * 1.772 / 0.587, 1.772 }, F64) * 10 + 0.5) / 127.5 -- Y is 128 + 0
  for quality, want in pairs(TABLES) do
    local y = sl.inverse.jpeg { shape = { 8, 8, 1 }, quality = quality }:apply(grey)
    near((y + 1) * 127.5 - 128, grey * 0 + want[1], 1e-12, "grey at " .. quality)
    local z = sl.inverse.jpeg { shape = { 8, 8, 3 }, quality = quality }
      :apply(blue:expand({ 1, 8, 8, 3 }):contiguous())
    local rgb = z * 127.5 - 0.5
    near((rgb:select(4, 3) - rgb:select(4, 1)) / 1.772, sl.full({ 1, 8, 8 }, want[2], F64), 1e-12, "Cb at " .. quality)
  end
end)

-- ---- DDRM's operators, in their layout: channels, then pixels --------------------------------------------------

local function pixels(x, shape) return layout.last(x:to("float64"):reshape { 2, shape[3], shape[1], shape[2] }) end

local function kept(a, shape)
  local mask = {}
  for i = 1, shape[1] * shape[2] * shape[3] do mask[i] = 0 end
  for _, i in ipairs(a.kept_indices:totable()) do mask[i + 1] = 1 end
  return sl.tensor(mask):reshape(shape)
end

local REFERENCE = {
  denoising = function(_, shape) return sl.inverse.denoise { shape = shape } end,
  inpainting = function(a, shape) return sl.inverse.inpaint { shape = shape, mask = kept(a, shape) } end,
  superres = function(_, shape) return sl.inverse.superres { shape = shape } end,
  color = function(_, shape) return sl.inverse.grayscale { shape = shape, weights = { 0.3333, 0.3334, 0.3333 } } end,
}

for _, case in ipairs(oracle.cases("inverse", "^ddrm_")) do
  local make, a, p = REFERENCE[case.params.operator], case.arrays, case.params
  if make then
    check.test("as in the reference: " .. case.case, function()
      local shape = { p.size, p.size, p.channels }
      local A = make(a, shape)
      local function measured(y) -- inpaint counts as the reference does
        return #A.measured == 3 and pixels(y, A.measured) or y:to "float64"
      end
      near(A:apply(pixels(a.vec, shape)), measured(a.H_vec), 1e-6, "H")
      near(A:adjoint(measured(a.small_vec)), pixels(a.Ht_small_vec, shape), 1e-6, "H^T")
      near(A:pinv(measured(a.small_vec)), pixels(a.pinv_small_vec, shape), 1e-6, "H^+")
    end)
  end
end

check.test("masks: half, box, random", function()
  local masks, shape = sl.inverse.masks, { 4, 6, 3 }
  check.eq(masks.half(shape):select(3, 1):sum(1):totable(), { 4, 4, 4, 0, 0, 0 })
  check.eq(masks.half(shape, { keep = "bottom" }):select(3, 2):sum(2):totable(), { 0, 0, 6, 6 })
  check.eq(masks.box(shape):select(3, 3):sum(2):totable(), { 6, 4, 4, 6 })
  check.eq(masks.box(shape, { box = 4 }):sum():item(), 8 * 3)
  local random = masks.random(shape, { share = 0.75, seed = 1 })
  check.eq(random:sum():item(), 6 * 3)
  check.eq(random:amax(3):totable(), random:amin(3):totable())
  check.ok((random - masks.random(shape, { share = 0.75, seed = 2 })):abs():sum():item() > 0)
  local A = sl.inverse.inpaint { shape = shape, mask = random:select(3, 1) }
  check.eq(A.measured_size, 6 * 3)
  local B = sl.inverse.inpaint { shape = shape, mask = "random", share = 0.75, seed = 1 }
  local x = normal({ 1, 4, 6, 3 }, "float32")
  check.eq(A:apply(x):totable(), B:apply(x):totable())
end)
