-- Where in a piece of Lua its end, the cursor, is:
--   quote, part      in a string: what opened it, and its text so far; callee, where it is all that a call is given
--   is_code, word    in code: the names before the cursor, "sl.nn.Li" or ""
--   callee, given    where word may be a key in the table that a call is given: what is called, "sl.solve.heun", and
--                    the set of keys that the table has already
--   opened           where the cursor is right behind the bracket of a call, what is called
-- In a comment or a long string it is none of these.
local KEYWORDS = {}
for word in ([[and break do else elseif end false for function goto if in local nil not or repeat return then true
  until while]]):gmatch "%a+" do KEYWORDS[word] = true end

local CLOSED_BY = { [")"] = true, ["]"] = true, ["}"] = true }
local OPENS = { ["("] = true, ["["] = true, ["{"] = true }

-- The end of a string in quotes; nil when it is open, which a line's end leaves it too.
local function quoted_end(text, at)
  local quote, i = text:sub(at, at), at + 1
  while i <= #text do
    local c = text:sub(i, i)
    if c == quote then return i end
    i = i + (c == "\\" and 2 or 1)
  end
end

-- What begins at `at`: its kind, and its last place, nil where it has no end yet.
local function token(text, at)
  local comment, level = text:match("^(%-?%-?)%[(=*)%[", at)
  if level and comment ~= "-" then
    local close = select(2, text:find("]" .. level .. "]", at, true))
    return comment == "--" and "comment" or "long", close
  end
  if text:find("^%-%-", at) then return "comment", (text:find("\n", at, true)) end
  if text:find("^[\"']", at) then return "string", quoted_end(text, at) end
  local name_end = text:match("^[%a_][%w_]*()", at)
  if name_end then return "name", name_end - 1 end
  return "sign", at
end

-- The names that end at tokens[i], as "sl.solve.heun" or "net:sample"; nil where there are none.
local function chain(tokens, i)
  local name = tokens[i]
  if not name or name.kind ~= "name" or KEYWORDS[name.text] then return nil end
  local before = tokens[i - 1] and tokens[i - 1].text
  if before ~= "." and before ~= ":" then return name.text end
  local left = chain(tokens, i - 2)
  return left and left .. before .. name.text
end

-- The function whose call is given the table that opens at tokens[i].
local function callee(tokens, i, around)
  local before = tokens[i - 1]
  if before and (before.text == "(" or before.text == ",") then
    return around and tokens[around.at].text == "(" and chain(tokens, around.at - 1) or nil
  end
  return chain(tokens, i - 1)
end

local function begins_key(token_before) return ("{,;"):find(token_before.text, 1, true) ~= nil end

-- Takes a token into the list, and into the stack of brackets that are open.
local function take(tokens, stack, kind, text)
  local i = #tokens + 1
  tokens[i] = { kind = kind, text = text }
  if kind ~= "sign" then return end
  local top = stack[#stack]
  if OPENS[text] then stack[#stack + 1] = { at = i, given = {} }
  elseif CLOSED_BY[text] then stack[#stack] = nil
  elseif text == "=" and top and i - 2 >= top.at and begins_key(tokens[i - 2]) then
    top.given[tokens[i - 1].text] = true
  end
end

local function in_code(tokens, stack, word)
  local place, top = { is_code = true, word = word }, stack[#stack]
  if top and tokens[top.at].text == "{" and begins_key(tokens[#tokens]) and not word:find "[.:]" then
    place.callee, place.given = callee(tokens, top.at, stack[#stack - 1]), top.given
  elseif top and top.at == #tokens and tokens[top.at].text == "(" and word == "" then
    place.opened = chain(tokens, top.at - 1)
  end
  return place
end

local function in_string(tokens, quote, part)
  local n = #tokens
  return { quote = quote, part = part, callee = chain(tokens, n > 0 and tokens[n].text == "(" and n - 1 or n) }
end

return function(text)
  local tokens, stack = {}, {}
  local word = text:match "[%w_.:]*$"
  local at, stop = 1, #text - #word
  while true do
    at = text:match("^%s*()", at)
    if at > stop then return in_code(tokens, stack, word) end
    local kind, last = token(text, at)
    if not last and kind == "string" then return in_string(tokens, text:sub(at, at), text:sub(at + 1)) end
    if not last then return {} end
    if kind ~= "comment" then take(tokens, stack, kind, text:sub(at, last)) end
    at = last + 1
  end
end
