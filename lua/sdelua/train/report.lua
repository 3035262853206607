-- One HTML page that compares runs and needs nothing else: curves, samples over time, and what the runs differ in.
local errors = require "sdelua.errors"
local Run = require "sdelua.train.run"
local html = require "sdelua.train.report_html"
local json = require "sdelua.json"
local options = require "sdelua.options"
local page = require "sdelua.train.report_page"
local times = require "sdelua.train.report_times"

local fill = html.fill

-- The last step that a run has told of, or nil.
local function last_step(run) return run.metrics[1] and run.metrics[#run.metrics].step end

-- ---- names -----------------------------------------------------------------------------------------------------

local function last_part(path) return path:gsub("/+$", ""):match "[^/]+$" or path end

-- The folder's own name where that tells it from the others, else the whole path.
local function name_runs(runs)
  local count = {}
  for _, run in ipairs(runs) do
    local name = last_part(run.folder)
    count[name] = (count[name] or 0) + 1
  end
  for _, run in ipairs(runs) do
    local name = last_part(run.folder)
    run.name = count[name] == 1 and name or run.folder
  end
end

-- ---- curves ----------------------------------------------------------------------------------------------------

-- Mean, least and greatest value of up to `points` stretches of about as many steps each; x is the last step of each.
local function condense(records, name, points)
  local steps, values = {}, {}
  for _, record in ipairs(records) do
    if type(record[name]) == "number" then steps[#steps + 1], values[#values + 1] = record.step, record[name] end
  end
  local n, c = #steps, { x = {}, y = {}, low = {}, high = {} }
  local parts = math.min(n, points)
  for k = 1, parts do
    local first, last = (k - 1) * n // parts + 1, k * n // parts
    local sum, low, high = 0.0, math.huge, -math.huge
    for i = first, last do
      sum, low, high = sum + values[i], math.min(low, values[i]), math.max(high, values[i])
    end
    c.x[k], c.y[k], c.low[k], c.high[k] = steps[last], sum / (last - first + 1), low, high
  end
  return c
end

-- Every number that some run has beside its steps: { name, curves = { run = index from 0, x, y, low, high } }.
local function metrics_of(runs, points)
  local names, list = {}, {}
  for _, run in ipairs(runs) do
    for _, record in ipairs(run.metrics) do
      for name, value in pairs(record) do
        if name ~= "step" and type(value) == "number" then names[name] = true end
      end
    end
  end
  for _, name in ipairs(options.names(names)) do
    local curves = {}
    for i, run in ipairs(runs) do
      local c = condense(run.metrics, name, points)
      c.run = i - 1
      if #c.x > 0 then curves[#curves + 1] = c end
    end
    list[#list + 1] = { name = name, curves = curves }
  end
  table.sort(list, function(a, b) -- what is minimised comes first
    if (a.name == "loss") ~= (b.name == "loss") then return a.name == "loss" end
    return a.name < b.name
  end)
  return list
end

local FIGURE = [[
<figure data-metric="{name}"><figcaption>{name} <label><input type="checkbox"> log axis</label></figcaption>
<svg viewBox="0 0 560 280" role="img" tabindex="0" aria-label="{name} by training step; arrow keys read it"></svg>
<output aria-live="polite"></output></figure>]]

local function curves_html(metrics, points)
  if #metrics == 0 then return "" end
  local parts = { fill([[
<h2>Curves</h2>
<div class="controls"><label for="smooth">Smoothing</label>
<input id="smooth" type="range" min="0" max="0.98" step="0.02" value="0.6"></div>
<p>By step. Each point is the mean of a stretch of steps, at most {points} of them; the band reaches from the least to
the greatest value in it, and what is smoothed shows faintly.</p>
<div class="grid">]], { points = points }) }
  for _, metric in ipairs(metrics) do parts[#parts + 1] = fill(FIGURE, metric) end
  parts[#parts + 1] = "</div>"
  return table.concat(parts, "\n")
end

-- ---- pictures --------------------------------------------------------------------------------------------------

local function bytes_of(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

-- The pictures of a run by key, twice the step, and one more for the final ones; those are left out where they are
-- the newest of the others.
local function frames_of(run)
  local frames, newest = {}, nil
  for i, picture in ipairs(run.pictures) do
    newest = bytes_of(picture.path)
    frames[i] = { key = 2 * picture.step, png = newest, told = "step " .. picture.step }
  end
  local final = run.samples and bytes_of(run.samples)
  if final and final ~= newest then
    local last = last_step(run) or 0
    frames[#frames + 1] = { key = 2 * last + 1, png = final, told = ("step %d, final"):format(last) }
  end
  return frames
end

local PICTURE = [[
<img data-key="{key}" data-told="{told}" alt="Samples of {name}, {told}" src="data:image/png;base64,{PNG}"{HIDDEN}>]]

local function run_pictures(run, index, frames)
  local parts = { fill('<figure data-of="{index}"><figcaption><span>{name}</span><output></output></figcaption>',
    { index = index - 1, name = run.name }) }
  for i, frame in ipairs(frames) do
    parts[#parts + 1] = fill(PICTURE, {
      key = frame.key, told = frame.told, name = run.name, PNG = html.base64(frame.png),
      HIDDEN = i < #frames and " hidden" or "",
    })
  end
  parts[#parts + 1] = "</figure>"
  return table.concat(parts, "\n")
end

local function pictures_html(runs)
  local seen, parts = {}, {}
  for i, run in ipairs(runs) do
    local frames = frames_of(run)
    for _, frame in ipairs(frames) do seen[frame.key] = true end
    if #frames > 0 then parts[#parts + 1] = run_pictures(run, i, frames) end
  end
  local keys = {}
  for step in pairs(seen) do keys[#keys + 1] = step end
  table.sort(keys)
  if #keys == 0 then return "" end
  return fill([[
<h2>Samples over training</h2>
<div class="controls"><label for="time">Training step</label>
<input id="time" type="range" min="0" max="{last}" step="1" value="{last}" data-keys="{keys}">
<output id="when" for="time"></output> <button id="play" type="button">Play</button></div>
<div class="grid pictures">
{FIGURES}
</div>]], { last = #keys - 1, keys = json.encode(keys), FIGURES = table.concat(parts, "\n") })
end

-- ---- tables ----------------------------------------------------------------------------------------------------

local function each(runs, fn)
  local cells = {}
  for i, run in ipairs(runs) do cells[i] = html.show(fn(run)) end
  return cells
end

local LATEST = 50

-- The mean of a metric over the last records.
local function latest(run, name)
  local sum, n = 0.0, 0
  for i = #run.metrics, math.max(1, #run.metrics - LATEST + 1), -1 do
    local value = run.metrics[i][name]
    if type(value) == "number" then sum, n = sum + value, n + 1 end
  end
  return n > 0 and sum / n or nil
end

local function summary_html(runs, metrics)
  local rows, results = {
    html.row("steps", each(runs, last_step)),
    html.row("time to the last step, pauses counted", each(runs, times.duration)),
    html.row("steps per second, the median", each(runs, times.speed)),
  }, {}
  for _, metric in ipairs(metrics) do
    rows[#rows + 1] = html.row(("%s, mean of the last steps (%d at most)"):format(metric.name, LATEST),
      each(runs, function(run) return latest(run, metric.name) end))
  end
  for _, run in ipairs(runs) do
    for key in pairs(run.result or {}) do results[key] = key ~= "step" or nil end
  end
  for _, key in ipairs(options.names(results)) do
    rows[#rows + 1] = html.row("result: " .. key, each(runs, function(run) return run.result and run.result[key] end))
  end
  return html.table(runs, rows)
end

-- { a = { b = 1 } } as { ["a.b"] = 1 }; lists and empty tables are values.
local function flatten(t, prefix, into)
  for key, value in pairs(t) do
    if type(value) == "table" and #value == 0 and next(value) ~= nil then
      flatten(value, prefix .. key .. ".", into)
    else
      into[prefix .. key] = value
    end
  end
  return into
end

-- Rows of what differs, and of what is the same; the words of the command line come last.
local function configurations(runs)
  local flat, all, unlike, alike = {}, {}, {}, {}
  for i, run in ipairs(runs) do
    flat[i] = flatten(run.config or {}, "", {})
    for key in pairs(flat[i]) do all[key] = true end
  end
  local keys = options.names(all)
  for _, of_words in ipairs { false, true } do
    for _, key in ipairs(keys) do
      if (key:find("^command_line%.") ~= nil) == of_words then
        local cells, same = {}, true
        for i = 1, #runs do
          cells[i] = html.exact(flat[i][key])
          same = same and cells[i] == cells[1]
        end
        local list = same and alike or unlike
        list[#list + 1] = html.row(key, cells)
      end
    end
  end
  return unlike, alike
end

local function configurations_html(runs)
  local unlike, alike = configurations(runs)
  local parts = {}
  if #runs > 1 then
    parts[1] = "<h2>What the runs differ in</h2>"
    parts[2] = #unlike > 0 and html.table(runs, unlike) or "<p>Their configurations are the same.</p>"
  end
  if #alike > 0 then
    parts[#parts + 1] = ("<details%s><summary>%s</summary>\n%s</details>"):format(#runs == 1 and " open" or "",
      #runs == 1 and "Configuration" or ("The same in all: %d values"):format(#alike), html.table(runs, alike))
  end
  return table.concat(parts, "\n")
end

-- ---- the page --------------------------------------------------------------------------------------------------

local CHOICE = '<label data-color="{color}"><input type="checkbox" data-run="{index}" checked>'
  .. '<span class="swatch" style="background: var(--c{color})"></span>{name}</label>'

local function choices_html(runs)
  local parts = {}
  for i, run in ipairs(runs) do parts[i] = fill(CHOICE, { index = i - 1, color = (i - 1) % 7, name = run.name }) end
  return table.concat(parts, "\n")
end

local PAGE = [[
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{STYLE}</style>
</head>
<body>
<h1>{title}</h1>
<p class="runs" role="group" aria-label="Runs shown">
{CHOICES}
</p>
{SUMMARY}
{CURVES}
{PICTURES}
{CONFIGURATIONS}
<noscript><p>The curves and the slider need JavaScript; the tables and the newest samples do not.</p></noscript>
<script type="application/json" id="data">{DATA}</script>
<script>
{SCRIPT}</script>
</body>
</html>
]]

local report = {}

--- The text of an HTML page on the runs in the folders. Options: title, points = 400, of a curve at most.
function report.html(folders, opts)
  local o = options.read("report", opts, { title = options.NONE, points = 400 })
  if math.type(o.points) ~= "integer" or o.points < 2 then
    errors.raise("report: option points: expected an integer >= 2, got %s", o.points)
  elseif #folders == 0 then
    errors.raise("report: argument folders: expected at least one, got none")
  end
  local runs, names = {}, {}
  for i, folder in ipairs(folders) do runs[i] = Run.read(folder) end
  name_runs(runs)
  for i, run in ipairs(runs) do names[i] = run.name end
  local metrics = metrics_of(runs, o.points)
  return fill(PAGE, {
    title = o.title or "Runs: " .. table.concat(names, ", "), STYLE = page.style, SCRIPT = page.script,
    CHOICES = choices_html(runs), SUMMARY = summary_html(runs, metrics), CURVES = curves_html(metrics, o.points),
    PICTURES = pictures_html(runs), CONFIGURATIONS = configurations_html(runs),
    DATA = json.encode({ runs = names, metrics = metrics }):gsub("<", "\\u003c"),
  })
end

return report
