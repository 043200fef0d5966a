// The live page: follows the events of a run, and lets every part of the page show what it knows of them.
import { Story } from "./story.js";
import { texts } from "./words.js";
import { showHeadline, listenToControls } from "./headline.js";
import { showDiagram, moveDiagram } from "./diagram.js";
import { showExplanation } from "./explain.js";
import { showFilm } from "./film.js";
import { showCurves } from "./curves.js";
import { showScores, showVerdict } from "./figures.js";

const run = JSON.parse(document.getElementById("run").textContent);
const base = `/api/runs/${encodeURIComponent(run.id)}`;
const SHOW_MS = 1900;
const story = new Story();
let connected = false;
let due = false;
let shownAt = 0;

/** Show the run once more, at most about every other second and never while nobody looks: the machine is for the training. */
function show() {
  if (due) return;
  due = true;
  setTimeout(() => requestAnimationFrame(() => {
    due = false;
    shownAt = Date.now();
    showHeadline(story, connected);
    showDiagram(story, base);
    showExplanation(story);
    showVerdict(story);
    showFilm(story, base);
    showCurves(story);
    showScores(story);
    document.body.dataset.line = story.line;
    document.body.dataset.state = story.standing();
  }), Math.max(50, shownAt + SHOW_MS - Date.now()));
}

function follow() {
  const source = new EventSource(`${base}/events`);
  source.addEventListener("history", (message) => {
    const { line, events } = JSON.parse(message.data);
    story.begin(events, line);
    connected = true;
    show();
  });
  source.addEventListener("told", (message) => {
    const line = Number(message.lastEventId);
    if (line > story.line) story.take(JSON.parse(message.data), line);
    connected = true;
    show();
  });
  source.addEventListener("pulse", (message) => {
    const { age } = JSON.parse(message.data);
    const before = story.standing();
    story.age = age;
    if (!connected || before !== story.standing() || story.standing() === "silent") { connected = true; show(); }
  });
  source.addEventListener("error", () => {
    connected = false;
    show();
    if (source.readyState === EventSource.CLOSED) setTimeout(follow, 2000); // refused: ask again later
  });
}

document.title = `${run.id} · ${texts.live.title}`;
listenToControls(base);
moveDiagram(story);
follow();
