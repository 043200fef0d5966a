// Be the discriminator: twenty images, by mouse, finger or keyboard, then the score beside the machine's.
import { fill, percent, texts as t } from "./words.js";

const run = JSON.parse(document.getElementById("run").textContent);
const query = `?run=${encodeURIComponent(run.id)}`;
const at = (id) => document.getElementById(id);
let quiz = null;
let answers = [];

const imageAddress = (i) => `/api/quiz/${quiz.id}/${i}.png${query}`;

const fileAddress = (i) => `/api/quiz/${quiz.id}/${i}.file${query}`;

/** Put what is played or read beside the picture of a question. */
async function showFile(i) {
  at("player").hidden = quiz.shown !== "player";
  at("text").hidden = quiz.shown !== "text";
  at("text").textContent = "";
  if (quiz.shown === "player") {
    at("player").src = fileAddress(i);
    at("player").play().catch(() => {}); // where the browser lets it
  } else if (quiz.shown === "text") {
    const answer = await fetch(fileAddress(i)).catch(() => null);
    if (answer?.ok && answers.length === i) at("text").textContent = await answer.text();
  }
}

const TRIES = 30; // of an answer that does not get through: about a minute
const AGAIN_MS = 2000;

const pause = () => new Promise((resolve) => { setTimeout(resolve, AGAIN_MS); });

function send(path, content) {
  const posted = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(content) };
  return fetch(`/api/quiz${path}${query}`, content === undefined ? {} : posted).catch(() => null);
}

async function read(answer) {
  at("said").textContent = "";
  if (answer?.ok) return answer.json();
  at("said").textContent = fill(t.refused, { reason: answer ? (await answer.json()).detail : "…" });
  return null;
}

/** Give the answers, again where nobody was there to take them; where they were taken but that got lost, ask for it. */
async function give() {
  const path = `/${quiz.id}/answers`;
  let answer = null;
  for (let i = 0; i < TRIES && (!answer || answer.status === 503); i++) {
    if (i > 0) await pause();
    answer = await send(path, { said_real: answers });
  }
  return read(answer?.status === 409 ? await send(path) : answer);
}

async function begin() {
  const begun = await read(await send("", {}));
  if (!begun) return;
  quiz = begun;
  answers = [];
  at("start").hidden = at("results").hidden = true;
  at("asking").hidden = false;
  for (let i = 0; i < quiz.questions; i++) new Image().src = imageAddress(i);
  ask();
}

function ask() {
  const values = { i: answers.length + 1, n: quiz.questions };
  at("question").textContent = fill(t.question, values);
  at("image").src = imageAddress(answers.length);
  at("image").alt = fill(t.image_alt, values);
  at("question").focus({ preventScroll: true });
  showFile(answers.length);
}

function say(real) {
  if (!quiz || at("asking").hidden) return;
  answers.push(real);
  if (answers.length < quiz.questions) ask();
  else finish();
}

async function finish() {
  at("asking").hidden = true;
  at("player").pause();
  at("said").textContent = t.working;
  const result = await give();
  if (!result) { at("start").hidden = false; return; }
  answers = result.said_real;
  at("result").textContent = fill(t.result, result.tally);
  const lines = [tally(t.you, result.tally), tally(t.machine, result.tally_of_D), tally(t.chance, { right: 10, of: 20 })];
  if (result.everybody.quizzes > 1) lines.push(tally(fill(t.everybody, { n: result.everybody.quizzes }), result.everybody));
  at("tally").replaceChildren(...lines);
  at("truth").replaceChildren(...result.truth.map((real, i) => judgedImage(real, i, result)));
  at("fooling").replaceChildren(...result.fooling.map(foolingImage));
  at("fooling-none").hidden = result.fooling.length > 0;
  at("results").hidden = false;
  at("result").focus();
}

function element(name, className, text) {
  const made = document.createElement(name);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

/** One score as a line from 0 to 100 %, with its interval and the mark of chance. */
function tally(name, score) {
  const item = element("li", "");
  item.append(element("span", "", name));
  if (!score) { item.append(element("small", "", t.no_machine)); return item; }
  item.append(element("span", "share", percent(score.right / score.of)));
  const line = element("div", "line");
  line.setAttribute("aria-hidden", "true");
  if (score.low !== undefined) {
    const range = element("div", "range");
    range.style.left = `${100 * score.low}%`;
    range.style.width = `${100 * (score.high - score.low)}%`;
    line.append(range);
  }
  const point = element("div", "point");
  point.style.left = `${(100 * score.right) / score.of}%`;
  line.append(point);
  item.append(line);
  if (score.low !== undefined) item.append(element("small", "", fill(t.interval, { low: percent(score.low), high: percent(score.high) })));
  return item;
}

function judgedImage(real, i, result) {
  const word = (isReal) => (isReal ? t.was_real : t.was_fake);
  const item = element("li", real ? "real" : "fake");
  const img = new Image(160, 160);
  img.src = imageAddress(i);
  img.className = "pixels";
  const machine = result.said_by_D?.[i];
  const values = { i: i + 1, truth: word(real), you: word(answers[i]), machine: machine === undefined ? "" : word(machine) };
  img.alt = fill(machine === undefined ? t.truth_alt : t.truth_alt_D, values);
  item.append(img, element("b", "", word(real)));
  if (quiz.shown === "player") item.append(playerOf(i));
  item.append(element("span", answers[i] === real ? "" : "wrong", answers[i] === real ? t.you_right : t.you_wrong));
  if (machine !== undefined) item.append(element("span", machine === real ? "" : "wrong", machine === real ? t.D_right : t.D_wrong));
  return item;
}

function playerOf(i) {
  const player = document.createElement("audio");
  player.controls = true;
  player.preload = "none";
  player.src = fileAddress(i);
  return player;
}

function foolingImage(image) {
  const truth = image.kind === "real" ? t.was_real : t.was_fake;
  const item = element("li", image.kind);
  const img = new Image(160, 160);
  img.src = `/api/quiz/${quiz.id}/pool/${image.kind}/${image.image}.png${query}`;
  img.className = "pixels";
  img.alt = fill(t.fooling_alt, { truth, ...image });
  item.append(img, element("span", "", fill(t.fooling_say, { truth, ...image })));
  return item;
}

at("begin").addEventListener("click", begin);
at("again").addEventListener("click", begin);
at("real").addEventListener("click", () => say(true));
at("fake").addEventListener("click", () => say(false));
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.key.toLowerCase() === "r") say(true);
  if (event.key.toLowerCase() === "f") say(false);
});
