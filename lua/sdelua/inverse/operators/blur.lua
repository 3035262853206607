local sl = require "sdelua"
local errors = require "sdelua.errors"
local kronecker = require "sdelua.inverse.kronecker"
local options = require "sdelua.options"
local shapes = require "sdelua.inverse.shapes"

local KERNELS = {
  gaussian = function(width, bandwidth)
    local list, sum = {}, 0
    for i = 1, width do
      list[i] = math.exp(-0.5 * ((i - (width + 1) / 2) / bandwidth) ^ 2)
      sum = sum + list[i]
    end
    for i = 1, width do list[i] = list[i] / sum end
    return list
  end,
  uniform = function(width)
    local list = {}
    for i = 1, width do list[i] = 1 / width end
    return list
  end,
}

-- Where the place i beyond the edge of 1..n is taken from; nil: it counts as 0.
local EDGES = {
  zero = function() return nil end,
  edge = function(i, n) return math.max(1, math.min(n, i)) end,
  wrap = function(i, n) return (i - 1) % n + 1 end,
  symmetric = function(i, n)
    local place = (i - 1) % (2 * n)
    return place < n and place + 1 or 2 * n - place
  end,
}

-- The correlation with `kernel` as a matrix [n,n].
local function matrix(kernel, n, boundary)
  local rows, half = {}, #kernel // 2
  for i = 1, n do
    local row = {}
    for j = 1, n do row[j] = 0 end
    for k, weight in ipairs(kernel) do
      local place = i + k - 1 - half
      if place < 1 or place > n then place = EDGES[boundary](place, n) end
      if place then row[place] = row[place] + weight end
    end
    rows[i] = row
  end
  return sl.tensor(rows, { dtype = "float64" })
end

local function kernel_of(name, given, o)
  if not (o.bandwidth > 0 and o.bandwidth < math.huge) then
    errors.raise("blur: option bandwidth: expected a positive number, got %g", o.bandwidth)
  end
  if not KERNELS[given] then given = shapes.numbers("blur", name, given)
  else given = KERNELS[given](shapes.integer("blur", "width", o.width, 1), o.bandwidth) end
  if #given % 2 == 1 then return given end
  errors.raise("blur: option %s: expected an odd number of weights, got %d", name, #given)
end

return {
  doc = "Correlation with a kernel down the columns and along the rows of images of that shape: kernel = \"gaussian\" "
    .. "(width, bandwidth in pixels), \"uniform\" (width) or a list; across, where given, is that along the rows. "
    .. "boundary = \"symmetric\", \"zero\", \"edge\" or \"wrap\".",
  source = "Kawar et al. 2022a",
  options = {
    shape = options.NONE, kernel = options.NONE, across = options.NONE, width = 5, bandwidth = 1.0,
    boundary = "symmetric",
  },
  make = function(o)
    options.choice("blur", "boundary", o.boundary, { "symmetric", "zero", "edge", "wrap" })
    local shape, kernel = shapes.image("blur", o.shape), kernel_of("kernel", o.kernel or "gaussian", o)
    local across = o.across == nil and kernel or kernel_of("across", o.across, o)
    return kronecker.operator {
      shape = shape, measured = shape,
      matrices = { matrix(kernel, shape[1], o.boundary), matrix(across, shape[2], o.boundary) },
    }
  end,
}
