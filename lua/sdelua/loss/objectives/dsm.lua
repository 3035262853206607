local options = require "sdelua.options"
local common = require "sdelua.loss.common"

return {
  doc = "Denoising score matching, E lambda(t) |score(x_t, t) + z/s|^2, t uniform on [eps, T]: weighting \"std\" "
    .. "(lambda = s^2), \"likelihood\" (g^2) or a function of t [N]; reduce_mean: the mean over elements, or half the "
    .. "sum over them; t_sampling \"uniform\", or \"importance\", in proportion to g^2/s^2 (its mean over features) "
    .. "with the same expectation. The first batch tells of a process whose noise comes too early or ends too low.",
  source = "Vincent 2011; Song et al. 2021, eq. 7",
  needs = { "kernel" },
  options = common.with_common { weighting = options.NONE, reduce_mean = true },
  loss = function(o, process, score, x0)
    local d = common.noised(o, process, x0)
    local squares = (common.predicted_noise(o, process, score, d.x, d.t) - d.z):square()
    return common.reduce(o, squares, common.noise_weight(o, process, d.x, d.t), d.factor)
  end,
}
