-- Weights published for PyTorch: a state dict in a safetensors file, which sl.load reads as name -> tensor, into a
-- network here. There convolutions are [out,in,kh,kw] and linear layers [out,in], here [kh,kw,in,out] and [in,out].
--
--   local net = sl.nn.NCSNpp { options as the network was trained with }
--   net:load_torch(sl.load "ncsnpp.safetensors")
--   local net = sl.nn.SongUNet:from_torch(sl.load "edm.safetensors")       finds the options, too
--
-- In PyTorch such a file is written by safetensors.torch.save_file(net.state_dict(), path), net with the averaged
-- weights that samples are to be drawn with. A network's class says which of its tensors is which:
--
--   function Net:torch_names()
--     local names = import.names { prefixes = { "module." }, ignored = { "%.num_batches_tracked$" } }
--     names:conv("enter", "begin_conv")       enter.weight and enter.bias, those that are there
--     names:linear("time", "map.0")
--     names:same("norm", "out_norm")
--     names:add("alpha", "temperature", import.same)
--     return names
--   end
--
-- and, where they can be told from the weights, with which options: function Net.torch_options(state).
local errors = require "sdelua.errors"
local import = {}

local Names = {}
Names.__index = Names

-- ---- how a tensor there becomes one here ----------------------------------------------------------------

function import.same(w) return w end

--- [out,in,kh,kw] -> [kh,kw,in,out]
function import.conv(w) return w:permute { 3, 4, 2, 1 } end

--- [out,in], or a convolution [out,in,1,1] -> [in,out]
function import.linear(w) return w:reshape { w:shape(1), w:shape(2) }:transpose(1, 2) end

--- What takes every nth output of a fused layer, from the ith on: EDM's query, key and value, interleaved. how: what is
-- then done to them.
function import.every(i, n, how)
  return function(w)
    local shape = w:shape()
    local parts = w:reshape { shape[1] // n, n, -1 }:select(2, i)
    shape[1] = shape[1] // n
    return how(parts:reshape(shape))
  end
end

-- ---- lists of names ---------------------------------------------------------------------------------------

--- An empty list. prefixes: what names there may begin with, which goes; ignored: patterns of names there (without
-- prefix) that hold nothing to load, such as constant buffers.
function import.names(o)
  o = o or {}
  return setmetatable({ prefixes = o.prefixes or {}, ignored = o.ignored or {} }, Names)
end

--- The tensor `ours` is how(the tensor `theirs`).
function Names:add(ours, theirs, how) self[#self + 1] = { ours = ours, theirs = theirs, how = how } end

local function layer(how)
  return function(self, ours, theirs)
    self:add(ours .. ".weight", theirs .. ".weight", how)
    self:add(ours .. ".bias", theirs .. ".bias", import.same)
  end
end

--- Weight and, where there is one, bias of a convolution; of a linear layer; of what has the same shape there.
Names.conv, Names.linear, Names.same = layer(import.conv), layer(import.linear), layer(import.same)

--- score_sde's NIN: W [in,out], b.
function Names:nin(ours, theirs)
  self:add(ours .. ".weight", theirs .. ".W", import.same)
  self:add(ours .. ".bias", theirs .. ".b", import.same)
end

-- The name without prefixes, or nil if it holds nothing to load.
local function bare(self, name)
  for _, prefix in ipairs(self.prefixes) do
    if name:sub(1, #prefix) == prefix then name = name:sub(#prefix + 1) end
  end
  for _, pattern in ipairs(self.ignored) do
    if name:find(pattern) then return nil end
  end
  return name
end

local function convert(who, row, tensor)
  local ok, mine = pcall(row.how, tensor)
  if ok then return mine end
  errors.raise("%s: %s: expected the shape of a %s, got [%s]", who, row.theirs, row.ours,
    table.concat(tensor:shape(), ","))
end

--- Their state by bare names, without what holds nothing to load.
function Names:strip(theirs)
  local given = {}
  for name, tensor in pairs(theirs) do
    name = bare(self, name)
    if name then given[name] = tensor end
  end
  return given
end

--- A state of ours (name -> tensor) from one of theirs, and a list of the names there that nothing here asks for.
-- `mine` are our tensors by name: rows for others are left out.
function Names:state(who, mine, theirs)
  local given, wanted, state, extra = self:strip(theirs), {}, {}, {}
  for _, row in ipairs(self) do
    wanted[row.theirs] = mine[row.ours] ~= nil or wanted[row.theirs]
    if mine[row.ours] and given[row.theirs] then state[row.ours] = convert(who, row, given[row.theirs]) end
  end
  for name in pairs(given) do if not wanted[name] then extra[#extra + 1] = name end end
  table.sort(extra)
  return state, extra
end

-- What is missing, in their words.
local function missing(names, mine, state)
  local list = {}
  for _, row in ipairs(names) do
    if mine[row.ours] and not state[row.ours] then list[#list + 1] = "missing " .. row.theirs end
  end
  return list
end

local function check_state(who, theirs)
  if type(theirs) == "table" then return end
  errors.raise("%s: argument state: expected a table of tensors by name, got a %s", who, type(theirs))
end

--- A network of the class with the options that the class reads off the state dict (torch_options), if it can, and
-- those given, filled from that.
function import.make(class, theirs, given)
  check_state("from_torch", theirs)
  local o = class.torch_options and class.torch_options(theirs) or {}
  for name, value in pairs(given or {}) do o[name] = value end
  return import.load(class(o), theirs)
end

--- Fills the network from a state dict of PyTorch: all of it, or none and an error that lists what does not fit.
function import.load(net, theirs)
  local who = "load_torch"
  check_state(who, theirs)
  local names, mine = net:torch_names(), net:state_dict()
  local state, extra = names:state(who, mine, theirs)
  local wrong = missing(names, mine, state)
  for _, name in ipairs(extra) do wrong[#wrong + 1] = "unknown " .. name end
  if #wrong > 0 then errors.raise("%s: the state does not fit:\n  %s", who, table.concat(wrong, "\n  ")) end
  return net:load_state_dict(state)
end

return import
