local exponential = require "sdelua.solve.exponential"
local choice = require "sdelua.options".choice

return {
  doc = "UniPC: a predictor of order 1-3 and, with the same evaluation, a corrector that makes it one more; variant = "
    .. "\"bh1\" or \"bh2\"; predicts = \"data\" or \"noise\".",
  source = "Zhao et al. 2023, theorem 3.1 (UniC), corollary 3.2 (UniP); UniPC's uni_pc.py",
  cost = 1, noise = false, space = "sigma", steps = 20, denoise = false, grid = "logsnr",
  order = function(o) return o.corrector and o.order + 1 or o.order end,
  options = { order = 2, variant = "bh2", corrector = true, predicts = "data", lower_order_final = true },
  check = function(o)
    choice("unipc", "variant", o.variant, { "bh1", "bh2" })
    choice("unipc", "predicts", o.predicts, { "data", "noise" })
    choice("unipc", "order", o.order, { 1, 2, 3 })
  end,
  step = function(self, run)
    return exponential.predict_correct(run, self.predicts, {
      predictor = self.order, corrector = self.corrector and self.order or 0, kind = self.variant, tau = 0,
      lower_order_final = self.lower_order_final,
    })
  end,
}
