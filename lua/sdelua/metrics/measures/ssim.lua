local sl = require "sdelua"
local errors = require "sdelua.errors"

local SIDE, STD, K1, K2 = 11, 1.5, 0.01, 0.03

-- The paper's window: a Gaussian that sums to 1, as the weights of a convolution.
local function window()
  local d = sl.arange(SIDE, { dtype = "float64" }) - (SIDE - 1) / 2
  local g = (d:square() * (-0.5 / STD ^ 2)):exp()
  local w = g:reshape { SIDE, 1 } * g:reshape { 1, SIDE }
  return (w / w:sum()):reshape { SIDE, SIDE, 1, 1 }
end

-- [n,H,W,C] as images of one channel, [n C,H,W,1].
local function planes(x)
  return x:permute({ 1, 4, 2, 3 }):reshape { -1, x:shape(2), x:shape(3), 1 }
end

return {
  doc = "Structural similarity of images x against y [n,H,W,C], pair by pair, under a Gaussian window of 11 by 11 "
    .. "where it lies within the image, averaged over places and channels: the mean over the images. range as in psnr.",
  source = "Wang et al. 2004, eq. 13, section III.C",
  options = { range = 2.0 },
  each = function(o, x, y)
    if x:dim() ~= 4 or x:shape(2) < SIDE or x:shape(3) < SIDE then
      errors.raise("ssim: argument x: expected images [n,H,W,C] of at least %d by %d, got [%s]", SIDE, SIDE,
        table.concat(x:shape(), ","))
    end
    local w, a, b = window(), planes(x), planes(y)
    local function mean(v) return v:conv2d(w) end
    local ma, mb = mean(a), mean(b)
    local va, vb, ab = mean(a * a) - ma * ma, mean(b * b) - mb * mb, mean(a * b) - ma * mb
    local c1, c2 = (K1 * o.range) ^ 2, (K2 * o.range) ^ 2
    local map = (ma * mb * 2 + c1) * (ab * 2 + c2) / ((ma * ma + mb * mb + c1) * (va + vb + c2))
    return map:reshape({ x:shape(1), -1 }):mean(2)
  end,
}
