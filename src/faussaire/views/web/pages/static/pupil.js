// The page of a pupil: the door, the forger, the quiz, the vote, and the board.
import { ask, at, complain, element, followBoard, ownScore, showBoard, showScores, showTiles, titleById, wait } from "./classroom.js";
import { fill, tell, texts } from "./words.js";

const t = texts.room;
const me = JSON.parse(at("me").textContent);
const PLACES = ["forger", "quiz", "vote", "board"];
const IDLE_MS = 3000;
let board = { pupils: [], runs: [] };
let question = null;
let pair = null;

const place = () => (PLACES.includes(location.hash.slice(1)) ? location.hash.slice(1) : "forger");

/** Ask for something of a pupil; begin anew at the door where the class knows this one no longer. */
async function asPupil(path, content) {
  const found = await ask(path, content);
  if (found.answer?.status === 401) location.reload();
  return found;
}

async function join(event) {
  event.preventDefault();
  complain("");
  const { answer, content } = await ask("/api/class/join", { name: at("name").value });
  if (answer?.ok) location.reload();
  else complain(content.detail);
}

function go() {
  const here = place();
  for (const name of PLACES) at(name).hidden = name !== here;
  for (const link of document.querySelectorAll(".places a")) {
    if (link.hash === `#${here}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  complain("");
  if (here === "quiz" && question === null) nextQuestion();
  if (here === "vote" && pair === null) nextPair();
}

// The forger.

async function train(event) {
  event.preventDefault();
  const form = new FormData(at("choices"));
  const only = form.get("only");
  const choices = { network: form.get("network"), rate: form.get("rate"), steps: form.get("steps"), only: only ? Number(only) : null };
  const { answer, content } = await asPupil("/api/class/training", choices);
  complain(answer?.ok ? "" : content.detail);
  if (answer?.ok) at("choices").hidden = true;
}

function showOwn() {
  const own = board.runs.filter((run) => run.owner === me.id);
  if (at("choices")) at("choices").hidden = own.length >= me.trainings || own.some((run) => ["waiting", "starting", "running"].includes(run.state));
  showTiles(at("mine"), board, own, true);
}

// Real or fake?

async function nextQuestion() {
  question = {};
  for (;;) {
    const { answer, content } = await asPupil("/api/class/quiz");
    if (answer?.ok && content.number !== null) { showQuestion(content); return; }
    at("asking").hidden = true;
    tell(at("no-question"), content.said ?? content.detail);
    await wait(IDLE_MS);
  }
}

async function showQuestion(asked) {
  question = asked;
  at("asking").hidden = false;
  tell(at("no-question"), "");
  at("image").src = `/api/class/quiz/${asked.number}.png`;
  at("image").alt = fill(t.image_alt, { i: asked.number + 1 });
  at("real").disabled = at("fake").disabled = false;
  at("player").hidden = asked.shown !== "player";
  at("text").hidden = asked.shown !== "text";
  showScores(at("own-score"), [ownScore(asked.score)]);
  const file = `/api/class/quiz/${asked.number}.file`;
  if (asked.shown === "player") {
    at("player").src = file;
    at("player").play().catch(() => {}); // where the browser lets it
  } else if (asked.shown === "text") {
    const answer = await fetch(file).catch(() => null);
    if (answer?.ok && question === asked) tell(at("text"), await answer.text());
  }
}

async function say(saidReal) {
  if (at("real").disabled || at("asking").hidden || place() !== "quiz") return;
  at("real").disabled = at("fake").disabled = true;
  at("player").pause();
  const { answer, content } = await asPupil(`/api/class/quiz/${question.number}`, { said_real: saidReal });
  if (answer?.ok) showTold(content);
  else complain(content.detail);
  nextQuestion();
}

function showTold({ right, real, run }) {
  const who = element("bdi", "", run === null ? "" : titleById(board, run));
  const [before, after] = (real ? t.was_real : t.was_fake).split("{name}");
  at("told").replaceChildren(element("b", right ? "good" : "bad", right ? t.right : t.wrong), ` ${before}`, who, after ?? "");
}

// Which is better?

async function nextPair() {
  pair = {};
  for (;;) {
    const { answer, content } = await asPupil("/api/class/vote");
    if (answer?.ok && content.number !== null) { showPair(content); return; }
    at("pair").hidden = true;
    tell(at("no-pair"), content.said ?? content.detail);
    await wait(IDLE_MS);
  }
}

function showPair(asked) {
  pair = asked;
  at("pair").hidden = false;
  tell(at("no-pair"), "");
  for (const side of ["left", "right"]) {
    at(side).querySelector("img").src = `/api/class/vote/${asked.number}/${side}.png`;
    at(side).disabled = false;
  }
}

async function vote(better) {
  if (at("left").disabled || at("pair").hidden || place() !== "vote") return;
  at("left").disabled = at("right").disabled = true;
  const { answer, content } = await asPupil(`/api/class/vote/${pair.number}`, { better });
  if (answer?.ok) {
    const [before, between, after] = t.were.split(/\{left\}|\{right\}/);
    at("voted").replaceChildren(before, element("bdi", "", titleById(board, content.left)), between, element("bdi", "", titleById(board, content.right)), after);
  } else complain(content.detail);
  nextPair();
}

// Leaving.

async function leave() {
  if (at("leave-dialog").returnValue !== "leave") return;
  const { answer, content } = await ask("/api/class/forget", {});
  if (answer?.ok || answer?.status === 401) location.replace("/");
  else complain(content.detail);
}

function listen() {
  at("choices")?.addEventListener("submit", train);
  at("real").addEventListener("click", () => say(true));
  at("fake").addEventListener("click", () => say(false));
  for (const side of ["left", "right"]) at(side).addEventListener("click", () => vote(side));
  at("leave").addEventListener("click", () => at("leave-dialog").showModal());
  at("leave-dialog").addEventListener("close", leave);
  addEventListener("hashchange", () => { go(); at(`${place()}-title`).focus({ preventScroll: true }); scrollTo(0, 0); });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || at("leave-dialog").open) return;
    if (event.key.toLowerCase() === "r") say(true);
    if (event.key.toLowerCase() === "f") say(false);
    if (event.key === "ArrowLeft") vote("left");
    if (event.key === "ArrowRight") vote("right");
  });
}

if (me === null) at("door").addEventListener("submit", join);
else {
  listen();
  go();
  followBoard((news) => {
    board = news;
    showOwn();
    showBoard(board, me.id);
    showTiles(at("tiles"), board, board.runs);
  }, () => location.reload());
}
