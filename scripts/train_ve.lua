-- sdelua scripts/train_ve.lua [--help]: trains the variance-exploding process (Song et al. 2021, eq. 9) on images.
local sl = require "sdelua"

os.exit(sl.train.main {
  name = "ve",
  about = "Trains the variance-exploding process of Song et al. (2021) on images.",
  network = { embedding = "fourier" }, -- of log sigma, which the network is told
  process = { kind = "VE", options = { sigma_min = 0.01, sigma_max = 50 } },
  steps = 1550,
  settings = { batch = 16, lr = 1.5e-3, warmup = 200, cooldown = 0.5, clip = 1, ema = 0.99, seed = 0 },
}, true)
