local common = require "sdelua.loss.common"
local options = require "sdelua.options"

return {
  doc = "min(SNR, gamma) |x0_hat - x0|^2 with SNR = m^2/s^2: as min(1, gamma/SNR) |eps_hat - z|^2, finite where m = 0.",
  source = "Hang et al. 2023; Min-SNR-Diffusion-Training's guided_diffusion/gaussian_diffusion.py",
  needs = { "kernel" },
  options = common.with_common { gamma = 5.0, reduce_mean = true },
  check = function(o) options.positives(o.who, o, { "gamma" }) end,
  loss = function(o, process, score, x0)
    local d = common.noised(o, process, x0)
    local m, s = process:coefficient("m", d.x, d.t), process:coefficient("s", d.x, d.t)
    local weight = (s:square() * o.gamma / m:square()):clamp(0, 1)
    local squares = (common.predicted_noise(o, process, score, d.x, d.t) - d.z):square()
    return common.reduce(o, squares, weight, d.factor)
  end,
}
