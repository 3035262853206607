-- Docs as Markdown, and files that are written or, to check, compared.
local text = {}

--- A doc as Markdown: what is set in is code, the rest text.
function text.markdown(doc)
  local out, code = {}, false
  for line in (doc .. "\n"):gmatch "(.-)\n" do
    local set_in = line:find "^%s%s" ~= nil
    if set_in ~= code and line ~= "" then
      out[#out + 1] = set_in and "\n```" or "```\n"
      code = set_in
    end
    out[#out + 1] = set_in and line or line:gsub("[*<>|]", "\\%0")
  end
  if code then out[#out + 1] = "```" end
  return (table.concat(out, "\n"):gsub("\n\n\n+", "\n\n"))
end

--- What a file holds; nil where there is none.
function text.read(path)
  local file <close> = io.open(path)
  return file and file:read "a"
end

--- Writes the file; with `check` writes nothing and adds its name to `stale` where it holds something else.
function text.write(path, content, check, stale)
  if text.read(path) == content then return end
  if check then
    stale[#stale + 1] = path
    return
  end
  local file <close> = assert(io.open(path, "w"))
  assert(file:write(content))
end

return text
