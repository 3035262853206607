-- sdelua scripts/superres.lua CHECKPOINT IMAGE... [--help]: larger images: scripts/restore.lua with the operator
-- superres.
local cli = require "sdelua.train.cli"
local restore = require "sdelua.inverse.restore"

restore.main {
  name = "superres", operator = "superres", method = "ddrm",
  about = "Images `factor` times as long and as wide, as large as the model's.",
  add = function(parser)
    parser:option("--factor", "How many times.", "2"):convert(cli.integer(2))
  end,
  read = function(a) return { factor = a.factor } end,
}
