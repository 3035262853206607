-- What protocols of pixels share.
local pixels = {}

local SMALL = 320 -- pixels across; smaller pictures are enlarged by a whole factor that comes near this

--- The size to draw a picture at: its own, a small one enlarged, all within the width asked for or the terminal.
function pixels.fit(picture, o)
  local h, w = picture:shape(1), picture:shape(2)
  local room = (o.width or o.columns) * o.cell
  local wish = o.width and room or w * math.max(1, SMALL // w)
  local k = math.min(wish / w, room / w, o.rows * o.cell_height / h)
  if k >= 1 then k = math.floor(k) end
  return math.max(1, math.floor(h * k + 0.5)), math.max(1, math.floor(w * k + 0.5))
end

return pixels
