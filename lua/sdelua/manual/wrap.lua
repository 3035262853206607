-- Texts cut into lines at words, none wider than so many columns unless a word is.
local wrap = {}

--- How many columns a text takes.
function wrap.width(text) return utf8.len(text) or #text end

--- The lines of one line of text. What stands before its first word, and `indent` more columns, also begin the others.
function wrap.lines(text, columns, indent)
  local head = text:match "^%s*"
  local lines, line, room = {}, head, columns - #head
  for gap, word in text:sub(#head + 1):gmatch "(%s*)(%S+)" do
    local width = #gap + wrap.width(word)
    if width > room and line:find "%S" then
      lines[#lines + 1] = line
      line, gap = head .. (" "):rep(indent or 0), ""
      room, width = columns - #line, wrap.width(word)
    end
    line, room = line .. gap .. word, room - width
  end
  lines[#lines + 1] = line
  return lines
end

-- Where a wide line goes on: below the second column of "  name   what it is", else a little further in.
local function indent_of(line)
  local head, column = line:match "^%s*()%S.-%s%s+()%S"
  return line:find "^%s" and column and column <= 24 and column - head or 4
end

--- A text whose lines that are too wide go on, set in, in the next.
function wrap.text(text, columns)
  local out = {}
  for line in (text .. "\n"):gmatch "(.-)\n" do
    local lines = wrap.width(line) <= columns and { line } or wrap.lines(line, columns, indent_of(line))
    table.move(lines, 1, #lines, #out + 1, out)
  end
  return table.concat(out, "\n")
end

--- The width of the terminal that is written to; nil where standard output is none.
function wrap.terminal()
  local system = require "sdelua.core".system
  return system.is_terminal "stdout" and (system.terminal_size()) or nil
end

return wrap
