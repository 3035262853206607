-- Operators that give one number for each pixel: its colours weighted.
local sl = require "sdelua"
local transforms = require "sdelua.inverse.transforms"

--- What an operator's make() returns, for images of `shape` and V, an orthogonal matrix of as many columns as there are
-- colours (a list of rows) whose first column is the weights' direction: y = s V_1^T x.
return function(shape, V, s)
  local h, w, channels = table.unpack(shape)
  local Vt, size = sl.tensor(V, { dtype = "float64" }), h * w * channels
  local to, from = transforms.both(Vt), transforms.both(Vt:transpose(1, 2))
  local row = transforms.both(Vt:narrow(2, 1, 1) * s)
  local column = transforms.both(Vt:narrow(2, 1, 1):transpose(1, 2) * s)
  local function flat(x) return x:reshape { x:shape(1), size } end
  return {
    shape = shape, measured = { h, w, 1 },
    apply = function(x) return sl.linear(x, row(x)) end,
    adjoint = function(y) return sl.linear(y, column(y)) end,
    svd = function()
      local first = sl.eye(channels, { dtype = "float64" }):narrow(1, 1, 1)
      return {
        s = (sl.full({ h * w, 1 }, s, { dtype = "float64" }) * first):reshape { size },
        Vt = function(x) return flat(sl.linear(x, to(x))) end,
        V = function(c) return sl.linear(c:reshape { c:shape(1), h, w, channels }, from(c)) end,
        Ut = function(y) return flat(y:pad({ 0, 0, 0, 0 }, { 0, 0, 0, channels - 1 })) end,
      }
    end,
  }
end
