-- sdelua scripts/train_edm.lua [--help]: trains EDM's denoiser (Karras et al. 2022) on images.
local sl = require "sdelua"

os.exit(sl.train.main {
  name = "edm",
  about = "Trains the preconditioned denoiser of Karras et al. (2022) on images.",
  process = { kind = "EDM", options = { sigma_min = 0.002, sigma_max = 80.0 } },
  -- the standard deviation of Fashion-MNIST, and larger noise to go with it (0.5 and -1.2 in the paper)
  objective = { kind = "edm", options = { P_mean = -0.7, P_std = 1.2, sigma_data = 0.7 } },
  steps = 1550,
  settings = {
    batch = 16, lr = 1.5e-3, warmup = 200, cooldown = 0.5, clip = 1, ema = 0.99, seed = 0, parameterization = "F",
  },
}, true)
