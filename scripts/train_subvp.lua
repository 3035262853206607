-- sdelua scripts/train_subvp.lua [--help]: trains the sub-VP process (Song et al. 2021, eq. 12) on images.
local sl = require "sdelua"

os.exit(sl.train.main {
  name = "subvp",
  about = "Trains the sub-variance-preserving process of Song et al. (2021) on images.",
  process = { kind = "subVP", options = { beta_min = 0.1, beta_max = 20 } },
  steps = 1550,
  settings = { batch = 16, lr = 1.5e-3, warmup = 200, cooldown = 0.5, clip = 1, ema = 0.99, seed = 0 },
}, true)
