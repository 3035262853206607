--- Modules: what networks are made of.
--
-- A module is a plain table made by a class, or a layer of the core. Its parts are its fields: layers, other modules,
-- tensors, and plain tables of these; a field whose name begins with "_" is private. A tensor that requires a gradient
-- is a parameter, any other is saved but not trained. Names are paths of fields ("down.1.res.2.conv0.weight"), in the
-- order of the fields' names, numbers first.
--
--   local Scale = nn.Module "Scale"                     a layer of your own
--   function Scale:init(n) self.weight = nn.parameter(sl.ones { n }) end
--   function Scale:forward(x) return x * self.weight end
--   local net = nn.Sequential { nn.Linear(2, 64), sl.silu, Scale(64), nn.Linear(64, 2) }
local core = require "sdelua.core"
local errors = require "sdelua.errors"
local options = require "sdelua.options"

local Module = { training = true }
local parts = {} -- of a module's inside; functions below

local function is_tensor(v) return type(v) == "userdata" and getmetatable(v) == "tensor" end
local function is_layer(v) return type(v) == "userdata" and getmetatable(v) == "sdelua.Layer" end
local function class_of(v)
  local mt = type(v) == "table" and getmetatable(v)
  return type(mt) == "table" and rawget(mt, "is_module_class") and mt or nil
end
local function is_plain(v) return type(v) == "table" and getmetatable(v) == nil end

-- ---- walking --------------------------------------------------------------------------------------------------

local function before(a, b)
  if type(a) == type(b) then return a < b end
  return type(a) == "number"
end

