--- sl.metrics: how far samples are from data. sl.metrics.<name>(x, y, options) compares x [n, ...] with y [m, ...]
-- (images and the like are taken flat; give features where pixels say little, see sl.metrics.features) as the file
-- sdelua/metrics/measures/<name>.lua describes; sl.metrics.list() prints them all. A result is a table with value and a
-- bootstrap interval low, high (percentiles, Efron & Tibshirani 1993, around the value), which prints in a line.
-- Options of all: seed = 0, bootstrap = 100 resamples (0: none, and no interval), confidence = 0.95. Everything random
-- depends on the seed alone; pairs are looked at in pieces, so memory is linear in n and m.
local collection = require "sdelua.collection"
local common = require "sdelua.metrics.common"

local metrics = {
  measures = collection "sdelua.metrics.measures", mixture = require "sdelua.metrics.mixture",
  features = require "sdelua.metrics.features",
}

metrics.measures.known = common.known
metrics.measures.arguments = { "x", "y" }

return metrics.measures:open(metrics, { "name", "doc", "source" }, common.measure)
