local sl = require "sdelua"
local kronecker = require "sdelua.inverse.kronecker"
local options = require "sdelua.options"
local shapes = require "sdelua.inverse.shapes"

local F64 = { dtype = "float64" }

-- Angles in radians: so many, even in [0, range) degrees, or a list in degrees.
local function angles_of(o)
  local list, given = {}, o.angles or 30
  if type(given) == "number" then
    local n = shapes.integer("ct", "angles", given, 1)
    for i = 1, n do list[i] = math.rad(o.range * (i - 1) / n) end
    return list
  end
  for i, angle in ipairs(shapes.numbers("ct", "angles", given)) do list[i] = math.rad(angle) end
  return list
end

-- The share of a unit square that lies on the near side of the line at distance r from its middle, less 1/2: c and s
-- are the absolute cosine and sine of the angle of its normal. The chord is 1/max(c,s) long up to |r| = |c-s|/2 and
-- falls to 0 at (c+s)/2.
local function share(r, c, s)
  local near, far, chord = math.abs(c - s) / 2, (c + s) / 2, 1 / math.max(c, s)
  local u = r:abs()
  local area = u:clamp(0, near) * chord
  if far - near > 1e-12 then
    local rest = far - u:clamp(near, far)
    area = area + ((far - near) ^ 2 - rest:square()) * (chord / (2 * (far - near)))
  end
  return area * r:sign()
end

-- [angles * detectors, h * w]: the area of each pixel in the strip of each detector, over the strip's width; lengths in
-- units of the longer side.
local function radon(h, w, angles, detectors)
  local side, width = math.max(h, w), math.sqrt(h * h + w * w) / detectors
  local up = ((h - 1) / 2 - sl.arange(h, F64)):reshape { 1, h, 1 }
  local right = (sl.arange(w, F64) - (w - 1) / 2):reshape { 1, 1, w }
  local middle = ((sl.arange(detectors, F64) - (detectors - 1) / 2) * width):reshape { detectors, 1, 1 }
  local parts = {}
  for i, angle in ipairs(angles) do
    local c, s = math.cos(angle), math.sin(angle)
    local r = middle - (right * c + up * s)
    c, s = math.abs(c), math.abs(s)
    parts[i] = ((share(r + width / 2, c, s) - share(r - width / 2, c, s)) / (width * side)):reshape { detectors, h * w }
  end
  return sl.cat(parts, 1)
end

return {
  doc = "Computed tomography with parallel beams: the Radon transform of images of that shape, y [angles, "
    .. "detectors, C]. A detector gives the mean of the line integrals over its width, exact for square pixels, in "
    .. "units of the longer side; the detectors cover the diagonal. angles: so many in [0, range) degrees (30), or a "
    .. "list in degrees; at 0 the rays go along the columns. LAPACK gives the singular vectors, at first use.",
  source = "Radon 1917; Song et al. 2022",
  options = { shape = options.NONE, angles = options.NONE, range = 180.0, detectors = options.NONE },
  make = function(o)
    local shape = shapes.image("ct", o.shape)
    local h, w, channels = table.unpack(shape)
    local usual = math.ceil(math.sqrt(h * h + w * w))
    local detectors = shapes.integer("ct", "detectors", o.detectors or usual, 1)
    options.finite("ct", o, { "range" })
    local angles = angles_of(o)
    local made = kronecker.operator {
      shape = shape, measured = { #angles, detectors, channels }, view = { h * w, channels },
      matrices = { radon(h, w, angles, detectors) },
    }
    -- The sinogram: A^+ y of few noisy views shows nothing.
    function made.picture(y) return y / y:abs():amax({ 2, 3, 4 }, true):clamp(1e-20, math.huge) end
    return made
  end,
}
