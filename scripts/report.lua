-- sdelua scripts/report.lua RUN... [--help]: one HTML page that compares runs of scripts/train_*.lua: curves, samples
-- over training, and what they differ in. It loads nothing, so it can be sent as it is.
local cli = require "sdelua.train.cli"
local report = require "sdelua.train.report"

local parser = cli.parser("report.lua", "Writes one HTML page on runs of scripts/train_*.lua.")
parser:argument("runs", "Folders of runs."):args "+"
parser:option("--out", "File to write (default: report.html in the folder of the first run).")
parser:option("--title", "Title of the page.")
parser:option("--points", "Points of a curve at most.", "400"):convert(cli.integer(2))

cli.run(function()
  local a = parser:parse()
  local out = a.out or a.runs[1] .. "/report.html"
  local text = report.html(a.runs, { title = a.title, points = a.points })
  local file, why = io.open(out, "wb")
  if not file then error("report: " .. why, 0) end
  assert(file:write(text))
  assert(file:close())
  print("wrote " .. out)
end)
