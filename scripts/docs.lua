-- sdelua scripts/docs.lua [--check]: writes the tables of docs/samplers.md from what comes one a file. With --check it
-- writes nothing and fails where a table is stale.
package.path = (arg[0]:match "^(.*)/[^/]*$" or ".") .. "/bench/?.lua;" .. package.path
local sl = require "sdelua"
local cli = require "sdelua.train.cli"
local measure = require "measure"

local p = cli.parser("docs.lua", "Writes the tables of docs/samplers.md.")
p:flag("--check", "Write nothing; fail where a table is stale.")
p:option("--file", "The page.", (arg[0]:match "^(.*)/[^/]*$" or ".") .. "/../docs/samplers.md")
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

local PAGES = {
  samplers = { sl.solve.list(), { "name", "order", "weak", "cost", "needs", "doc", "source" } },
  processes = { sl.sde.list(), { "name", "doc", "source" } },
  objectives = { sl.loss.list(), { "name", "doc", "source" } },
  metrics = { sl.metrics.list(), { "name", "doc", "source" } },
  networks = { sl.nn.list(), { "name", "doc", "source" } },
}

local function read(path)
  local file <close> = assert(io.open(path))
  return file:read "a"
end

local before = read(a.file)
local target = a.check and os.tmpname() or a.file
if a.check then
  local copy <close> = assert(io.open(target, "w"))
  copy:write(before)
end
for name, page in pairs(PAGES) do measure.write(target, name, (table_of(table.unpack(page)))) end
local after = read(target)
if a.check then os.remove(target) end
if a.check and after ~= before then
  error("docs.lua: " .. a.file .. " is stale: run sdelua scripts/docs.lua", 0)
end
