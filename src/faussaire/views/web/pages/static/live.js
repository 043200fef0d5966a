// The live page: follows the events of a run, and lets every part of the page show what it knows of them.
import { Story } from "./story.js";
import { texts } from "./words.js";
import { listenToControls, showCourse, showHeadline } from "./headline.js";
import { BEAT_MS, moveDiagram, showDiagram } from "./diagram.js";
import { drawWires } from "./wires.js";
import { showExplanation } from "./explain.js";
import { showFilm } from "./film.js";
import { showCurves } from "./curves.js";
import { showRollBack, showScores, showVerdict } from "./figures.js";

const run = JSON.parse(document.getElementById("run").textContent);
const base = `/api/runs/${encodeURIComponent(run.id)}`;
const story = new Story();
let connected = false;
let gone = false; // the run is no longer there
let due = false; // there is news that the page does not show yet
let timer = 0; // of the beats

/**
 * Draw the page again: on a beat, where there is news or the diagram moves, and never while nobody looks. Every picture
 * of a page is paid for by the machine that trains.
 */
function beat() {
  moveDiagram(story); // first: what show() asks for is drawn by the next beat
  if (due && !document.hidden) show();
}

/** Count the beats from now on: what somebody asked to see moving moves for a whole one. */
function startBeats() {
  clearInterval(timer);
  timer = setInterval(beat, BEAT_MS);
}

function show() {
  due = false;
  showHeadline(story, connected, gone);
  showCourse(story);
  showDiagram(story, base);
  showExplanation(story);
  showVerdict(story);
  showRollBack(story);
  showFilm(story, base);
  showCurves(story);
  showScores(story);
  document.body.dataset.line = story.line;
  document.body.dataset.state = story.state;
}

function follow() {
  const source = new EventSource(`${base}/events`);
  source.addEventListener("history", (message) => {
    story.begin(JSON.parse(message.data));
    connected = gone = false; // until the pulse that follows says where the run stands
  });
  source.addEventListener("event", (message) => {
    const line = Number(message.lastEventId);
    if (line > story.line) story.take(JSON.parse(message.data), line);
    connected = due = true;
    if (story.all("judged").length && !document.body.dataset.judged) { document.body.dataset.judged = "yes"; show(); }
  });
  source.addEventListener("pulse", (message) => {
    const { age, state, verdict } = JSON.parse(message.data);
    const first = !connected;
    due ||= state !== story.state || state === "silent" || JSON.stringify(verdict) !== JSON.stringify(story.verdict);
    connected = true;
    Object.assign(story, { age, state, verdict });
    if (first) show();
  });
  source.addEventListener("error", () => {
    connected = false;
    due = true;
    if (source.readyState !== EventSource.CLOSED) return;
    fetch(base).then((answer) => { gone = answer.status === 404; due = true; }).catch(() => {});
    setTimeout(follow, 2000); // refused: ask again later
  });
}

document.title = `${run.id} · ${texts.live.title}`;
listenToControls(base);
drawWires();
follow();
startBeats();
document.getElementById("diagram").addEventListener("played", startBeats);
document.addEventListener("visibilitychange", beat);
