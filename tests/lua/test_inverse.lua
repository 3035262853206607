-- Operators: what holds for every one that is listed; one's own; bad input.
local check = require "check"
local near = require "near"
local sl = require "sdelua"

local F64 = { dtype = "float64" }
local N = 3

-- Options for each operator; one that is not here can't be tested, and the test says so.
local OPTIONS = {
  inpaint = {
    { mask = sl.tensor { { { 1 }, { 0 }, { 0 } }, { { 1 }, { 1 }, { 0 } } } }, { mask = "random", shape = { 4, 4, 3 } },
  },
  superres = { { shape = { 4, 6, 3 } }, { shape = { 6, 3, 1 }, factor = 3 } },
  blur = {
    { shape = { 5, 6, 2 } }, { shape = { 3, 7, 1 }, kernel = { 1, 2, 3 }, across = "uniform", boundary = "zero" },
    { shape = { 4, 4, 1 }, kernel = "uniform", boundary = "wrap" },
    { shape = { 2, 5, 1 }, width = 7, boundary = "edge" },
  },
  colorize = { { shape = { 3, 2, 3 } } },
  grayscale = { { shape = { 3, 2, 3 } }, { shape = { 1, 2, 3 }, weights = { -1, 0, 1 } } },
  denoise = { { shape = { 3, 2 } } },
  compressed = { { shape = { 4, 6, 1 } }, { shape = { 16 }, ratio = 0.25 }, { shape = { 3, 3 }, ratio = 1, seed = 5 } },
  matrix = {
    { A = sl.tensor({ { 1, 2, 3, 4 }, { 2, 1, 0, 1 } }, F64) },
    { A = sl.tensor({ { 1, 2 }, { 2, 4 }, { 3, 6 } }, F64) },
  },
  mri = { { shape = { 5, 6, 2 }, acceleration = 2 }, { shape = { 4, 3, 1 }, mask = sl.ones { 4, 3 } } },
  ct = { { shape = { 5, 6, 2 }, angles = 3, detectors = 5 }, { shape = { 3, 3, 1 }, angles = { 0, 30, 100 } } },
  jpeg = { { shape = { 8, 16, 1 } }, { shape = { 10, 9, 3 }, quality = 20 }, { shape = { 8, 8, 3 }, subsampling = 1 } },
  phase_retrieval = { { shape = { 4, 3, 2 } }, { shape = { 3, 4, 1 }, oversample = 1 } },
}

local function with(shape) return { N, table.unpack(shape) } end

local function flat(x) return x:reshape { x:shape(1), -1 } end

local function normal(shape, dtype, seed) return sl.noise { seed = seed or 1 }:normal(shape, 1, dtype) end

-- fn(operator, name) for each, under a test of that name.
local function each(title, fn)
  for name, row in sl.inverse.operators:each() do
    for i, o in ipairs(OPTIONS[name] or {}) do
      check.test(("%s %d: %s"):format(name, i, title), function() fn(sl.inverse[name](o), row) end)
    end
  end
end

