--- sl.show(x): a picture in the terminal: an image [H,W,C], a batch [N,H,W,C], as a grid, or anything with a method
-- render, such as a plot. It is drawn by the first protocol that the terminal speaks, else in half blocks; each is a
-- file of sdelua/show/protocols, sl.show.list() names them, and sl.show.<name>(x, options) draws by that one. Without
-- a terminal it says in a line what it would have drawn, unless a protocol is asked for. Options: protocol = nil, a
-- name; width = nil, in columns (by itself what the picture has, at most what the terminal has, nor higher than that).
-- A row holds, besides doc, source, arguments and options,
--   speaks   function(): whether the terminal knows the protocol; none where every one does
--   fit      function(picture, o) -> height and width to draw a picture [H,W,3] at; o.width as the options say, or nil,
--            o.columns and o.rows that there are (of rows math.huge where anything goes), o.cell and o.cell_height, the
--            pixels of one
--   draw     function(picture) -> the text that draws it, uint8 [H,W,3]
local sl = require "sdelua"
local collection = require "sdelua.collection"
local errors = require "sdelua.errors"
local options = require "sdelua.options"
local core = require "sdelua.core"

local show = { protocols = collection "sdelua.show.protocols" }

local FALLBACK = "blocks"

local function protocol_of(name)
  local row = show.protocols:find(name)
  if row then return row end
  errors.raise("show: option protocol: expected one of %s, got %s", table.concat(show.protocols:names(), ", "),
    options.show(name))
end

-- The first one, by name, that the terminal speaks.
local function spoken()
  for _, row in show.protocols:each() do
    if row.speaks and row.speaks() then return row end
  end
  return protocol_of(FALLBACK)
end

local function check_width(width)
  if width ~= nil and not (math.type(width) == "integer" and width >= 1) then
    errors.raise("show: option width: expected a number of columns, got " .. options.show(width))
  end
  return width
end

-- Enlarged as it is, pixel by pixel, else shrunk with the pixels between counted in.
local function resized(picture, height, width)
  local h, w = picture:shape(1), picture:shape(2)
  local k = width // w
  if k < 2 or width ~= k * w or height ~= k * h then return core.image.resize(picture, height, width) end
  return picture:reshape({ h, 1, w, 1, 3 }):expand({ h, k, w, k, 3 }):reshape { h * k, w * k, 3 }
end

-- What fit is told of where it draws. A terminal shows as many rows as it has, the last of which is the prompt's; where
-- the width is said, or what is printed goes elsewhere, a picture may be as high as it likes.
local function place(width)
  local columns, rows, cell, cell_height = core.system.terminal_size()
  local bound = not width and core.system.is_terminal "stdout"
  return {
    width = width, columns = columns, rows = bound and math.max(1, rows - 1) or math.huge,
    cell = cell > 0 and cell or 10, cell_height = cell_height > 0 and cell_height or 20,
  }
end

-- The text that draws a picture by that row.
local function drawn(row, picture, width)
  local height, wide = row.fit(picture, place(width))
  if height ~= picture:shape(1) or wide ~= picture:shape(2) then picture = resized(picture, height, wide) end
  return row.draw(picture)
end

local function described(picture)
  return ('a picture of %d x %d pixels, which is drawn in a terminal, or with protocol = "%s"\n')
    :format(picture:shape(2), picture:shape(1), FALLBACK)
end

--- What sl.show(x, options) prints, as a text.
function show.text(x, opts)
  local o = options.read("show", opts, { protocol = options.NONE, width = options.NONE })
  local width = check_width(o.width)
  local picture = sl.image.render(x, "show")
  if picture:shape(3) == 1 then picture = picture:expand { -1, -1, 3 } end
  if o.protocol == nil and not core.system.is_terminal "stdout" then return described(picture) end
  return drawn(o.protocol and protocol_of(o.protocol) or spoken(), picture, width)
end

show.protocols:open(show, { "name", "doc", "source" }, function(row)
  return errors.named("show." .. row.name, function(x, opts)
    local o = options.read("show." .. row.name, opts, { width = options.NONE })
    io.stdout:write(show.text(x, { protocol = row.name, width = o.width }))
  end)
end)

errors.named("show", show.text)
getmetatable(show).__call = function(_, x, opts) io.stdout:write(show.text(x, opts)) end

return show
