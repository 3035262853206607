-- Draws docs/pictures anew: every example and every guide with a picture of its own name, or those named, at default
-- settings.
--   sdelua scripts/gallery.lua [CHECKPOINT] [NAME...]
-- Examples that take a checkpoint are given CHECKPOINT (runs/vp/checkpoint.safetensors) and images of the test split.
local sl = require "sdelua"
local system = require "sdelua.core".system

local program = arg[-1]
local TESTS = { 2, 1 } -- of the test split: a pullover and a boot
local LIMIT = 60000    -- bytes of a picture: lossless where it keeps to that, else of this quality
local QUALITY = 60

local function quote(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

local function execute(command)
  if not os.execute(command) then error(command .. ": failed", 0) end
end

local function run(...)
  local words = {}
  for i, word in ipairs { program, ... } do words[i] = quote(word) end
  execute(table.concat(words, " "))
end

local function temporary(ending)
  local path = os.tmpname()
  os.remove(path)
  return path .. ending
end

-- What an example takes before its picture, by the usage line of its head.
local function inputs(text, checkpoint)
  local list = {}
  for word in (text:match "sdelua examples/[%w_]+%.lua ([%u ]-)%s*%[" or ""):gmatch "%u+" do
    if word == "IMAGE" then
      local path = temporary ".png"
      sl.image.save(path, (sl.data.fashion_mnist { split = "test" })[TESTS[#list]])
      list[#list + 1] = path
    else
      list[#list + 1] = checkpoint
    end
  end
  return list
end

local function size_of(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:seek "end"
end

local function shrink(from, to)
  local frames = { sl.image.load(from) }
  sl.image.animate(to, frames)
  if size_of(to) >= LIMIT then sl.image.animate(to, frames, { lossless = false, quality = QUALITY }) end
end

local function draw(name, checkpoint)
  local file <close> = assert(io.open(("examples/%s.lua"):format(name)))
  local text, shown = file:read "a", ("docs/pictures/%s.webp"):format(name)
  local film = text:find(('picture or "%s.webp"'):format(name), 1, true)
  local words = inputs(text, checkpoint)
  words[#words + 1] = film and shown or temporary ".png"
  run(("examples/%s.lua"):format(name), table.unpack(words))
  if not film then shrink(words[#words], shown) end
  for _, path in ipairs(words) do
    if path ~= shown and path ~= checkpoint then os.remove(path) end
  end
end

-- A guide's name as its picture has it: "from_pytorch".
local function picture_of(guide) return (guide:gsub("%-", "_")) end

-- Runs the guide's Lua, all its steps, in a folder of its own.
local function draw_guide(name)
  local folder, own = temporary "", picture_of(name)
  system.make_folder(folder)
  local command = [[root=$PWD sdelua=$(realpath "$(command -v %s)") && cd %s &&
    "$sdelua" "$root/tests/lua/page.lua" "$root/docs/guides/%s.md" 1000000]]
  execute(command:format(quote(program), quote(folder), name))
  shrink(("%s/%s.png"):format(folder, own), ("docs/pictures/%s.webp"):format(own))
  execute("rm -r " .. quote(folder))
end

local function is_guide(name)
  local file <close> = io.open(("docs/guides/%s.md"):format(name))
  return file and file:read("a"):find(('"%s.png"'):format(picture_of(name)), 1, true) ~= nil
end

local function all()
  local names = {}
  for _, file in ipairs(system.list_folder "examples") do names[#names + 1] = file:match "^([%w_]+)%.lua$" end
  for _, file in ipairs(system.list_folder "docs/guides") do
    local name = file:match "^([%w-]+)%.md$"
    names[#names + 1] = is_guide(name) and name or nil
  end
  table.sort(names)
  return names
end

local wanted, checkpoint = { ... }, "runs/vp/checkpoint.safetensors"
if wanted[1] and wanted[1]:find "%.safetensors$" then checkpoint = table.remove(wanted, 1) end
for _, name in ipairs(wanted[1] and wanted or all()) do
  if is_guide(name) then draw_guide(name) else draw(name, checkpoint) end
end
