-- Measurements y = A(x) + std n, with n unit normal: what a row of sdelua/inverse/operators, or a table of your own,
-- becomes. A row says what every collection's row says (sdelua/collection.lua) and
--
--   linear     false where A is not
--   make(o)    from the options, a table of
--     shape      of one x, such as {28,28,1}; measured, that of one y
--     apply(x)   A(x) for x [N, shape], composed of ops, so that gradients go through it
-- and, where A is linear and they are known better than by pushing basis vectors through it,
--     adjoint(y), pinv(y)
--     svd()      A = U diag(s) V^T as { s = float64 [D], Vt = function(x) -> [N,D], V = function([N,D]) -> x,
--                Ut = function(y) -> [N,D] }, D the number of values of an x: V is square and orthogonal, s and the
--                columns of U go on with zeros up to D. In any order. Without Ut it is s^+ V^T A^T y.
-- and, where they make sense,
--     pinv(y)    of an A that is not linear: an x that measures to y
--     picture(y) images [N,h,w,c] in [-1,1] that show y, where neither y nor pinv(y) does
--     damaged(x) y from an image like x whose unknown part is anything
local sl = require "sdelua"
local errors = require "sdelua.errors"
local kronecker = require "sdelua.inverse.kronecker"
local options = require "sdelua.options"
local shapes = require "sdelua.inverse.shapes"

local FLOATS = { float32 = true, float64 = true }

local volume = shapes.volume

local Operator = {}
Operator.__index = Operator
Operator.__name = "sdelua.Operator"

Operator.OPTIONS = { std = 0.0 }

-- The number of the draw that measure() takes: none that a sampler comes to under the same seed.
local MEASURE_DRAW = 0xfffffff0

local function text_of(shape) return table.concat(shape, ",") end

--- Operator.known(row): the options of a row's operators, with defaults.
function Operator.known(row) return options.merged(Operator.OPTIONS, row.options) end

--- Operator.new(row, options): options as a script gave them.
function Operator.new(row, opts)
  local who = row.name or "own"
  local o = options.read(who, opts, Operator.known(row))
  if not (o.std >= 0 and o.std < math.huge) then
    errors.raise("%s: option std: expected a number >= 0, got %g", who, o.std)
  end
  local made = row.make(o)
  return setmetatable({
    name = who, row = row, linear = row.linear ~= false, std = o.std, made = made, shape = made.shape,
    measured = made.measured, size = volume(made.shape), measured_size = volume(made.measured),
  }, Operator)
end

function Operator:__tostring()
  return ("operator %s, %s -> %s, std %g"):format(self.name, shapes.text(self.shape), shapes.text(self.measured),
    self.std)
end

-- Floats [N, shape], or an error in the name of `who`.
local function check(who, what, x, shape)
  local got, floats = sl.is_tensor(x) and x:shape() or {}, sl.is_tensor(x) and FLOATS[x.dtype]
  local fits = #got == #shape + 1 and text_of { table.unpack(got, 2) } == text_of(shape)
  if fits and floats then return end
  errors.raise("%s: %s: expected %s [N,%s], got %s", who, what,
    fits and "floats (see sl.image.to_float)" or "a tensor", text_of(shape), options.show(x))
end

--- Raise in the name of `who` unless y is [N, measured], and x, which is `what`, [N, shape].
function Operator:check_measured(who, y) check(who, "argument y", y, self.measured) end
function Operator:check_like(who, what, x) check(who, what, x, self.shape) end

local function check_linear(self, what)
  if not self.linear then errors.raise("%s: %s: expected a linear operator", self.name, what) end
end

-- x [N, shape] that a function of the row returned.
local function of_image(self, what, x)
  check(self.name, what, x, self.shape)
  return x
end

--- A(x) [N, measured] for x [N, shape].
function Operator:apply(x)
  check(self.name, "argument x", x, self.shape)
  local y = self.made.apply(x)
  check(self.name, "apply", y, self.measured)
  return y
end

--- A(x) + std n. Options of sl.noise: seed, first and index, or noise.
function Operator:measure(x, opts)
  local o = options.read(self.name .. ": measure", opts, {
    seed = options.NONE, first = options.NONE, index = options.NONE, noise = options.NONE,
  })
  check(self.name, "argument x", x, self.shape)
  local y = self:apply(x)
  if self.std == 0 then return y end
  return y + sl.noise.of(o):normal(y:shape(), MEASURE_DRAW, y.dtype) * self.std
end

