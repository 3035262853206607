-- Every example runs in short mode, a process each, and draws a picture as large as the one in docs/pictures, and not
-- blank. Arguments are read off the usage line of its head, so a new example is a new file and nothing else.
local check = require "check"
local files = require "files"
local process = require "process"
local sl = require "sdelua"
local system = require "sdelua.core".system

local folder = process.folder()

local function run(...)
  local code, text = process.run("", process.program, ...)
  check.eq(code, 0, text)
  return text
end

-- What stands for each word of a usage line: a checkpoint and images of 8x8, and the least work there is to do.
local WORDS = { STEPS = "2", FRAMES = "2", TOLERANCE = "1e-2" }

local function picture_of(i)
  local path = ("%s/data/%d.png"):format(folder, i)
  sl.image.save(path, sl.randint(0, 256, { 8, 8, 1 }, { dtype = "uint8" }))
  return path
end

local function trained()
  run("scripts/train_vp.lua", "--data", folder .. "/data", "--channels", "1", "--size", "8", "--nf", "4", "--ch-mult",
    "1,1", "--batch", "4", "--steps", "2", "--warmup", "1", "--out", folder .. "/run")
  return folder .. "/run/checkpoint.safetensors"
end

system.make_folder(folder .. "/data")
local IMAGES = {}
for i = 1, 2 do IMAGES[i] = picture_of(i) end
WORDS.CHECKPOINT = trained()

-- The words behind "sdelua examples/NAME.lua" in the comment that the file begins with, and that comment.
local function usage_of(name, text)
  local head = text:match "^%-%- (.-)\nlocal "
  local words = head and head:gsub("\n%-%- ", " "):match("sdelua examples/" .. name .. "%.lua (.*)$")
  return words and words:gsub("[%[%]]", ""), head
end

