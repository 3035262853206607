-- sdelua scripts/train_flow.lua [--help]: trains a rectified flow (Liu et al. 2023) on images.
local sl = require "sdelua"

os.exit(sl.train.main {
  name = "flow",
  about = "Trains a rectified flow (Liu et al. 2023), the velocity of straight paths, on images.",
  process = { kind = "interpolant", options = { path = "linear" } },
  objective = { kind = "flow", options = {} },
  steps = 1550,
  settings = {
    batch = 16, lr = 1.5e-3, warmup = 200, cooldown = 0.5, clip = 1, ema = 0.99, seed = 0,
    parameterization = "velocity",
  },
}, true)
