-- A checkpoint: one safetensors file with the parameters (model.*), their moving average (ema.*), the optimizer's state
-- (optim.*) and texts that rebuild network and process without running code. It holds no time and no path.
local sl = require "sdelua"
local errors = require "sdelua.errors"
local json = require "sdelua.json"
local system = require "sdelua.core".system

local checkpoint = {}

local FORMAT = "sdelua checkpoint 1"

-- What a file may name: networks and processes that come one a file (sdelua/collection.lua), whose code is here
-- already. Anything else has to be handed to build by the caller.
local KNOWN = { nn = sl.nn.networks, sde = sl.sde.processes }

local GROUPS = { "model", "ema", "optim" }

--- The file that a path means: of a run's folder, its checkpoint.
function checkpoint.file(path)
  local inside = path .. "/checkpoint.safetensors"
  return system.kind(path) == "folder" and system.kind(inside) == "file" and inside or path
end

--- What { kind =, options = } of a file names, made; room is "nn" or "sde".
function checkpoint.construct(path, what, room, description)
  local kind, opts = description.kind, description.options
  if not KNOWN[room]:find(kind) or type(opts) ~= "table" then
    errors.raise("checkpoint: %s: expected a known %s with options, got %s; hand over your own to load", path, what,
      json.encode(description))
  end
  return sl[room][kind](opts)
end

-- { kind =, options = } of a file as process:score takes it: { kind, option = … }.
local function spread(description)
  if type(description) ~= "table" then return description end
  local given = { description.kind }
  for key, value in pairs(description.options or {}) do given[key] = value end
  return given
end

--- Network, process and score of the texts `about`; `own` may hold net and process, which then serve instead.
function checkpoint.build(path, about, own)
  local net = own.net or checkpoint.construct(path, "network", "nn", about.network)
  local process = own.process or checkpoint.construct(path, "process", "sde", about.process)
  local said = about.score
  return net, process, process:score(net, {
    parameterization = said.parameterization, label = spread(said.label), precondition = spread(said.precondition),
  })
end

--- groups: { model = {name -> tensor}, ema = ..., optim = ... }; about: a table of values that JSON can write.
function checkpoint.save(path, groups, about)
  local tensors, texts = {}, { format = FORMAT }
  for _, group in ipairs(GROUPS) do
    for name, tensor in pairs(groups[group]) do tensors[group .. "." .. name] = tensor end
  end
  for key, value in pairs(about) do texts[key] = json.encode(value) end
  sl.save(path, tensors, texts)
end

local function split(path, tensors)
  local groups = {}
  for _, group in ipairs(GROUPS) do groups[group] = {} end
  for name, tensor in pairs(tensors) do
    local group, rest = name:match "^(%a+)%.(.+)$"
    if not groups[group] then
      errors.raise("checkpoint: %s: expected tensors model.*, ema.* and optim.*, got %s", path, name)
    end
    groups[group][rest] = tensor
  end
  return groups
end

local REQUIRED = {
  network = "table", process = "table", score = "table", shape = "table", samples = "number", settings = "table",
  step = "number", generator = "table",
}

-- Before a file named its objective it was dsm, and the weighting a setting.
local function objective_before(settings)
  local weighting = settings.weighting
  settings.weighting = nil
  return { kind = "dsm", options = { weighting = weighting ~= "std" and weighting or nil } }
end

--- The text `key` of a file, in JSON.
function checkpoint.value(path, texts, key, kind)
  local ok, found = pcall(json.decode, texts[key] or "")
  if not ok or type(found) ~= kind then
    errors.raise("checkpoint: %s: text %s: expected a %s in JSON, got %s", path, key, kind, tostring(texts[key]))
  end
  return found
end

--- groups, about: what save was given. path may be a run's folder.
function checkpoint.load(path)
  path = checkpoint.file(path)
  local tensors, texts = sl.load(path)
  if texts.format ~= FORMAT then
    errors.raise("checkpoint: %s: expected the text format to be %s, got %s", path, FORMAT, tostring(texts.format))
  end
  local about = {}
  for key, kind in pairs(REQUIRED) do about[key] = checkpoint.value(path, texts, key, kind) end
  local function optional(key, kind) return texts[key] and checkpoint.value(path, texts, key, kind) or nil end
  about.objective = optional("objective", "table") or objective_before(about.settings)
  about.classes = optional("classes", "number")
  return split(path, tensors), about
end

return checkpoint
