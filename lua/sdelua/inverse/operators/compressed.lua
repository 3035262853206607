local sl = require "sdelua"
local chance = require "sdelua.inverse.chance"
local options = require "sdelua.options"
local shapes = require "sdelua.inverse.shapes"
local transforms = require "sdelua.inverse.transforms"

-- An orthogonal transform of n values as matrices along axes: Walsh-Hadamard ones up to order 64 for the powers of 2 in
-- n, the cosine transform for what is left. Returns the transform and its transpose, of [N,n].
local function transform(n)
  local sizes, matrices, powers, odd = {}, {}, 0, n
  while odd % 2 == 0 do powers, odd = powers + 1, odd // 2 end
  while powers > 0 do
    local k = math.min(powers, 6)
    sizes[#sizes + 1], matrices[#matrices + 1] = 1 << k, transforms.hadamard(k)
    powers = powers - k
  end
  if odd > 1 then sizes[#sizes + 1], matrices[#matrices + 1] = odd, transforms.cosine(odd) end
  local function through(list)
    return function(x)
      x = x:reshape { x:shape(1), table.unpack(sizes) }
      for i, M in ipairs(list) do x = transforms.along(x, i + 1, M(x)) end
      return x:reshape { x:shape(1), n }
    end
  end
  local there, back = {}, {}
  for i, M in ipairs(matrices) do
    there[i], back[i] = transforms.both(M:transpose(1, 2)), transforms.both(M)
  end
  return through(there), through(back)
end

return {
  doc = "Compressed sensing: ratio of all values are measured, drawn by seed from an orthonormal Walsh-Hadamard "
    .. "transform of x with random signs in random order. Where the number of values is 2^k q, q odd, the transform "
    .. "is that of order 2^k times a cosine transform of order q.",
  source = "Kawar et al. 2022a",
  options = { shape = options.NONE, ratio = 0.5, seed = 0 },
  make = function(o)
    local shape, size = shapes.any("compressed", o.shape)
    options.portions("compressed", o, { "ratio" })
    local count = math.max(1, math.floor(o.ratio * size + 0.5))
    local seed = shapes.integer("compressed", "seed", o.seed)
    local order, chosen = chance.permutation(size, seed), chance.permutation(size, seed, 1)
    local there, back = transform(size)
    local signs = transforms.both(chance.signs(size, seed))
    local mixed, unmixed = chance.indices(order), chance.indices(chance.inverse(order))
    local first, last = chance.indices(chosen), chance.indices(chance.inverse(chosen))
    local function Vt(x)
      x = x:reshape { x:shape(1), size } * signs(x)
      return there(x:index_select(mixed, 2)):index_select(first, 2)
    end
    local function V(c)
      local x = back(c:index_select(last, 2)):index_select(unmixed, 2) * signs(c)
      return x:reshape { x:shape(1), table.unpack(shape) }
    end
    local function padded(y) return y:pad({ 0, 0 }, { 0, size - count }) end
    local function spread(y) return V(padded(y)) end
    return {
      shape = shape, measured = { count }, adjoint = spread, pinv = spread,
      apply = function(x) return Vt(x):narrow(2, 1, count) end,
      svd = function()
        local s = padded(sl.ones({ 1, count }, { dtype = "float64" })):reshape { size }
        return { s = s, Vt = Vt, V = V, Ut = padded }
      end,
    }
  end,
}
