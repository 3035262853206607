--- sl.metrics: how far samples are from data. sl.metrics.<name>(x, y, options) compares x [n, ...] with y [m, ...]
-- (images and the like are taken flat; give features where pixels say little, see sl.metrics.features) as the file
-- sdelua/metrics/measures/<name>.lua describes; sl.metrics.list() prints them all. A result is a table with value and a
-- bootstrap interval low, high (percentiles, Efron & Tibshirani 1993, section 13.3, around the value), which prints in
-- a line. Options of all: seed = 0, bootstrap = 100 resamples (0: none, and no interval), confidence = 0.95.
-- Everything random depends on the seed alone; pairs are looked at in pieces, so memory is linear in n and m.
local collection = require "sdelua.collection"

local metrics = {
  measures = collection "sdelua.metrics.measures", mixture = require "sdelua.metrics.mixture",
  features = require "sdelua.metrics.features",
}

--- All metrics: a list of { name =, doc =, source = }, which prints as a table.
function metrics.list()
  local rows = {}
  for name, row in metrics.measures:each() do
    rows[#rows + 1] = { name = name, doc = row.doc, source = row.source }
  end
  return setmetatable(rows, require "sdelua.listing" { "name", "doc", "source" })
end

local function measure(_, name)
  local row = metrics.measures:find(name)
  if not row then return nil end
  metrics[name] = require "sdelua.metrics.common".measure(row)
  return metrics[name]
end

return setmetatable(metrics, { __index = measure, __names = function()
  local names = {}
  for _, name in ipairs(metrics.measures:names()) do names[name] = true end
  return names
end })
