// Curves by plotly, which is loaded when the first one comes into view and drawn again only while somebody sees it,
// and so rarely that drawing takes no more than a hundredth of the time: the training is on the same machine.
import { fill, number, texts } from "./words.js";

const t = texts.live;
const IDLE_SHARE = 100;
const LEAST_MS = 2000;
const dark = matchMedia("(prefers-color-scheme: dark)");
const inView = new Set();
const drawnLine = {};
let plotly = null;
let loading = null;
let story = null;
let nextDraw = 0;
let waiting = 0;

const CURVES = {
  accuracy: { keys: [["accuracy_real", "--real"], ["accuracy_fake", "--fake"], ["accuracy_mean", "--ink"]], factor: 100, mark: [50, t.chance] },
  losses: { keys: [["loss_D", "--real"], ["loss_G", "--fake"]], factor: 1 },
  diversity: { keys: [["diversity", "--real"]], factor: 1, mark: [1, t.diversity_mark] },
};

export function showCurves(latest) {
  story = latest;
  const scores = story.all("score");
  if (scores.length) document.getElementById("curve-scores").parentElement.hidden = false;
  if (story.ended) load(); // the server may end with the training
  if (!waiting && inView.size) waiting = setTimeout(draw, Math.max(0, nextDraw - Date.now()));
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function traces(name) {
  if (name === "scores") {
    const events = story.all("score").filter((event) => event.data.rows?.length);
    const [value, low, high] = ["value", "low", "high"].map((key) => events.map((event) => event.data.rows[0][key]));
    return [{
      x: events.map((event) => event.nimg / 1000), y: value, name: t.score_line, mode: "lines+markers",
      line: { color: colour("--real"), width: 2 },
      error_y: { type: "data", symmetric: false, array: high.map((h, i) => h - value[i]), arrayminus: low.map((l, i) => value[i] - l), thickness: 1.2 },
    }];
  }
  const stats = story.all("stats");
  const x = stats.map((event) => event.nimg / 1000);
  const read = (data, key) => key === "accuracy_mean" ? (data.accuracy_real + data.accuracy_fake) / 2 : data[key];
  return CURVES[name].keys.map(([key, paint]) => ({
    x, y: stats.map(({ data }) => { const v = read(data, key); return v === null ? null : v * CURVES[name].factor; }),
    name: t[key], mode: stats.length > 30 ? "lines" : "lines+markers",
    line: { color: colour(paint), width: key === "accuracy_mean" ? 2.6 : 1.6 },
  }));
}

function layout(name) {
  const axis = { gridcolor: colour("--rule"), zeroline: false, linecolor: colour("--rule"), automargin: true };
  const made = {
    height: 280, margin: { l: 44, r: 8, t: 8, b: 40 }, hovermode: "x unified", dragmode: "zoom", uirevision: "kept",
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: "system-ui, sans-serif", size: 13, color: colour("--ink") },
    hoverlabel: { bgcolor: colour("--card"), font: { color: colour("--ink") } },
    showlegend: true, legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom" },
    xaxis: { ...axis, title: { text: t.curves_x, font: { size: 12 } } }, yaxis: { ...axis },
  };
  if (name === "accuracy") made.yaxis.range = [0, 102];
  if (name === "diversity" || name === "scores") made.yaxis.rangemode = "tozero";
  const mark = CURVES[name]?.mark;
  if (mark) {
    made.shapes = [{ type: "line", xref: "paper", x0: 0, x1: 1, y0: mark[0], y1: mark[0], line: { color: colour("--ink"), width: 1.5, dash: "dash" } }];
    made.annotations = [{ xref: "paper", x: 1, xanchor: "right", y: mark[0], yanchor: "bottom", showarrow: false, text: mark[1], font: { size: 12 } }];
  }
  return made;
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
    // Without its bar of buttons, one of which would send the curves to plotly's makers.
    await plotly.react(element, lines, layout(name), { responsive: true, displayModeBar: false, showSendToCloud: false, plotlyServerURL: "" });
    const values = lines.map((line) => `${line.name} ${number(line.y.at(-1))}`).join(", ");
    element.nextElementSibling.textContent = fill(t.curve_now, { values });
  }
  nextDraw = Date.now() + Math.max(LEAST_MS, IDLE_SHARE * (performance.now() - began));
}

function load() {
  loading ??= new Promise((resolve) => {
    const script = document.createElement("script");
    script.src = new URL("plotly.min.js", import.meta.url).href;
    script.addEventListener("load", () => { plotly = window.Plotly; resolve(); });
    document.head.append(script);
  });
  return loading;
}

const watch = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    const name = entry.target.id.replace("curve-", "");
    if (entry.isIntersecting) inView.add(name); else inView.delete(name);
  }
  if (inView.size && story) { nextDraw = 0; showCurves(story); }
}, { rootMargin: "50px" });
for (const element of document.querySelectorAll(".curve")) watch.observe(element);
dark.addEventListener("change", () => {
  for (const name of Object.keys(drawnLine)) delete drawnLine[name];
  if (story) { nextDraw = 0; showCurves(story); }
});
