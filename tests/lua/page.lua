-- Runs the Lua of a Markdown page:  sdelua tests/lua/page.lua PAGE [STEPS], in a folder where it may write.
--
-- All ```lua blocks are one script, in order, whose line numbers are the page's. A block that begins with a comment of
-- nothing but a path, "-- sdelua/solve/samplers/mine.lua", is that file. What a line prints is what stands behind -->
-- at its end, and on --> lines right below it; a line without is free to print anything. Training is cut short:
-- sl.progress counts to STEPS at most, which are 3, whatever the page asks for.
local sl = require "sdelua"

local page = {}

local function lines_of(path)
  local lines = {}
  for line in io.lines(path) do lines[#lines + 1] = line end
  return lines
end

-- The lines of each block as { first =, … }, first being the page's number of the first of them.
local function blocks_of(lines)
  local blocks, open = {}, nil
  for i, line in ipairs(lines) do
    if line:find "^```" then
      open = not open and line == "```lua" and { first = i + 1 } or nil
      blocks[#blocks + 1] = open
    elseif open then
      open[#open + 1] = line
    end
  end
  return blocks
end

local function write_file(path, block)
  local folder = path:match "^(.*)/"
  if folder then require "sdelua.core".system.make_folder(folder) end
  local file <close> = assert(io.open(path, "w"))
  file:write(table.concat(block, "\n"), "\n")
end

-- The script, and what each of its lines is to print: texts by line number.
local function script_of(blocks)
  local code, expected = {}, {}
  for _, block in ipairs(blocks) do
    local path = block[1]:match "^%-%- ([%w_/]+%.lua)$"
    if path then write_file(path, block) end
    for i = #code + 1, block.first - 1 do code[i] = "" end
    local printing -- the last line that is more than -->
    for i, line in ipairs(path and {} or block) do
      local here, text = block.first + i - 1, line:match "%-%-> ?(.*)$"
      if not line:find "^%s*%-%->" then printing = here end
      if text then expected[printing] = (expected[printing] and expected[printing] .. "\n" or "") .. text end
      code[here] = line
    end
  end
  return table.concat(code, "\n"), expected
end

-- A print that notes what each line of the page prints.
local function noting(printed)
  return function(...)
    local words = table.pack(...)
    for i = 1, words.n do words[i] = tostring(words[i]) end
    local here = debug.getinfo(2, "l").currentline
    printed[here] = (printed[here] and printed[here] .. "\n" or "") .. table.concat(words, "\t", 1, words.n)
  end
end

local function cut_short(progress, steps)
  return function(n, options) return progress(math.min(n, steps), options) end
end

--- Runs a page; an error names its line.
function page.run(path, steps)
  local lines = lines_of(path)
  local code, expected = script_of(blocks_of(lines))
  local printed = {}
  sl.progress = cut_short(sl.progress, steps or 3)
  local env = setmetatable({ print = noting(printed) }, { __index = _G })
  assert(load(code, "@" .. path, "t", env))()
  for line = 1, #lines do
    local text = expected[line]
    if text and printed[line] ~= text then
      error(("%s:%d: the page says that this prints:\n%s\nand it prints:\n%s")
        :format(path, line, text, printed[line]), 0)
    end
  end
end

if arg and arg[0]:find "page%.lua$" then page.run(arg[1], tonumber(arg[2])) end

return page
