// Curves by plotly, which is loaded when the first one comes into view and drawn again only while somebody sees it,
// and so rarely that drawing takes no more than a hundredth of the time: the training is on the same machine.
import "./plot.js";
import { fill, language, number, texts } from "./words.js";

const { plot } = globalThis;
const t = texts.live;
const IDLE_SHARE = 100;
const LEAST_MS = 2000;
const MORE = { height: 280, margin: { l: 44, r: 8, t: 8, b: 40 }, uirevision: "kept" };
const dark = matchMedia("(prefers-color-scheme: dark)");
const inView = new Set(); // those to be drawn
const seen = new Set(); // those that somebody can see
const drawnLine = {};
let plotly = null;
let loading = null;
let story = null;
let nextDraw = 0;
let waiting = 0;
let begun = false; // all were drawn once

const CURVES = {
  accuracy: { keys: [["accuracy_real", "--real"], ["accuracy_fake", "--fake"], ["accuracy_mean", "--ink"], ["accuracy_held_out", "--gradient"]], factor: 100, mark: [50, t.chance] },
  losses: { keys: [["loss_D", "--real"], ["loss_G", "--fake"]], factor: 1 },
  diversity: { keys: [["diversity", "--real"]], factor: 1, mark: [1, t.diversity_mark] },
};

const NAMES = [...Object.keys(CURVES), "scores"];

export function showCurves(latest) {
  story = latest;
  const scores = story.all("score");
  if (scores.length) document.getElementById("curve-scores").parentElement.hidden = false;
  if (!begun && story.last("stats")) { begun = true; for (const name of NAMES) inView.add(name); } // there before one scrolls
  if (!waiting && inView.size) waiting = setTimeout(draw, Math.max(0, nextDraw - Date.now()));
}

function traces(name) {
  if (name === "scores") {
    const events = story.all("score").filter((event) => event.data.rows?.length);
    const [y, low, high] = ["value", "low", "high"].map((key) => events.map((event) => event.data.rows[0][key]));
    return [plot.trace({ x: events.map((event) => event.nimg / 1000), y, low, high, name: t.score_line, paint: "--real" })];
  }
  const stats = story.all("stats");
  const x = stats.map((event) => event.nimg / 1000);
  const read = (data, key) => key === "accuracy_mean" ? (data.accuracy_real + data.accuracy_fake) / 2 : data[key];
  return CURVES[name].keys.map(([key, paint]) => plot.trace({
    x, y: stats.map(({ data }) => { const v = read(data, key) ?? null; return v === null ? null : v * CURVES[name].factor; }),
    name: t[key], paint, width: key === "accuracy_mean" ? 2.6 : 1.6, bridged: key === "accuracy_held_out",
  })).filter((line) => line.y.some((value) => value !== null)); // nothing is held out of small sets
}

/** Say why D has no curve on images that were held out, where it has none. */
function whyNoHeldOut() {
  if (story.all("stats").some(({ data }) => Number.isFinite(data.accuracy_held_out))) return "";
  return story.last("config")?.data.num_held_out === 0 ? t.held_out_none : t.held_out_not_yet;
}

async function draw() {
  await load();
  waiting = 0;
  const began = performance.now();
  for (const name of inView) {
    if (drawnLine[name] === story.line) continue;
    drawnLine[name] = story.line;
    const element = document.getElementById(`curve-${name}`);
    const lines = traces(name);
    const layout = plot.layout({ name, xTitle: t.curves_x, mark: CURVES[name]?.mark, more: MORE });
    await plotly.react(element, lines, layout, { ...plot.OPTIONS, displayModeBar: false });
    const last = (line) => number(line.y.findLast((value) => value !== null));
    const values = lines.map((line) => `${line.name} ${last(line)}`).join(language === "fr" ? "\u202f; " : ", ");
    element.nextElementSibling.textContent = [fill(t.curve_now, { values }), name === "accuracy" ? whyNoHeldOut() : ""].join(" ").trim();
  }
  for (const name of NAMES) if (!seen.has(name)) inView.delete(name);
  nextDraw = Date.now() + Math.max(LEAST_MS, IDLE_SHARE * (performance.now() - began));
}

function load() {
  loading ??= new Promise((resolve) => {
    const script = document.createElement("script");
    script.src = new URL("plotly.min.js", import.meta.url).href;
    script.addEventListener("load", () => { plotly = window.Plotly; plot.speak(plotly); resolve(); });
    document.head.append(script);
  });
  return loading;
}

const watch = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    const name = entry.target.id.replace("curve-", "");
    for (const names of [inView, seen]) if (entry.isIntersecting) names.add(name); else if (plotly || names === seen) names.delete(name);
  }
  if (inView.size && story) { nextDraw = 0; showCurves(story); }
}, { rootMargin: "50px" });
for (const element of document.querySelectorAll(".curve")) watch.observe(element);
dark.addEventListener("change", () => {
  for (const name of Object.keys(drawnLine)) delete drawnLine[name];
  if (story) { nextDraw = 0; showCurves(story); }
});
matchMedia("print").addEventListener("change", () => { // on paper, and back on the screen, in the colours that hold there
  for (const name of NAMES) { delete drawnLine[name]; inView.add(name); }
  if (plotly && story) draw();
});
