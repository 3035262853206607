-- The parts of a report's page that are the same for all: style and script. The page loads nothing else.
local page = {}

page.style = [[
:root { color-scheme: light dark; --ink: #1b1b1f; --soft: #5d5d66; --line: #d9d9e0; --paper: #fff; --card: #f6f6f9;
  --c0: #0072b2; --c1: #c04f00; --c2: #007a5a; --c3: #a8447f; --c4: #8a6100; --c5: #2f7fb5; --c6: #1b1b1f; }
@media (prefers-color-scheme: dark) { :root { --ink: #ececf1; --soft: #a9a9b6; --line: #3b3b45; --paper: #141418;
  --card: #1d1d23; --c0: #5bb3f0; --c1: #ff8f4a; --c2: #3fd0a4; --c3: #e79ac6; --c4: #f0c04a; --c5: #9ad4f7;
  --c6: #ececf1; } }
body { margin: 0 auto; max-width: 72rem; padding: 1rem 1.5rem 4rem; font: 16px/1.5 system-ui, sans-serif;
  color: var(--ink); background: var(--paper); }
h1 { font-size: 1.6rem; margin: .5rem 0; } h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; }
.runs label { margin-right: 1.2rem; white-space: nowrap; }
.swatch { display: inline-block; width: 1.2em; height: .25em; vertical-align: middle; margin: 0 .3em; }
.grid { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); }
figure { margin: 0; padding: .75rem; background: var(--card); border: 1px solid var(--line); border-radius: .5rem; }
figcaption { display: flex; justify-content: space-between; flex-wrap: wrap; font-weight: 600; }
figcaption label, output { font-weight: 400; color: var(--soft); font-size: .9rem; }
figure output { display: block; min-height: 1.5em; font-variant-numeric: tabular-nums; }
figure > svg { display: block; width: 100%; height: auto; overflow: visible; touch-action: pan-y; }
svg text { fill: var(--soft); font-size: 11px; } svg .rule { stroke: var(--line); }
.raw { fill: none; stroke-width: 1; opacity: .4; }
svg:focus-visible, input:focus-visible, button:focus-visible { outline: 2px solid var(--c0); outline-offset: 2px; }
.cursor { stroke: var(--soft); stroke-dasharray: 3 3; }
.pictures img { width: 100%; image-rendering: pixelated; background: #fff; }
.controls { display: flex; gap: .75rem; align-items: center; flex-wrap: wrap; margin: .5rem 0; }
.controls input[type=range] { flex: 1 1 12rem; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: .9rem; }
th, td { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
tbody th { font-weight: 400; color: var(--soft); } td { font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
[hidden] { display: none !important; }
]]

-- The element "data" holds { runs = [name], metrics = [{ name, curves = [{ run, x, y, low, high }] }] }; x are steps.
page.script = [=[
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const shown = data.runs.map(() => true), redraws = [];
const W = 560, H = 280, L = 56, R = 12, T = 10, B = 30, NS = "http://www.w3.org/2000/svg";
const color = run => `var(--c${run % 7})`;
const short = v => Math.abs(v) >= 1e5 || (v !== 0 && Math.abs(v) < 1e-3) ? v.toExponential(2) : +v.toPrecision(4) + "";
function add(parent, kind, attributes, text) {
  const e = document.createElementNS(NS, kind);
  for (const k in attributes) e.setAttribute(k, attributes[k]);
  if (text !== undefined) e.textContent = text;
  return parent.appendChild(e);
}
function ticks(lo, hi, n) {
  const raw = (hi - lo) / n, ten = 10 ** Math.floor(Math.log10(raw));
  const step = ten * [1, 2, 5, 10].find(k => ten * k >= raw), list = [];
  for (let i = Math.ceil(lo / step - 1e-9); i <= hi / step + 1e-9; i++) list.push(i * step);
  return list;
}
function logTicks(lo, hi) {
  const list = [];
  for (let e = Math.floor(Math.log10(lo)); e <= Math.log10(hi); e++)
    for (const k of hi / lo > 300 ? [1] : [1, 2, 5]) {
      const v = k * 10 ** e;
      if (v >= lo && v <= hi) list.push(v);
    }
  return list;
}
function smooth(y, weight) {
  let mean = 0, mass = 0;
  return y.map(v => (mean = weight * mean + (1 - weight) * v) / (mass = weight * mass + (1 - weight)));
}
function nearest(x, at) {
  let lo = 0, hi = x.length - 1;
  while (lo < hi) { const mid = (lo + hi) >> 1; if (x[mid] < at) lo = mid + 1; else hi = mid; }
  return lo > 0 && at - x[lo - 1] < x[lo] - at ? lo - 1 : lo;
}
function chart(figure, metric) {
  const svg = figure.querySelector("svg"), told = figure.querySelector("output");
  const log = figure.querySelector("input[type=checkbox]");
  let px, back, curves, cursor = null;
  function draw() {
    svg.replaceChildren();
    const weight = +document.getElementById("smooth").value;
    curves = metric.curves.filter(c => shown[c.run]).map(c => ({ ...c, line: smooth(c.y, weight) }));
    if (!curves.length) return tell(null);
    const bound = (f, list) => list.reduce((m, v) => Math[f](m, v));
    const steps = curves.flatMap(c => c.x); // the axes hold all that is drawn, bands too; a log axis what is above 0
    const values = curves.flatMap(c => [...c.y, ...c.low, ...c.high]).filter(v => !log.checked || v > 0);
    let x0 = bound("min", steps), x1 = bound("max", steps), y0 = bound("min", values), y1 = bound("max", values);
    const to = log.checked ? Math.log10 : v => v;
    if (x1 === x0) x1 = x0 + 1;
    if (y1 === y0) y1 = y0 + (Math.abs(y0) || 1);
    const a = to(y0), b = to(y1), room = 0.05 * (b - a);
    px = v => L + (v - x0) / (x1 - x0) * (W - L - R);
    back = p => x0 + (p - L) / (W - L - R) * (x1 - x0);
    const py = v => { // what has no place on a log axis is far below it
      const at = log.checked && v <= 0 ? a - 9 * (b - a) : to(v);
      return T + (b + room - at) / (b - a + 2 * room) * (H - T - B);
    };
    for (const v of log.checked ? logTicks(y0, y1) : ticks(y0, y1, 5)) {
      add(svg, "line", { class: "rule", x1: L, x2: W - R, y1: py(v), y2: py(v) });
      add(svg, "text", { x: L - 6, y: py(v) + 4, "text-anchor": "end" }, short(v));
    }
    for (const v of ticks(x0, x1, 6))
      add(svg, "text", { x: px(v), y: H - 10, "text-anchor": "middle" }, short(v));
    const box = { x: L - 2, y: T, width: W - L - R + 4, height: H - T - B };
    const frame = add(svg, "svg", { ...box, viewBox: Object.values(box).join(" ") }); // cuts off what is outside it
    for (const c of curves) {
      const up = c.x.map((x, i) => `${px(x).toFixed(1)},${py(c.high[i]).toFixed(1)}`);
      const down = c.x.map((x, i) => `${px(x).toFixed(1)},${py(c.low[i]).toFixed(1)}`).reverse();
      add(frame, "polygon", { points: up.concat(down).join(" "), style: `fill:${color(c.run)}`, opacity: 0.15 });
    }
    const points = (c, y) => c.x.map((x, i) => `${px(x).toFixed(1)},${py(y[i]).toFixed(1)}`).join(" ");
    for (const c of weight > 0 ? curves : []) // what is smoothed stays to be seen
      add(frame, "polyline", { class: "raw", points: points(c, c.y), style: `stroke:${color(c.run)}` });
    for (const c of curves)
      add(frame, "polyline", { points: points(c, c.line), style: `stroke:${color(c.run)}`, fill: "none",
        "stroke-width": 1.8, "data-run": data.runs[c.run],
        "stroke-dasharray": ["", "7 3", "2 3"][Math.floor(c.run / 7) % 3] });
    svg.pointer = add(svg, "g", {});
    svg.py = py;
    tell(cursor);
  }
  function tell(at) {
    cursor = at;
    if (svg.pointer) svg.pointer.replaceChildren();
    if (at === null || !curves.length) return void (told.textContent = "");
    const near = curves.map(c => nearest(c.x, at));
    const step = curves.map((c, k) => c.x[near[k]]).reduce((m, v) => Math.abs(v - at) < Math.abs(m - at) ? v : m);
    add(svg.pointer, "line", { class: "cursor", x1: px(step), x2: px(step), y1: T, y2: H - B });
    const words = curves.map((c, k) => {
      const i = near[k];
      add(svg.pointer, "circle", { cx: px(c.x[i]), cy: svg.py(c.line[i]), r: 3.5, style: `fill:${color(c.run)}` });
      return `${data.runs[c.run]} ${short(c.line[i])}` + (c.x[i] === step ? "" : ` (at ${c.x[i]})`);
    });
    told.textContent = `step ${step}: ` + words.join(" · ");
  }
  svg.addEventListener("pointermove", e => {
    const box = svg.getBoundingClientRect();
    if (curves.length) tell(back((e.clientX - box.left) / box.width * W));
  });
  svg.addEventListener("pointerleave", () => tell(null));
  svg.addEventListener("keydown", e => {
    const way = { ArrowLeft: -1, ArrowRight: 1 }[e.key];
    if (!way || !curves.length) return;
    e.preventDefault();
    const x = curves.reduce((m, c) => c.x.length > m.length ? c.x : m, []);
    const i = cursor === null ? (way > 0 ? 0 : x.length - 1) : nearest(x, cursor) + way;
    tell(x[Math.min(x.length - 1, Math.max(0, i))]);
  });
  const means = metric.curves.flatMap(c => c.y);
  const least = means.reduce((m, v) => Math.min(m, v)), most = means.reduce((m, v) => Math.max(m, v));
  log.disabled = least <= 0;
  log.checked = least > 0 && most / least > 20;
  log.addEventListener("change", draw);
  redraws.push(draw);
  draw();
}
document.querySelectorAll("figure[data-metric]").forEach((f, i) => chart(f, data.metrics[i]));
document.getElementById("smooth").addEventListener("input", () => redraws.forEach(f => f()));
document.querySelectorAll("input[data-run]").forEach(box => box.addEventListener("change", () => {
  const run = +box.dataset.run;
  shown[run] = box.checked;
  document.querySelectorAll(`[data-of="${run}"]`).forEach(e => { e.hidden = !box.checked; });
  redraws.forEach(f => f());
}));
const time = document.getElementById("time");
if (time) {
  const keys = JSON.parse(time.dataset.keys), play = document.getElementById("play");
  const tell = document.getElementById("when");
  let timer = null;
  const show = () => {
    const key = keys[+time.value];
    document.querySelectorAll(".pictures figure").forEach(f => {
      const all = [...f.querySelectorAll("img")];
      const now = all.filter(p => +p.dataset.key <= key).pop();
      all.forEach(p => { p.hidden = p !== now; });
      f.querySelector("output").textContent = now ? now.dataset.told : "none yet";
    });
    tell.textContent = time.ariaValueText = `step ${Math.floor(key / 2)}` + (key % 2 ? ", final" : "");
  };
  const stop = () => { clearInterval(timer); timer = null; play.textContent = "Play"; };
  time.addEventListener("input", show);
  play.addEventListener("click", () => {
    if (timer) return stop();
    if (+time.value === keys.length - 1) time.value = 0;
    show();
    play.textContent = "Stop";
    timer = setInterval(() => {
      time.value = +time.value + 1;
      show();
      if (+time.value >= keys.length - 1) stop();
    }, 500);
  });
  show();
}
]=]

return page