--- The names of the fields that may hold parts, in order.
local function field_names(node)
  local keys = {}
  for k in pairs(node) do
    if math.type(k) == "integer" or (type(k) == "string" and k:sub(1, 1) ~= "_") then keys[#keys + 1] = k end
  end
  table.sort(keys, before)
  return keys
end

--- Calls visit(name, part, owner, key) for each tensor, layer and module inside, each once.
function parts.walk(node, visit, prefix, seen)
  prefix, seen = prefix or "", seen or { [node] = true }
  for _, key in ipairs(field_names(node)) do
    local part = rawget(node, key)
    local inner = class_of(part) or is_plain(part)
    if (inner or is_layer(part) or is_tensor(part)) and not seen[part] then
      seen[part] = true
      if not is_plain(part) then visit(prefix .. key, part, node, key) end
      if inner then parts.walk(part, visit, prefix .. key .. ".", seen) end
    end
  end
end

--- Calls visit(name, tensor, trained) for each tensor, those of layers included; a tensor that is there twice goes
--- under its first name.
local function each_tensor(module, visit)
  local function of_layer(layer, prefix)
    local names, tensors, trained = layer:_tensors()
    for i = 1, #names do visit(prefix .. names[i], tensors[i], trained[i]) end
  end
  if is_layer(module) then return of_layer(module, "") end
  parts.walk(module, function(name, part)
    if is_layer(part) then of_layer(part, name .. ".")
    elseif is_tensor(part) then visit(name, part, part.requires_grad) end
  end)
end

-- ---- what all modules can do --------------------------------------------------------------------------------------

--- The trained tensors, in order: what optimizers take.
function Module:parameters()
  local list = {}
  each_tensor(self, function(_, t, trained) if trained then list[#list + 1] = t end end)
  return list
end

--- for name, parameter in net:named_parameters() do
function Module:named_parameters()
  local names, list, i = {}, {}, 0
  each_tensor(self, function(name, t, trained)
    if trained then names[#names + 1], list[#list + 1] = name, t end
  end)
  return function()
    i = i + 1
    return names[i], list[i]
  end
end

--- How many numbers are trained.
function Module:num_parameters()
  local n = 0
  each_tensor(self, function(_, t, trained) if trained then n = n + t:numel() end end)
  return n
end

--- name -> tensor, the saved-but-not-trained included. The tensors share memory with the module.
function Module:state_dict()
  local state = {}
  each_tensor(self, function(name, t) state[name] = t:detach() end)
  return state
end

local function shape_of(t) return "[" .. table.concat(t:shape(), ",") .. "]" end

--- What keeps `state` from fitting the tensors `mine`, as a list of lines.
local function misfits(names, mine, state)
  local wrong, known = {}, {}
  for i, name in ipairs(names) do
    local t = state[name]
    known[name] = true
    if t == nil then wrong[#wrong + 1] = "missing " .. name .. " " .. shape_of(mine[i])
    elseif not is_tensor(t) then wrong[#wrong + 1] = name .. ": expected a tensor, got a " .. type(t)
    elseif shape_of(t) ~= shape_of(mine[i]) then
      wrong[#wrong + 1] = name .. ": expected shape " .. shape_of(mine[i]) .. ", got " .. shape_of(t)
    end
  end
  local extra = {}
  for name in pairs(state) do if not known[name] then extra[#extra + 1] = tostring(name) end end
  table.sort(extra)
  for _, name in ipairs(extra) do wrong[#wrong + 1] = "unknown " .. name end
  return wrong
end

--- Fills the tensors `mine` (named `names`) from a table of the same names: all of them, or none and an error that
--- lists everything that does not fit. Optimizers and averages load through this too.
function parts.load(who, names, mine, state)
  if type(state) ~= "table" then
    errors.raise("%s: argument state: expected a table of tensors by name, got a %s", who, type(state))
  end
  local wrong, source = misfits(names, mine, state), {}
  if #wrong > 0 then errors.raise("%s: the state does not fit:\n  %s", who, table.concat(wrong, "\n  ")) end
  for i, name in ipairs(names) do source[i] = state[name] end
  core.nn.copy_all(who, mine, source)
end

--- Copies the tensors of a state_dict, by name; raises, and changes nothing, where names or shapes differ.
function Module:load_state_dict(state)
  local names, mine = {}, {}
  each_tensor(self, function(name, t) names[#names + 1], mine[#mine + 1] = name, t end)
  parts.load("load_state_dict", names, mine, state)
  return self
end

local function importer(who, self)
  if type(self) == "table" and self.torch_names then return require "sdelua.nn.import" end
  errors.raise("%s: expected a network with a method torch_names, got %s", who, options.show(self))
end

--- The same from a state dict of PyTorch, for networks that know its names (see sdelua/nn/import.lua).
function Module:load_torch(state) return importer("load_torch", self).load(self, state) end

--- sl.nn.SongUNet:from_torch(state, opts): a new network with those weights. Of the options a class knows by itself
--- what it can tell from the weights.
function Module:from_torch(state, opts) return importer("from_torch", self).make(self, state, opts) end

--- Forgets the gradients of all parameters.
function Module:zero_grad()
  for _, p in ipairs(self:parameters()) do p.grad = nil end
end

local function set_training(self, on)
  if is_layer(self) then self:_train(on) return self end
  self.training = on
  parts.walk(self, function(_, part)
    if is_layer(part) then part:_train(on) elseif class_of(part) then part.training = on end
  end)
  return self
end

--- Training mode (the default) and evaluation mode: they differ for dropout.
function Module:train() return set_training(self, true) end
function Module:eval() return set_training(self, false) end

--- Converts all tensors, which become new ones: make optimizers after it. All or none.
function Module:to(dtype)
  local layers, set = is_layer(self) and { self } or {}, {}
  if not is_layer(self) then
    parts.walk(self, function(_, part, owner, key)
      if is_layer(part) then layers[#layers + 1] = part
      elseif is_tensor(part) then
        set[#set + 1] = { owner = owner, key = key, new = part:detach():to(dtype), trained = part.requires_grad }
      end
    end)
  end
  core.nn.convert(layers, dtype)
  for _, s in ipairs(set) do s.owner[s.key] = s.trained and s.new:requires_grad_() or s.new end
  return self
end

-- ---- classes -------------------------------------------------------------------------------------------------------

local function lines_of(module, indent, out)
  for _, key in ipairs(field_names(module)) do
    local part = rawget(module, key)
    local label = indent .. tostring(key) .. ": "
    if is_layer(part) then out[#out + 1] = label .. tostring(part)
    elseif is_tensor(part) then out[#out + 1] = label .. "tensor " .. shape_of(part)
    elseif class_of(part) then
      out[#out + 1] = label .. part:describe()
      lines_of(part, indent .. "  ", out)
    elseif is_plain(part) then
      local inner = {}
      lines_of(part, indent .. "  ", inner)
      if #inner > 0 then out[#out + 1] = indent .. tostring(key) .. ":" end
      table.move(inner, 1, #inner, #out + 1, out)
    end
  end
  return out
end

--- The first line of print(module); a class may write its own.
function Module:describe() return class_of(self).name end

local function show(module) return table.concat(lines_of(module, "  ", { module:describe() }), "\n") end

--- A new class: calling it makes an object and runs init(self, ...); calling an object runs forward(self, ...).
function parts.Module(name, parent)
  local class = { name = name, is_module_class = true, __tostring = show }
  class.__index = class
  function class:__call(...) return self:forward(...) end
  return setmetatable(class, {
    __index = parent or Module,
    __call = function(cls, ...)
      local object = setmetatable({}, cls)
      if cls.init then cls.init(object, ...) end
      return object
    end,
  })
end

--- Layers of the core are modules too.
for name, method in pairs(Module) do
  if type(method) == "function" and name ~= "describe" then core.nn.methods[name] = method end
end

--- A tensor as a parameter: cut off from what made it, requiring a gradient.
function parts.parameter(t) return t:detach():clone():requires_grad_() end

return parts
