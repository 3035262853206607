-- sdelua scripts/train_ve.lua [--help]: trains the variance-exploding process (Song et al. 2021, eq. 9) on images.
local sl = require "sdelua"

os.exit(sl.train.main {
  name = "ve",
  about = "Trains the variance-exploding process of Song et al. (2021) on images, with the preconditioning and the "
    .. "objective of Karras et al. (2022); the paper's own: --objective dsm --parameterization noise --net-set "
    .. "embedding=fourier.",
  process = { kind = "VE", options = { sigma_min = 0.01, sigma_max = 50 } },
  -- a network that predicts the noise does not see by how much the noise in x differs from what it is told, and then
  -- what a coarse grid leaves over stays in the samples
  objective = { kind = "edm", options = { P_mean = -0.7, P_std = 1.2, sigma_data = 0.7 } },
  steps = 1550,
  settings = {
    batch = 16, lr = 1.5e-3, warmup = 200, cooldown = 0.5, clip = 1, ema = 0.99, seed = 0, parameterization = "F",
  },
}, true)
