-- process:schedule: signal and noise over time, as a plot.
local check = require "check"
local sl = require "sdelua"

local sde = sl.sde

check.test("schedule draws m and s of every kind of process", function()
  local function rates(n)
    return sde.define {
      drift_coefficient = function(t) return sl.arange(1, n + 1, 1) * -t end,
      diffusion_coefficient = function(t) return sl.full({ n }, t) end,
    }
  end
  local data = sl.randn(20, 2) * 3
  local function lines(p, x0) return #p:schedule(x0).layers end
  check.eq({ lines(sde.VP {}), lines(rates(2)), lines(rates(2), data), lines(rates(9)) }, { 2, 4, 4, 2 })
  local function first(p, x0) return p:schedule(x0).layers[1].points:totable()[1] end
  check.close(first(sde.VP {}, data), { 0, data:var():sqrt():item() }, 1e-6)
  local probed = sde.define { drift = function(x) return -x end, diffusion = function(t) return t * 0 + 1 end }
  check.raises(function() probed:schedule() end, "schedule: argument x0: expected data")
  check.eq(lines(probed, data), 2)
  check.raises(function() sde.CLD { features = 1 }:schedule() end, "schedule: argument process")
  check.raises(function() probed:schedule(3) end, "schedule: argument x0: expected a tensor")
end)
