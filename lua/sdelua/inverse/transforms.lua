-- Orthonormal transforms as matrices, float64; row k is the k-th basis vector.
local sl = require "sdelua"

local transforms = {}

local F64 = { dtype = "float64" }

--- A matrix in both types, made once: a function of x that gives it in x's.
function transforms.both(M)
  local double, single = M:to "float64":contiguous(), M:to "float32":contiguous()
  return function(x) return x.dtype == "float64" and double or single end
end

--- x with the values along dimension `dim` times Mt [in,out]: y_j = sum_i x_i Mt_ij.
function transforms.along(x, dim, Mt)
  local last = x:dim()
  if dim == last then return sl.linear(x, Mt) end
  return sl.linear(x:transpose(dim, last), Mt):transpose(dim, last)
end

--- The discrete cosine transform DCT-II of n values (Ahmed et al. 1974): its first row is constant.
function transforms.cosine(n)
  local k, i = sl.arange(n, F64):reshape { n, 1 }, sl.arange(n, F64):reshape { 1, n }
  local size = sl.where(k:eq(0), sl.full({ n, 1 }, 1 / n, F64), sl.full({ n, 1 }, 2 / n, F64)):sqrt()
  return ((i + 0.5) * k * (math.pi / n)):cos() * size
end

--- The Hadamard matrix of order 2^k after Sylvester, over its norm.
function transforms.hadamard(k)
  local H = sl.ones({ 1, 1 }, F64)
  for _ = 1, k do H = sl.cat({ sl.cat({ H, H }, 2), sl.cat({ H, -H }, 2) }, 1) / math.sqrt(2) end
  return H
end

--- Cosines and sines of 2 pi k i/n over sqrt(n), [n,size]: the discrete Fourier transform is the first less i times the
-- second. k goes up from -(n // 2), so that 0 is at n // 2 + 1; i goes through the first `size` places.
function transforms.fourier(n, size)
  local k = sl.arange(n, F64) - n // 2
  local i = sl.arange(size or n, F64)
  local turns = k:reshape { n, 1 } * i:reshape { 1, size or n }
  local angle = (turns - (turns / n):floor() * n) * (2 * math.pi / n)
  return angle:cos() / math.sqrt(n), angle:sin() / math.sqrt(n)
end

--- The two-dimensional transform of images [N,h,w,C], laid in the corner of an area [high,wide] of zeros (default:
-- their own), and its transpose: there(x) gives the real part and the imaginary part times -1, [N,high,wide,C];
-- back(re, minus_im) what both say of x.
function transforms.fourier2(h, w, high, wide)
  local function pair(n, size)
    local C, S = transforms.fourier(n, size)
    return {
      C = transforms.both(C), S = transforms.both(S), Ct = transforms.both(C:transpose(1, 2)),
      St = transforms.both(S:transpose(1, 2)),
    }
  end
  local rows, columns, along = pair(high or h, h), pair(wide or w, w), transforms.along
  local function there(x)
    local c, s = along(x, 2, rows.Ct(x)), along(x, 2, rows.St(x))
    local Ct, St = columns.Ct(x), columns.St(x)
    return along(c, 3, Ct) - along(s, 3, St), along(c, 3, St) + along(s, 3, Ct)
  end
  local function back(re, minus_im)
    local C, S = columns.C(re), columns.S(re)
    local c, s = along(re, 3, C) + along(minus_im, 3, S), along(minus_im, 3, C) - along(re, 3, S)
    return along(c, 2, rows.C(re)) + along(s, 2, rows.S(re))
  end
  return there, back
end

return transforms
