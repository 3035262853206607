-- sdelua scripts/bench/samplers.lua CHECKPOINT [--help]: which sampler to use. Draws as many images, from the same
-- seeds, with each sampler at each number of evaluations, and measures their Fréchet distance from test images on
-- the features of a classifier trained here, with a bootstrap interval. Results are added to a file line by line, so a
-- run that was stopped goes on where it was.
package.path = (arg[0]:match "^(.*)/[^/]*$" or ".") .. "/?.lua;" .. package.path
local sl = require "sdelua"
local cli = require "sdelua.train.cli"
local measure = require "measure"
local Results = require "results"

-- The predictor, the corrector, and both, at the same number of evaluations (Song et al. 2021, table 1).
local PC = {
  { label = "predictor only", name = "pc", options = { corrector = "none" } },
  { label = "corrector only", name = "pc", options = { predictor = "none" } },
  { label = "predictor and corrector", name = "pc", options = {} },
}
local USUAL = "ancestral,reverse_diffusion,euler_maruyama,ddim,euler,euler_a,heun,dpm_2,lms,dpmpp_2m,dpmpp_2s_a,"
  .. "dpmpp_sde,dpmpp_2m_sde,dpmpp_3m_sde,dpm_solver,unipc,deis,ipndm,sa_solver"

local a
do
  local p = cli.parser("samplers.lua", "Fréchet distance of each sampler's images, by evaluations of the network.")
  p:argument("checkpoint", "The file checkpoint.safetensors of a run on images of Fashion-MNIST.")
  p:option("--samplers", "Names between commas.", USUAL)
  p:option("--evaluations", "Evaluations of the network for an image.", "10,20,50"):convert(cli.integers)
  p:flag("--pc", "In their place, predictor, corrector and both.")
  p:option("--n", "Images of each.", "2000"):convert(cli.integer(128))
  p:option("--batch", "Images drawn at a time.", "100"):convert(cli.integer(1))
  p:option("--seed", "Seed of the images.", "0"):convert(cli.integer(0))
  p:option("--results", "File of results (default: samplers.jsonl beside the checkpoint).")
  p:option("--threads", "Threads (default: as many as there are processors)."):convert(cli.integer(1))
  p:option("--write", "Put the table into this file (default docs/samplers.md)."):args "?"
  a = p:parse()
end
if a.threads then sl.set_threads(a.threads) end

-- ---- what to run -----------------------------------------------------------------------------------

local function entries()
  if a.pc then return PC end
  local list = {}
  for name in a.samplers:gmatch "[^,]+" do list[#list + 1] = { label = name, name = name, options = {} } end
  return list
end

-- As many steps as cost no more than that; nil when there are none.
local function sampler(entry, evaluations)
  local o = {}
  for key, value in pairs(entry.options) do o[key] = value end
  local make = sl.solve[entry.name] or error("samplers.lua: unknown sampler " .. entry.name, 0)
  o.steps = 1
  o.steps = math.floor(evaluations / make(o).cost)
  return o.steps > 1 and make(o) or nil
end

-- ---- measuring -----------------------------------------------------------------------------------------

local function draw(model, solve)
  local parts, nfe = {}, 0
  for first = 0, a.n - 1, a.batch do
    local scope <close> = sl.scope()
    local shape = { math.min(a.batch, a.n - first), table.unpack(model.shape) }
    local x, info = sl.no_grad(solve, model.process, model.score, shape, { seed = a.seed, first = first })
    parts[#parts + 1], nfe = scope:keep(sl.image.to_uint8(x)), info.nfe
  end
  return sl.cat(parts, 1), nfe
end

local function measured(entry, evaluations, model, features, real)
  local solve = sampler(entry, evaluations)
  if not solve then return nil end
  local x, nfe = draw(model, solve)
  local d = sl.metrics.frechet(features(x), real, { seed = a.seed })
  return {
    label = entry.label, evaluations = evaluations, n = a.n, seed = a.seed, nfe = nfe, process = model.process.name,
    frechet = d.value, low = d.low, high = d.high,
  }
end

local path = a.results or (a.checkpoint:match "^(.*)/[^/]*$" or ".") .. "/samplers.jsonl"
local results = Results.open(path, { "label", "evaluations", "n", "seed" })

local function wanted(entry, evaluations)
  return { label = entry.label, evaluations = evaluations, n = a.n, seed = a.seed }
end

local function run()
  local model, features, real
  for _, entry in ipairs(entries()) do
    for _, evaluations in ipairs(a.evaluations) do
      if not results:get(wanted(entry, evaluations)) then
        if not model then
          model, features = sl.train.load(a.checkpoint), sl.metrics.features.train {}
          real = features((sl.data.fashion_mnist { split = "test" }))
        end
        local r = measured(entry, evaluations, model, features, real)
        if r then
          results:add(r)
          io.stderr:write(("%s, %d evaluations: %.4g [%.4g, %.4g]\n"):format(r.label, r.nfe, r.frechet, r.low, r.high))
        end
      end
    end
  end
  return features
end

local function cell(r) return r and ("%.3g [%.3g, %.3g]"):format(r.frechet, r.low, r.high) or "" end

local function rows()
  local list, process = {}, nil
  for i, entry in ipairs(entries()) do
    list[i] = { entry.label }
    for _, evaluations in ipairs(a.evaluations) do
      local r = results:get(wanted(entry, evaluations))
      table.insert(list[i], cell(r))
      process = r and r.process or process
    end
  end
  return list, process
end

cli.run(function()
  local features = run()
  local list, process = rows()
  local head = { process or "sampler" }
  for _, evaluations in ipairs(a.evaluations) do head[#head + 1] = evaluations .. " evaluations" end
  if a.write and not a.write[1] then a.write[1] = measure.folder .. "/../../docs/samplers.md" end
  measure.publish(a, ("frechet %s%s"):format(process or "", a.pc and " pc" or ""), measure.table(head, list), {
    ("%d images of each, seed %d"):format(a.n, a.seed), features and tostring(features) or nil,
  })
end)