check.test("every operator is tested, and says what it is", function()
  for name, row in sl.inverse.operators:each() do
    check.ok(OPTIONS[name], name .. ": add options to this test")
    check.ok(#row.doc > 20 and type(row.source) == "string", name)
    check.ok(tostring(sl.inverse[name](OPTIONS[name][1])):find("operator " .. name, 1, true))
  end
  check.ok(tostring(sl.inverse.list()):find "\nsuperres ")
end)

-- ---- every operator ------------------------------------------------------------------------------------

for dtype, tolerance in pairs { float64 = 1e-12, float32 = 3e-6 } do
  each("linear algebra in " .. dtype, function(A)
    if not A.linear then return end
    local x, z = normal(with(A.shape), dtype), normal(with(A.measured), dtype, 2)
    local M, y = A:matrix(), A:apply(x)
    check.eq(y.dtype, dtype)
    check.eq(M:shape(), { A.measured_size, A.size })
    near(flat(y), flat(x):matmul(M:to(dtype):transpose(1, 2)), tolerance, "A x")
    near(flat(A:adjoint(z)), flat(z):matmul(M:to(dtype)), tolerance, "A^T y")
    near(A:apply(A:pinv(y)), y, 10 * tolerance, "A A^+ A x")
    local least = A:pinv(z)
    near(A:adjoint(A:apply(least)), A:adjoint(z), 30 * tolerance, "A^T A A^+ y")
    near(A:V(A:Vt(least)), least, 10 * tolerance, "V V^T")
    near(A:pinv(A:apply(least)), least, 30 * tolerance, "A^+ A A^+ y")
  end)
end

each("the singular value decomposition", function(A)
  if not A.linear then return end
  local D, s = A.size, A:singular()
  check.eq(s:shape(), { D })
  check.ok(s:amin():item() >= 0 and s:amax():item() > 0)
  local I = sl.eye(D, F64)
  local V = flat(A:V(I)) -- rows are the singular vectors
  near(V:matmul(V:transpose(1, 2)), I, 1e-12, "V^T V")
  near(flat(A:Vt(I:reshape { D, table.unpack(A.shape) })), V:transpose(1, 2), 1e-12, "V^T")
  local Y = sl.eye(A.measured_size, F64):reshape { A.measured_size, table.unpack(A.measured) }
  local Ut = flat(A:Ut(Y)) -- rows are those of U
  near((Ut * s):matmul(V), A:matrix(), 1e-12, "U S V^T")
  local where = s:gt(0):to "float64"
  local gram = (Ut * where):transpose(1, 2):matmul(Ut * where)
  near(gram, I * where, 1e-10, "U^T U where s > 0")
end)

each("gradients are those of the adjoint, or of differences", function(A, row)
  local x, z = normal(with(A.shape), "float64"):requires_grad_(), normal(with(A.measured), "float64", 2)
  local g = sl.grad((A:apply(x) * z):sum(), x)
  if A.linear then return near(g, A:adjoint(z), 1e-12, "gradient") end
  if row.name == "jpeg" then return check.ok(g:abs():amax():item() > 0) end
  local e, step = normal(with(A.shape), "float64", 3), 1e-5
  local function at(h) return (A:apply(x:detach() + e * h) * z):sum():item() end
  check.close((g * e):sum():item(), (at(step) - at(-step)) / (2 * step), 1e-6, 1e-8)
end)

each("a row's bits do not depend on the batch or on threads", function(A)
  local x = normal(with(A.shape), "float32")
  local function all(rows)
    local y = A:apply(rows)
    if not A.linear then return { y } end
    return { y, A:pinv(y), A:adjoint(y), A:Vt(rows), A:Ut(y), A:V(A:Vt(rows)) }
  end
  sl.set_threads(2)
  local whole = all(x)
  sl.set_threads(1)
  for i = 1, N do
    for j, part in ipairs(all(x:narrow(1, i, 1))) do
      check.eq(part:totable(), whole[j]:narrow(1, i, 1):totable(), "row " .. i)
    end
  end
  sl.set_threads(2)
end)

each("measure adds noise of std that a seed and a number choose", function(_, row)
  local o = { std = 0.3 }
  for key, value in pairs(OPTIONS[row.name][1]) do o[key] = value end
  local A = sl.inverse[row.name](o)
  local x = normal(with(A.shape), "float64")
  local clean, y = A:apply(x), A:measure(x, { seed = 7, first = 2 })
  check.eq(y:totable(), A:measure(x, { seed = 7, first = 2 }):totable())
  check.eq(A:measure(x:narrow(1, 2, 2), { seed = 7, first = 3 }):totable(), y:narrow(1, 2, 2):totable())
  check.ok((A:measure(x, { seed = 8, first = 2 }) - y):abs():amax():item() > 1e-3)
  local many = A:measure(x:narrow(1, 1, 1):expand({ 2000, table.unpack(A.shape) }):contiguous(), { seed = 1 })
  local off = many - clean:narrow(1, 1, 1)
  check.close(off:square():mean():sqrt():item(), 0.3, 5 / math.sqrt(off:numel()))
end)

each("pictures of a measurement are images as large as one", function(A)
  if #A.shape ~= 3 then return end
  local p = A:picture(A:apply(normal(with(A.shape), "float32")))
  check.eq(p:dim(), 4)
  check.eq(p:shape(1), N)
end)

-- ---- a table of one's own, scopes, bad input ------------------------------------------------------------

check.test("an operator of one's own; what a scope takes away comes back", function()
  local A = sl.inverse.define { name = "first", linear = true, shape = { 2 }, measured = { 1 },
    apply = function(x) return x:narrow(2, 1, 1) * 2 end }
  do
    local scope <close> = sl.scope()
    check.close(A:singular():totable(), { 2, 0 }, 1e-14)
  end
  check.close(A:pinv(sl.tensor { { 3 } }):totable(), { { 1.5, 0 } }, 1e-6)
  local function same(x) return x end
  local function defined(o)
    o.name, o.shape, o.measured = "mine", o.shape or { 2 }, o.measured or { 1 }
    o.apply = o.apply or function(x) return x:narrow(2, 1, 1) end
    return sl.inverse.define(o)
  end
  local function fails(part, o, what)
    check.raises(function() return what(defined(o), sl.ones { 1, 1 }) end, part)
  end
  fails("mine: pinv: expected a tensor [N,2], got float32 [1,1]", { pinv = same }, function(B, y) return B:pinv(y) end)
  fails("mine: adjoint: expected a tensor [N,2], got nil", { linear = true, adjoint = function() end },
    function(B, y) return B:adjoint(y) end)
  fails("mine: svd: expected a table with a tensor s [2] and functions Vt and V, got a table",
    { linear = true, svd = function() return {} end }, function(B) return B:singular() end)
  fails("mine: linear: expected A(x) linear in x, got one that is not",
    { linear = true, apply = function(x) return x:narrow(2, 1, 1):square() + 1 end },
    function(B) return B:singular() end)
  fails("inverse.define: unknown option liner", { liner = true }, same)
  fails("inverse.define: option linear: expected a boolean, got yes", { linear = "yes" }, same)
  fails("inverse.define: option pinv: expected a function, got 3", { pinv = 3 }, same)
  local broken = sl.inverse.define { name = "broken", shape = { 2 }, measured = { 3 }, apply = same }
  check.raises(function() broken:apply(sl.ones { 1, 2 }) end,
    "broken: apply: expected a tensor [N,3], got float32 [1,2]")
end)

check.test("bad input is named", function()
  local inverse = sl.inverse
  local function fails(part, name, o) check.raises(function() inverse[name](o) end, part) end
  fails("inpaint: option mask: expected a tensor [4,4,3], got float32 [5,4]", "inpaint",
    { shape = { 4, 4, 3 }, mask = sl.ones { 5, 4 } })
  fails("inpaint: option mask: expected ones and zeros, got 0.5", "inpaint", { mask = sl.full({ 2, 2 }, 0.5) })
  fails("inpaint: option mask: expected a value that is known, got none", "inpaint", { mask = sl.zeros { 2, 2 } })
  fails('inpaint: option mask: expected a tensor like one x, "half", "box" or "random", got nil', "inpaint", {})
  fails("inpaint: option shape: expected that of an image, [H,W,C], got none", "inpaint", { mask = "half" })
  fails("masks.half: option keep", "inpaint", { mask = "half", shape = { 2, 2, 1 }, keep = "middle" })
  fails("masks.box: option box: expected at most 2, got 3", "inpaint", { mask = "box", shape = { 2, 3, 1 }, box = 3 })
  fails("superres: option shape: expected that of an image, [H,W,C], with H and W multiples of 2, got [4,5,1]",
    "superres", { shape = { 4, 5, 1 } })
  fails("superres: option factor: expected an integer >= 1, got 0", "superres", { shape = { 4, 4, 1 }, factor = 0 })
  fails("blur: option kernel: expected an odd number of weights, got 2", "blur",
    { shape = { 4, 4, 1 }, kernel = { 1, 1 } })
  fails("blur: option kernel: expected finite numbers, got inf at 2", "blur",
    { shape = { 4, 4, 1 }, kernel = { 1, math.huge, 1 } })
  fails("ct: option range: expected a finite number, got inf", "ct", { shape = { 4, 4, 1 }, range = math.huge })
  fails("ct: option angles: expected finite numbers, got inf at 1", "ct",
    { shape = { 4, 4, 1 }, angles = { math.huge } })
  fails("grayscale: option weights: expected finite numbers, got x at 3", "grayscale",
    { shape = { 4, 4, 3 }, weights = { 1, 2, "x" } })
  fails("phase_retrieval: option oversample: expected a finite number >= 1, got inf", "phase_retrieval",
    { shape = { 8, 8, 1 }, oversample = math.huge })
  fails("matrix: option A: expected finite values, got NaN or infinity", "matrix", { A = sl.full({ 2, 2 }, 0 / 0) })
  fails('inpaint: option keep: goes with mask = "half", got right', "inpaint",
    { shape = { 4, 4, 1 }, mask = "box", keep = "right" })
  fails('inpaint: option share: goes with mask = "random", got 0.5', "inpaint",
    { mask = sl.ones { 2, 2 }, share = 0.5 })
  fails("blur: option kernel: expected a list of numbers, got box", "blur", { shape = { 4, 4, 1 }, kernel = "box" })
  fails("blur: option boundary", "blur", { shape = { 4, 4, 1 }, boundary = "none" })
  fails("colorize: option shape: expected that of an image, [H,W,3], got [4,4,1]", "colorize",
    { shape = { 4, 4, 1 } })
  fails("grayscale: option weights: expected three numbers", "grayscale", { shape = { 4, 4, 3 }, weights = { 1, 2 } })
  fails("denoise: option shape: expected the sizes of one x, got nil", "denoise", nil)
  fails("denoise: option shape: expected the sizes of one x, got [2,true]", "denoise", { shape = { 2, true } })
  fails("compressed: option ratio: expected a number in (0, 1], got 0.0", "compressed", { shape = { 4 }, ratio = 0.0 })
  fails("mri: option mask: expected a tensor [4,4] of ones and zeros, got float32 [4,5]", "mri",
    { shape = { 4, 4, 1 }, mask = sl.ones { 4, 5 } })
  fails("mri: option mask: expected ones and zeros, got 2", "mri", { shape = { 2, 2, 1 }, mask = sl.full({ 2, 2 }, 2) })
  fails("masks.lines: option acceleration", "mri", { shape = { 4, 4, 1 }, acceleration = 0.5 })
  fails("ct: option angles: expected a list of numbers, got many", "ct", { shape = { 4, 4, 1 }, angles = "many" })
  fails("ct: option detectors: expected an integer >= 1, got 0", "ct", { shape = { 4, 4, 1 }, detectors = 0 })
  fails("jpeg: option quality: expected at most 100, got 101", "jpeg", { shape = { 8, 8, 1 }, quality = 101 })
  fails("jpeg: option shape: expected that of an image, [H,W,1 or 3], got [8,8,2]", "jpeg", { shape = { 8, 8, 2 } })
  fails("phase_retrieval: option oversample", "phase_retrieval", { shape = { 8, 8, 1 }, oversample = 0.5 })
  fails("matrix: option A: expected a tensor [M,D], got nil", "matrix", {})
  fails("matrix: option shape: expected 2 values, got [3]", "matrix", { A = sl.ones { 1, 2 }, shape = { 3 } })
  fails("blur: option std: expected a number, got NaN", "blur", { shape = { 8, 8, 1 }, std = 0 / 0 })
  fails("blur: option bandwidth: expected a positive number, got 0", "blur", { shape = { 8, 8, 1 }, bandwidth = 0 })
  fails("masks.random: option seed: expected an integer, got 1.5", "inpaint",
    { shape = { 8, 8, 1 }, mask = "random", seed = 1.5 })
  fails("blur: option std: expected a number >= 0, got -1", "blur", { shape = { 4, 4, 1 }, std = -1.0 })
  fails("blur: unknown option size", "blur", { shape = { 4, 4, 1 }, size = 3 })
  local A = inverse.superres { shape = { 4, 4, 1 } }
  check.raises(function() A:apply(sl.ones { 1, 4, 6, 1 }) end,
    "superres: argument x: expected a tensor [N,4,4,1], got float32 [1,4,6,1]")
  check.raises(function() A:pinv(sl.ones { 1, 4, 4, 1 }) end,
    "superres: argument y: expected a tensor [N,2,2,1], got float32 [1,4,4,1]")
  for _, what in ipairs { "apply", "measure", "Vt" } do
    local pixels = sl.ones({ 1, 4, 4, 1 }):to "uint8"
    check.raises(function() A[what](A, pixels) end,
      "superres: argument x: expected floats (see sl.image.to_float) [N,4,4,1], got uint8 [1,4,4,1]")
  end
  check.raises(function() A:V(sl.ones { 1, 4 }) end,
    "superres: argument c: expected a tensor [N,16], got float32 [1,4]")
  check.raises(function() A:Ut() end, "superres: argument y: expected a tensor [N,2,2,1], got nil")
  local B = inverse.phase_retrieval { shape = { 2, 2, 1 } }
  check.raises(function() B:adjoint(sl.ones { 1, 4, 4, 1 }) end, "phase_retrieval: adjoint: expected a linear operator")
  check.raises(function() B:pinv(sl.ones { 1, 4, 4, 1 }) end, "phase_retrieval: pinv: expected a linear operator")
end)
