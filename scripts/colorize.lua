-- sdelua scripts/colorize.lua CHECKPOINT IMAGE... [--help]: colours for grey images: scripts/restore.lua with the
-- operator colorize, or with --luminance grayscale.
local restore = require "sdelua.inverse.restore"

restore.main {
  name = "colorize", method = "ddrm",
  about = "Colours for grey images.",
  add = function(parser)
    parser:flag("--luminance", "A grey is the luminance of its colour, not the mean of red, green and blue.")
      :action(function(a) a.operator = "grayscale" end)
  end,
  operator = "colorize",
  read = function() return {} end,
}