--- A^T y [N, shape].
function Operator:adjoint(y)
  check(self.name, "argument y", y, self.measured)
  check_linear(self, "adjoint")
  if self.made.adjoint then return of_image(self, "adjoint", self.made.adjoint(y)) end
  local s = self:singular(y.dtype)
  return self:V(self:Ut(y) * s)
end

--- A^+ y [N, shape]: of all x that fit y best, the one nearest to 0; some operators that are not linear have an x of
-- their own that fits.
function Operator:pinv(y)
  check(self.name, "argument y", y, self.measured)
  if self.made.pinv then return of_image(self, "pinv", self.made.pinv(y)) end
  check_linear(self, "pinv")
  return self:V(self:Ut(y) * self:inverse_singular(y.dtype))
end

-- ---- the singular value decomposition ------------------------------------------------------------------

-- Raises unless what the basis vectors became, [size, measured_size], says what becomes of another x.
local function check_columns(self, columns)
  local c = sl.arange(self.size, { dtype = "float64" }):cos():reshape { 1, self.size }
  local y = self.made.apply(c:reshape { 1, table.unpack(self.shape) }):reshape { 1, self.measured_size }
  local gap, size = (y - c:matmul(columns)):abs():amax():item(), columns:abs():amax():item()
  if gap > 1e-6 * size * self.size then
    errors.raise("%s: linear: expected A(x) linear in x, got one that is not", self.name)
  end
end

--- A as a matrix [measured_size, size], float64.
function Operator:matrix()
  check_linear(self, "matrix")
  return sl.no_grad(function()
    local basis = sl.eye(self.size, { dtype = "float64" }):reshape { self.size, table.unpack(self.shape) }
    local columns = self:apply(basis):reshape { self.size, self.measured_size }
    check_columns(self, columns)
    return columns:transpose(1, 2):contiguous()
  end)
end

-- Of any matrix, by LAPACK.
local function by_lapack(self)
  return kronecker.operator({
    shape = self.shape, measured = self.measured, view = { self.size }, matrices = { self:matrix() },
  }).svd()
end

-- The singular values may differ by sample, [N,D].
local function check_svd(self, known)
  local s = type(known) == "table" and known.s
  if not (sl.is_tensor(s) and s:dim() > 0 and s:shape(s:dim()) == self.size and options.callable(known.Vt)
    and options.callable(known.V)) then
    errors.raise("%s: svd: expected a table with a tensor s [%d] and functions Vt and V, got %s", self.name, self.size,
      options.show(sl.is_tensor(s) and s or known))
  end
end

-- Made at first use, which may be inside a scope that has ended since: then again.
local function svd(self)
  check_linear(self, "svd")
  local known = self.decomposition
  if not (known and pcall(known.s.numel, known.s)) then
    known = sl.no_grad(self.made.svd or by_lapack, self)
    check_svd(self, known)
  end
  self.decomposition = known
  return known
end

--- The singular values [D], zeros included; those below 1e-6 of the largest count as zeros.
function Operator:singular(dtype)
  local s = svd(self).s
  return sl.where(s:gt(s:amax() * 1e-6), s, s * 0):to(dtype or "float64")
end

--- 1/s where s > 0, else 0.
function Operator:inverse_singular(dtype)
  local s = self:singular()
  return sl.where(s:gt(0), s:clamp(1e-300, math.huge):reciprocal(), s * 0):to(dtype or "float64")
end

--- The coordinates V^T x [N,D] of x, and x from them.
function Operator:Vt(x)
  check(self.name, "argument x", x, self.shape)
  return svd(self).Vt(x)
end

--- x from its coordinates c [N,D] in V.
function Operator:V(c)
  check(self.name, "argument c", c, { self.size })
  return svd(self).V(c)
end

--- The coordinates U^T y [N,D] of y.
function Operator:Ut(y)
  check(self.name, "argument y", y, self.measured)
  local known = svd(self)
  if known.Ut then return known.Ut(y) end
  if not self.made.adjoint then errors.raise("%s: svd: expected Ut in it, or adjoint beside it", self.name) end
  return known.Vt(self.made.adjoint(y)) * self:inverse_singular(y.dtype)
end

-- ---- pictures ------------------------------------------------------------------------------------------

--- Images [N,h,w,c] in [-1,1] that show what y [N, measured] tells: y itself where it is as large as x, else A^+ y.
function Operator:picture(y)
  check(self.name, "argument y", y, self.measured)
  if self.made.picture then return self.made.picture(y) end
  if text_of(self.measured) == text_of(self.shape) then return y end
  return self:pinv(y)
end

return Operator
