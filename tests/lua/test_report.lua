-- scripts/report.lua: the page's text, and, where a Chromium is installed, the page driven by it.
local check = require "check"
local json = require "sdelua.json"
local process = require "process"
local sl = require "sdelua"

local Events = require "sdelua.train.events"
local report = require "sdelua.train.report"
local folder = process.folder()

local function bytes(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read "a"
end

-- A run of `steps` steps with loss scale / step, and pictures at each fourth; grey says the step.
local function make(name, steps, scale, config)
  local run <close> = sl.train.Run.open(folder .. "/" .. name, 0)
  run:describe(config)
  for step = 1, steps do
    run:log { step = step, loss = scale / step, other = name == "b" and -step or nil }
    if step % 4 == 0 then run:picture(step, sl.full({ 4, 4, 1 }, step / 10 - 1)) end
  end
  return run
end

make("a", 10, 1, { seed = 1, settings = { lr = 0.25000001, list = { 1, 2 } }, command_line = { out = "a" } })
local b = make("b", 12, 2, { seed = 1, settings = { lr = 0.25, list = { 1, 2 }, more = "<x>" },
  command_line = { out = "b" } })
sl.image.save(b.samples, sl.zeros { 6, 6, 1 }) -- other than the newest preview: the final samples
b:conclude { step = 12, heldout = 0.125 }

do -- a's events, at times of our own: it began at 1000, a step every half second, but for a pause of a minute
  local now = 1000
  local events <close> = Events.open(folder .. "/a/events.out.tfevents.sdelua", 0, function() return now end)
  for step = 1, 10 do
    now = now + (step == 6 and 60 or 0.5)
    events:log { step = step, loss = 1 }
  end
  now = now + 100 -- the final samples are no step
  events:image(10, "samples/final", bytes(folder .. "/a/samples.png"))
end
os.remove(folder .. "/b/events.out.tfevents.sdelua")

local html = report.html { folder .. "/a", folder .. "/b/" }

local function rows_of(text)
  local rows = {}
  for line in text:gmatch '<tr><th scope="row">(.-)</tr>' do
    local cells = {}
    for cell in line:gmatch "<td[^>]*>(.-)</td>" do cells[#cells + 1] = cell end
    rows[line:match "^(.-)</th>"] = cells
  end
  return rows
end

check.test("report: what the runs differ in, and what is the same", function()
  local differ, same = html:match "<h2>What the runs differ in</h2>(.*)<details(.*)</details>"
  check.eq(rows_of(differ), { ["settings.lr"] = { "0.25000001", "0.25" }, ["settings.more"] = { "–", "&lt;x&gt;" },
    ["command_line.out"] = { "a", "b" } })
  check.eq(rows_of(same), { seed = { "1", "1" }, ["settings.list"] = { "[1,2]", "[1,2]" } })
  check.ok(differ:find "settings.lr.*command_line.out", "the words of the command line come last")
end)

check.test("report: the last of each metric, and what was measured in the end", function()
  local rows, mean = rows_of(html:match "^(.-)<h2>Curves"), 0
  for step = 1, 10 do mean = mean + 0.1 / step end
  check.eq(rows["steps"], { "10", "12" })
  check.eq(rows["time to the last step, pauses counted"], { "0:01:05", "–" }) -- 64.5 s
  check.eq(rows["steps per second, the median"], { "2", "–" })
  check.eq(rows["loss, mean of the last steps (50 at most)"][1], ("%.5g"):format(mean))
  check.eq(rows["other, mean of the last steps (50 at most)"], { "–", "-6.5" })
  check.eq(rows["result: heldout"], { "–", "0.125" })
end)

check.test("report: curves are means of stretches, with the least and greatest", function()
  local function data(points)
    local text = report.html({ folder .. "/a", folder .. "/b" }, { points = points })
    return json.decode(text:match '<script type="application/json" id="data">(.-)</script>')
  end
  local few = data(2)
  check.eq({ few.runs, few.metrics[1].name, few.metrics[2].name }, { { "a", "b" }, "loss", "other" })
  local c = few.metrics[1].curves[1]
  check.eq({ c.run, c.x, c.low, c.high }, { 0, { 5, 10 }, { 0.2, 0.1 }, { 1.0, 1 / 6 } })
  check.close(c.y, { (1 + 1 / 2 + 1 / 3 + 1 / 4 + 1 / 5) / 5, (1 / 6 + 1 / 7 + 1 / 8 + 1 / 9 + 1 / 10) / 5 }, 1e-12)
  check.eq(#few.metrics[2].curves, 1)
  check.eq(#data(400).metrics[1].curves[2].x, 12)
end)

check.test("report: the pictures are the files, once each, and the newest is shown", function()
  local text = html:match '<div class="grid pictures">(.-)</div>'
  local keys, path = {}, folder .. "/decoded.png"
  for key, told, png, rest in text:gmatch 'data%-key="(%d+)" data%-told="([^"]+)".-base64,([^"]+)"(.-)>' do
    keys[#keys + 1] = key .. " " .. told .. rest
    local pipe = assert(io.popen(("base64 -d > %s"):format(process.quote(path)), "w"))
    pipe:write(png)
    check.ok(pipe:close())
    local run, step = #keys <= 2 and "a" or "b", told:match "(%d+)$"
    check.eq(bytes(path), bytes(step and ("%s/%s/samples/step_%06d.png"):format(folder, run, step) or b.samples))
  end
  check.eq(keys, { "8 step 4 hidden", "16 step 8", "8 step 4 hidden", "16 step 8 hidden", "24 step 12 hidden",
    "25 step 12, final" })
  check.ok(html:find('data-keys="[8,16,24,25]"', 1, true))
end)

check.test("report: one file that loads nothing, names escaped, runs of the same name by their path", function()
  for _, word in ipairs { "<link", "@import", "url(", "fetch(", "XMLHttp", "src=\"h", "src='h" } do
    check.ok(not html:find(word, 1, true), word)
  end
  make("</script><b>", 1, 1, { seed = 2 })
  local text = report.html({ folder .. "/</script><b>" }, { title = "a & b" })
  check.ok(text:find("<title>a &amp; b</title>", 1, true))
  check.eq(select(2, text:gsub("</script>", "")), 2)
  text = report.html { folder .. "/a", folder .. "/b/../a" }
  check.ok(text:find(folder .. "/a</label>", 1, true) and text:find(folder .. "/b/../a</label>", 1, true))
  check.ok(text:find("<p>Their configurations are the same.</p>", 1, true))
end)

check.test("report: a run with nothing but metrics, one alone, and what is no run", function()
  process.run("", "rm", folder .. "/a/config.json")
  local text = report.html { folder .. "/a" }
  check.ok(not text:find("Configuration</summary>", 1, true) and not text:find("What the runs differ", 1, true))
  check.raises(function() report.html { folder } end, "expected a folder with metrics.jsonl")
  check.raises(function() report.html {} end, "report: argument folders: expected at least one, got none")
  check.raises(function() report.html({ folder .. "/a" }, { points = 1 }) end, "report: option points")
end)

check.test("report.lua: writes the page, and names what is wrong", function()
  local function run(...) return process.run("", process.program, "scripts/report.lua", ...) end
  local code, text = run(folder .. "/a", folder .. "/b", "--title", "T")
  check.eq({ code, text }, { 0, "wrote " .. folder .. "/a/report.html\n" })
  check.ok(bytes(folder .. "/a/report.html"):find("<title>T</title>", 1, true))
  code, text = run(folder .. "/none")
  check.ok(code ~= 0 and text:find("^Error: run: argument folder: expected a folder"), text)
end)

-- ---- in a browser --------------------------------------------------------------------------------------------

local function browser()
  for _, name in ipairs { "chromium", "chromium-browser", "google-chrome" } do
    if process.run("", "which", name) == 0 then return name end
  end
end

-- Uses the page as a person would, and leaves what it says in the element "seen".
local DRIVER = [[
<script>
const seen = [], $ = s => document.querySelector(s), all = s => [...document.querySelectorAll(s)];
window.onerror = e => seen.push("error: " + e);
const fire = (e, kind) => e.dispatchEvent(new Event(kind, { bubbles: true }));
const set = (s, value) => { $(s).value = value; fire($(s), "input"); };
const lines = () => all("figure[data-metric='loss'] polyline[data-run]").map(p => p.dataset.run).join();
const raw = () => all("figure[data-metric='loss'] .raw").map(p => p.getAttribute("points")).join();
// How many places on the axis the values of each curve have: all their own, unless some lie outside.
const places = () => all("figure[data-metric='loss'] .raw")
  .map(p => new Set(p.getAttribute("points").split(" ").map(q => q.split(",")[1])).size).join();
const pictures = () => all(".pictures figure").map(f => f.querySelector("output").textContent + "/"
  + [...f.querySelectorAll("img")].filter(p => !p.hidden && p.naturalWidth > 0).map(p => p.dataset.key)).join("; ");
window.onload = () => {
  seen.push("lines " + lines(), "log " + all("figure label input").map(i => `${i.checked} ${i.disabled}`).join());
  const ticks = () => all("figure[data-metric='loss'] text[text-anchor='end']").map(t => t.textContent).join(" ");
  const under = raw();
  seen.push("raw " + all("figure[data-metric='loss'] .raw").length);
  set("#smooth", 0);
  seen.push("raw " + raw() + all("figure[data-metric='loss'] polyline").length);
  set("#smooth", 0.9);
  seen.push("raw again " + (raw().split(" ").length === under.split(" ").length), "places " + places());
  set("#smooth", 0);
  seen.push("ticks " + ticks());
  $("figure label input").click();
  seen.push("ticks " + ticks());
  const svg = $("figure[data-metric='loss'] svg"), box = svg.getBoundingClientRect();
  const out = $("figure[data-metric='loss'] output");
  svg.dispatchEvent(new PointerEvent("pointermove", { clientX: box.left + box.width * (56 + 492 * 3 / 11) / 560 }));
  seen.push("hover " + out.textContent);
  const key = k => svg.dispatchEvent(new KeyboardEvent("keydown", { key: k }));
  key("ArrowRight");
  seen.push("key " + out.textContent);
  svg.dispatchEvent(new PointerEvent("pointerleave"));
  seen.push("left [" + out.textContent + "]");
  seen.push("pictures " + pictures());
  set("#time", 0);
  seen.push("first " + pictures(), "told " + $("#when").textContent);
  $("#play").click();
  seen.push("plays " + $("#play").textContent);
  $("#play").click();
  $("input[data-run='0']").click();
  seen.push("without a " + lines() + " " + $("figure[data-of='0']").hidden + " " + $("td[data-of='0']").hidden);
  set("#smooth", 0.9);
  const pre = document.body.appendChild(document.createElement("pre"));
  pre.id = "seen";
  pre.textContent = "\n" + seen.join("\n") + "\n";
};
</script>]]

local function drive(name)
  local path = folder .. "/driven.html"
  local file = assert(io.open(path, "w"))
  file:write((html:gsub("</body>", function() return DRIVER .. "</body>" end)))
  file:close()
  local code, text = process.run("timeout 60", name, "--headless=new", "--no-sandbox", "--disable-gpu",
    "--user-data-dir=" .. folder .. "/browser", "--virtual-time-budget=2000", "--dump-dom", "file://" .. path)
  check.eq(code, 0, text:sub(-2000))
  return text:match '<pre id="seen">\n*(.-)\n*</pre>' or error(text:sub(-2000))
end

local name = browser()
if not name then
  print "test_report: the test in a browser is skipped: no chromium is installed"
else
  check.test("report: hovered, read by keys, slid through and filtered in " .. name, function()
    check.eq(drive(name), table.concat({
      "lines a,b", "log false false,false true", "raw 2", "raw 2", "raw again true", "places 10,12",
      "ticks 0.5 1 1.5 2", "ticks 0.1 0.2 0.5 1 2",
      "hover step 4: a 0.25 · b 0.5", "key step 5: a 0.2 · b 0.4", "left []",
      "pictures step 8/16; step 12, final/25", "first step 4/8; step 4/8", "told step 4", "plays Stop",
      "without a b true true",
    }, "\n"))
  end)
end

process.run("", "rm", "-r", folder)
