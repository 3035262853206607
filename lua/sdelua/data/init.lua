-- Data sets, files of them (docs/data.md), and the loader that cuts them into batches.
local data = {}

local idx = require "sdelua.data.idx"
data.fashion_mnist, data.is_mnist, data.idx = idx.fashion_mnist, idx.is_mnist, idx.load

data.image_folder = require "sdelua.data.images".folder
data.cifar10 = require "sdelua.data.cifar".load

local csv = require "sdelua.data.csv"
data.csv, data.save_csv = csv.load, csv.save

data.from = require "sdelua.data.from"
data.loader = require "sdelua.data.loader"
for name, set in pairs(require "sdelua.data.points") do data[name] = set end

--- A list of what the room has, one function a row, that prints as a table.
function data.list()
  local rows = setmetatable({}, require "sdelua.listing" { "name", "doc" })
  for _, entry in ipairs(require "sdelua.manual".entries()) do
    local name = entry.name:match "^data%.([%w_]+)$"
    if name and entry.kind == "function" and name ~= "list" then rows[#rows + 1] = { name = name, doc = entry.doc } end
  end
  return rows
end

return data
