-- sdelua scripts/restore.lua CHECKPOINT IMAGE... [--help]: what images may have been before an operator of sl.inverse
-- measured them, by a method of sl.posterior. A sample depends on the seed and its number alone, not on --batch,
-- --threads or the images beside it.
local cli = require "sdelua.train.cli"
local restore = require "sdelua.inverse.restore"

restore.main {
  name = "restore", method = "ddrm",
  about = "Restores images under any operator of sl.inverse by any method of sl.posterior.",
  add = function(parser)
    parser:option("--operator", "What was measured: a name that --list prints.", "denoise")
    cli.add_assignments(parser, "--operator-set", "An option of the operator, such as --operator-set factor=4. "
      .. restore.FILES .. ": what is measured is white."):target "operator_set"
  end,
  read = function(a, row) return cli.collect(a.operator_set, row.options) end,
}
