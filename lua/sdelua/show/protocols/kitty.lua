local options = require "sdelua.options"
local pixels = require "sdelua.show.pixels"

local CHUNK = 4096 -- of base64 at most

local DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

local function base64(bytes)
  local out, pad = {}, -#bytes % 3
  for i = 1, #bytes, 3 do
    local a, b, c = bytes:byte(i, i + 2)
    local n = a << 16 | (b or 0) << 8 | (c or 0)
    for shift = 18, 0, -6 do
      local d = (n >> shift & 63) + 1
      out[#out + 1] = DIGITS:sub(d, d)
    end
  end
  for i = 0, pad - 1 do out[#out - i] = "=" end
  return table.concat(out)
end

local function bytes_of(picture)
  local values, parts = picture:reshape({ -1 }):totable(), {}
  for i = 1, #values, 4096 do
    parts[#parts + 1] = string.char(table.unpack(values, i, math.min(i + 4095, #values)))
  end
  return table.concat(parts)
end

return {
  doc = "The graphics protocol of kitty, which Ghostty and WezTerm speak too: raw pixels.",
  source = "sw.kovidgoyal.net/kitty/graphics-protocol",
  arguments = { "x" }, options = { width = options.NONE },
  -- What runs inside tmux or screen finds the variables of the terminal around it, which they do not hand pictures to.
  speaks = function()
    local term, program = os.getenv "TERM" or "", os.getenv "TERM_PROGRAM"
    if os.getenv "TMUX" or term:find "^screen" or term:find "^tmux" then return false end
    return os.getenv "KITTY_WINDOW_ID" ~= nil or term:find "kitty" ~= nil or term:find "ghostty" ~= nil
      or program == "ghostty" or program == "WezTerm"
  end,
  fit = pixels.fit,
  -- a=T: transmit and show; f=24: RGB; q=2: no answer, which would arrive as if typed; m=1: more chunks follow.
  draw = function(picture)
    local data, parts = base64(bytes_of(picture)), {}
    for i = 1, #data, CHUNK do
      local head = i == 1 and ("a=T,f=24,q=2,s=%d,v=%d,"):format(picture:shape(2), picture:shape(1)) or ""
      local more = i + CHUNK <= #data and 1 or 0
      parts[#parts + 1] = ("\27_G%sm=%d;%s\27\\"):format(head, more, data:sub(i, i + CHUNK - 1))
    end
    return table.concat(parts) .. "\n"
  end,
}
