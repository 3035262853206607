-- sl.help "conv2d": what an op takes and does, from its row in the table of ops. sl.help() lists them all.
local docs = require "sdelua.core".op_docs

return function(name)
  if name ~= nil then
    return docs[name] or error(("help: argument name: expected the name of an op, got %s"):format(tostring(name)), 2)
  end
  local lines = {}
  for _, doc in pairs(docs) do lines[#lines + 1] = doc end
  table.sort(lines)
  return table.concat(lines, "\n")
end