local function arguments(usage, picture)
  local list, images = {}, 0
  for word in usage:gmatch "%u+" do
    if word == "IMAGE" then images = images + 1 end
    list[#list + 1] = word == "PICTURE" and picture or word == "IMAGE" and IMAGES[images] or WORDS[word]
  end
  return list
end

-- Height, width and count of frames of a WebP: a film, or a single picture, lossless or not.
local function webp_size(path)
  local bytes = files.read(path)
  check.eq(bytes:sub(1, 4) .. bytes:sub(9, 12), "RIFFWEBP", path)
  if bytes:sub(13, 16) == "VP8X" then
    local wide, high = ("<I3I3"):unpack(bytes, 25)
    return { high + 1, wide + 1 }, select(2, bytes:gsub("ANMF", ""))
  end
  if bytes:sub(13, 16) == "VP8L" then
    local bits = ("<I4"):unpack(bytes, 22)
    return { (bits >> 14 & 0x3fff) + 1, (bits & 0x3fff) + 1 }, 1
  end
  check.eq(bytes:sub(13, 16), "VP8 ", path)
  local wide, high = ("<I2I2"):unpack(bytes, 27)
  return { high, wide }, 1
end

-- How much of the picture [H,W] is no paper, and by how much the values there differ.
local function ink_of(x)
  local ink = x:lt(215):to "float32"
  local n = math.max(1, ink:sum():item())
  local mean = (x * ink):sum():item() / n
  return n / x:numel(), math.sqrt(((x - mean):square() * ink):sum():item() / n)
end

-- Shows nothing: paper, frame and numbers of an empty plot are grey, and few; a grey picture's pixels are all alike.
local function is_blank(image)
  local x = image:to "float32"
  if (x:amax(3) - x:amin(3)):gt(40):to("float32"):mean():item() >= 0.01 then return false end
  local share, spread = ink_of(x:amax(3))
  return share < 0.1 or spread < 20
end

-- As wide as the one shown, and about as high: how plots are laid out may change without all of them being drawn anew.
local function check_size(name, got, want)
  check.eq(got[2], want[2], name .. ": width")
  check.close(got[1], want[1], 0.25, 0, name .. ": height")
end

local function check_picture(name, picture, shown)
  if picture:find "%.webp$" then
    local size, frames = webp_size(picture)
    check_size(name, size, (webp_size(shown)))
    check.ok(frames > 2, name .. ": no film")
  else
    local image = sl.image.load(picture)
    check_size(name, image:shape(), (webp_size(shown)))
    check.ok(not is_blank(image), name .. ": blank")
  end
end

-- What an example says of itself, where that is more than that it wrote a picture.
local SAID = {
  custom_sde = function(text)
    check.ok(text:find("affine (probed)", 1, true) and not text:find("warning", 1, true), text)
  end,
  interpolation = function(text) check.ok(text:find "off by [%d.e-]+ in the mean", text) end,
}

local gallery = files.read "examples/README.md"
local ONE_THREAD = 'require "sdelua".set_threads(1)' -- each, for two run at once

-- An example, begun in short mode.
local function begin(name)
  local example = { name = name, file = name .. ".lua", text = files.read(("examples/%s.lua"):format(name)) }
  example.usage, example.head = usage_of(name, example.text)
  if not example.usage then return example end
  local ending = example.text:match 'picture or "[%w_]+%.(%w+)"'
  example.picture = ("%s/%s.%s"):format(folder, name, ending)
  example.wait = process.start("", process.program, "-e", ONE_THREAD, "examples/" .. example.file,
    table.unpack(arguments(example.usage, example.picture)))
  return example
end

local function check_text(example, shown)
  check.ok(example.usage, "no usage line in the head")
  local lines = select(2, example.text:gsub("\n", ""))
  check.ok(lines < 80 and #example.head > 60, "80 lines or more, or a head that says little")
  check.ok(#files.read(shown) < 60000, shown .. ": 60 kB or more")
  check.ok(gallery:find(("](%s)"):format(example.file), 1, true) and gallery:find("../" .. shown, 1, true),
    "not in the gallery")
end

local names, begun = {}, {}
for _, file in ipairs(system.list_folder "examples") do names[#names + 1] = file:match "^([%w_]+)%.lua$" end
for i, name in ipairs(names) do
  for k = i, math.min(i + 1, #names) do begun[k] = begun[k] or begin(names[k]) end
  check.test("examples/" .. name .. ".lua", function()
    local example, shown = begun[i], ("docs/pictures/%s.webp"):format(name)
    check_text(example, shown)
    local code, said = example.wait()
    check.eq(code, 0, said)
    check_picture(name, example.picture, shown)
    if SAID[name] then SAID[name](said) end
  end)
end

check.test("examples/guidance.lua draws from the posterior", function()
  local said = run("examples/guidance.lua", folder .. "/points.png", "60")
  local got, exact = said:match "strength 1: .- x %- y ([%d.]+), of the posterior ([%d.]+)"
  check.close(tonumber(got), tonumber(exact), 0.15, 0, said)
end)

check.test("scripts/gallery.lua draws what is shown", function()
  local there, name = folder .. "/gallery", "vp_ve_subvp"
  for _, part in ipairs { "", "/examples", "/docs", "/docs/pictures" } do system.make_folder(there .. part) end
  files.write(("%s/examples/%s.lua"):format(there, name), files.read(("examples/%s.lua"):format(name)))
  local code, said = process.run(("cd %s &&"):format(process.quote(there)), process.absolute(process.program),
    process.absolute "scripts/gallery.lua", name)
  check.eq(code, 0, said)
  local shown = ("docs/pictures/%s.webp"):format(name)
  check_size(name, webp_size(there .. "/" .. shown), (webp_size(shown)))
end)

check.test("scripts/gallery.lua draws what a guide shows under its own name", function()
  local there, page = folder .. "/guide", "docs/guides/from-pytorch.md"
  for _, part in ipairs { "", "/docs", "/docs/guides", "/docs/pictures", "/tests", "/tests/lua" } do
    system.make_folder(there .. part)
  end
  for _, path in ipairs { page, "tests/lua/page.lua" } do files.write(there .. "/" .. path, files.read(path)) end
  local code, said = process.run(("cd %s &&"):format(process.quote(there)), process.absolute(process.program),
    process.absolute "scripts/gallery.lua", "from-pytorch")
  check.eq(code, 0, said)
  local shown = "docs/pictures/from_pytorch.webp"
  check_size("from_pytorch", webp_size(there .. "/" .. shown), (webp_size(shown)))
end)

check.test("a blank picture is seen to be one", function()
  check.ok(is_blank(sl.full({ 50, 50, 1 }, 255):to "uint8"))
  check.ok(is_blank(sl.plot { title = "nothing", xlim = { 0, 1 } }:render()))
  for _, grey in ipairs { -1, 0, 1 } do
    check.ok(is_blank(sl.plot { title = "none", width = 200 }:image(sl.full({ 9, 9, 1 }, grey)):render()), grey)
  end
  check.ok(not is_blank(sl.plot { xlim = { 0, 1 } }:scatter(sl.rand(500, 2)):render()))
end)

files.remove(folder)
