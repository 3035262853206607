-- Operators that are one matrix along each of the first axes of x, and nothing along those after: their singular value
-- decomposition is made of the matrices', as that of a Kronecker product is.
local sl = require "sdelua"
local transforms = require "sdelua.inverse.transforms"
local volume = require "sdelua.inverse.shapes".volume

local along, both = transforms.along, transforms.both

local kronecker = {}

--- The decomposition A = U diag(s) V^T of a matrix [m,n] by LAPACK: s [n], V [n,n] and U [m,n], whose columns without a
-- singular value are zeros.
function kronecker.svd(A)
  local m, n = A:shape(1), A:shape(2)
  if m < n then A = sl.cat({ A, sl.zeros({ n - m, n }, { dtype = A.dtype }) }, 1) end
  local U, s, Vt = sl.linalg.svd(A)
  U = U:narrow(1, 1, m) * s:gt(s:amax() * 1e-14):to(s.dtype)
  return { U = U, s = s, V = Vt:transpose(1, 2) }
end

-- The products of one value of each list, those of the last varying fastest; each `times` times.
local function products(lists, times)
  local s = sl.ones({ 1 }, { dtype = "float64" })
  for _, list in ipairs(lists) do s = (s:reshape { -1, 1 } * list:reshape { 1, -1 }):reshape { -1 } end
  return (s:reshape { -1, 1 } * sl.ones({ 1, times }, { dtype = "float64" })):reshape { -1 }
end

-- A function that brings x [N, ...] to `view`, multiplies along each axis and brings the result to `shape`.
local function chain(matrices, view, shape)
  return function(x)
    x = x:reshape { x:shape(1), table.unpack(view) }
    for i, M in ipairs(matrices) do x = along(x, i + 1, M(x)) end
    return x:reshape { x:shape(1), table.unpack(shape) }
  end
end

local function each(list, fn)
  local out = {}
  for i, v in ipairs(list) do out[i] = fn(v) end
  return out
end

--- What an operator's make() returns. spec: shape, measured; matrices, a list of float64 [m_i,n_i]; view, where not the
-- shape: sizes of x that begin with n_1, n_2 …; svd, where known: a function of the matrices' decompositions.
function kronecker.operator(spec)
  local shape, measured, view = spec.shape, spec.measured, spec.view or spec.shape
  local count, seen, flat = #spec.matrices, { table.unpack(view) }, { volume(view) }
  for i, A in ipairs(spec.matrices) do seen[i] = A:shape(1) end
  local function of(list, from, to) return chain(each(list, both), from, to) end
  local made = {
    shape = shape, measured = measured,
    apply = of(each(spec.matrices, function(A) return A:transpose(1, 2) end), view, measured),
    adjoint = of(spec.matrices, seen, shape),
  }
  function made.svd()
    local parts = spec.svd and spec.svd() or each(spec.matrices, kronecker.svd)
    local function pick(key) return each(parts, function(p) return p[key] end) end
    return {
      s = products(pick "s", volume { table.unpack(view, count + 1) }), Vt = of(pick "V", view, flat),
      V = of(each(pick "V", function(V) return V:transpose(1, 2) end), view, shape), Ut = of(pick "U", seen, flat),
    }
  end
  return made
end

return kronecker
