-- For tests of what reads (Fashion-)MNIST: pictures of one's own as its files.
local idx = {}

local function write(path, magic, shape, x)
  local file <close> = assert(io.open(path, "wb"))
  file:write(string.pack(">I4", magic))
  for _, n in ipairs(shape) do file:write(string.pack(">I4", n)) end
  for _, v in ipairs(x:reshape { -1 }:totable()) do file:write(string.char(v)) end
end

--- Writes images uint8 [n,H,W,1] and labels uint8 [n]; prefix "train" or "t10k".
function idx.write(folder, prefix, images, labels)
  local n, h, w = images:shape(1), images:shape(2), images:shape(3)
  write(("%s/%s-images-idx3-ubyte"):format(folder, prefix), 0x803, { n, h, w }, images)
  write(("%s/%s-labels-idx1-ubyte"):format(folder, prefix), 0x801, { n }, labels)
end

return idx
