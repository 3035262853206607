-- sdelua scripts/docs.lua [--check]: writes the tables of docs/samplers.md, docs/inverse.md and docs/guidance.md from
-- what comes one a file. With --check it writes nothing and fails where a table is stale.
package.path = (arg[0]:match "^(.*)/[^/]*$" or ".") .. "/bench/?.lua;" .. package.path
local sl = require "sdelua"
local cli = require "sdelua.train.cli"
local measure = require "measure"

local p = cli.parser("docs.lua", "Writes the tables of docs/samplers.md, docs/inverse.md and docs/guidance.md.")
p:flag("--check", "Write nothing; fail where a table is stale.")
p:option("--folder", "Where the pages are.", (arg[0]:match "^(.*)/[^/]*$" or ".") .. "/../docs")
local a = p:parse()

local function cell(v)
  if v == nil or v == false then return "" end
  if v == true then return "yes" end
  if type(v) == "table" then return table.concat(v, ", ") end
  return (tostring(v):gsub("[|*]", "\\%0"))
end

local function table_of(rows, keys)
  local lines = {}
  for i, row in ipairs(rows) do
    lines[i] = { "`" .. row.name .. "`" }
    for j = 2, #keys do lines[i][j] = cell(row[keys[j]]) end
  end
  return measure.table(keys, lines):gsub("%-%-:", "---")
end

-- The tables of each page: name of the section, rows and columns.
local PAGES = {
  samplers = {
    samplers = { sl.solve.list(), { "name", "order", "weak", "cost", "needs", "doc", "source" } },
    processes = { sl.sde.list(), { "name", "doc", "source" } },
    objectives = { sl.loss.list(), { "name", "doc", "source" } },
    metrics = { sl.metrics.list(), { "name", "doc", "source" } },
    networks = { sl.nn.list(), { "name", "doc", "source" } },
  },
  inverse = {
    operators = { sl.inverse.list(), { "name", "linear", "doc", "source" } },
    methods = { sl.posterior.list(), { "name", "admits", "doc", "source" } },
  },
  guidance = { methods = { sl.guidance.list(), { "name", "arguments", "doc", "source" } } },
}

local function read(path)
  local file <close> = assert(io.open(path))
  return file:read "a"
end

local function copied(path)
  local copy = os.tmpname()
  local file <close> = assert(io.open(copy, "w"))
  file:write(read(path))
  return copy
end

for name, tables in pairs(PAGES) do
  local path = ("%s/%s.md"):format(a.folder, name)
  local target = a.check and copied(path) or path
  for section, of in pairs(tables) do measure.write(target, section, (table_of(table.unpack(of)))) end
  if a.check then
    local fresh = read(target)
    os.remove(target)
    if fresh ~= read(path) then error("docs.lua: " .. path .. " is stale: run sdelua scripts/docs.lua", 0) end
  end
end
