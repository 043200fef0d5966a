// What the pages of a class share: asking the server, and drawing the board. What pupils have typed is put in as text.
import { fill, language, percent, tell, texts, thousands, whole } from "./words.js";

const t = texts.room;
const BOARD_MS = 2000;
const TRIES = 30; // of what does not get through: about a minute
const AGAIN_MS = 2000;

export const at = (id) => document.getElementById(id);
export const wait = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

export function element(name, className, text) {
  const made = document.createElement(name);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

/**
 * Ask the server, again as long as nobody is there, or it has too much to do. What is sent counts once, however often.
 * Return the answer and its content; neither where it never came.
 */
export async function ask(path, content) {
  const posted = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(content) };
  for (let i = 0; i < TRIES; i++) {
    const answer = await fetch(path, content === undefined ? {} : posted).catch(() => null);
    if (answer && ![429, 503].includes(answer.status)) return { answer, content: await answer.json().catch(() => ({})) };
    await wait(AGAIN_MS);
  }
  return { answer: null, content: { detail: t.lost } };
}

/** Say that something did not work. */
export function complain(detail) {
  tell(at("said"), detail ? fill(t.refused, { reason: detail }) : "");
}

/** Fetch the board again and again, and show it. */
export async function followBoard(show, onStranger) {
  for (;;) {
    if (!document.hidden) {
      const answer = await fetch("/api/class/board").catch(() => null);
      if (answer?.status === 401) { onStranger(); return; }
      if (answer?.ok) show(await answer.json());
      document.body.dataset.connected = Boolean(answer?.ok);
    }
    await wait(BOARD_MS);
  }
}

const nameOf = (board, id) => board.pupils.find((pupil) => pupil.id === id)?.name;

/** The name of a run: its owner's, with a number where there are several, or that of its folder. */
export function titleOf(board, run) {
  const name = nameOf(board, run.owner);
  if (name === undefined) return run.id;
  const own = board.runs.filter((other) => other.owner === run.owner);
  return own.length > 1 ? `${name} ${own.indexOf(run) + 1}` : name;
}

export function titleById(board, id) {
  const run = board.runs.find((one) => one.id === id);
  return run ? titleOf(board, run) : id;
}

const interval = (score) => fill(t.interval, { low: whole(100 * score.low), high: whole(100 * score.high) });
const share = (score) => `${percent(score.value)} ${interval(score)}`;

/** Put the rows of a list in order, each kept with its key, so that the page moves only where something has changed. */
function keyed(list, rows, make, update) {
  const there = new Map([...list.children].map((item) => [item.dataset.key, item]));
  const items = rows.map((row) => {
    const item = there.get(String(row.key)) ?? make(row);
    item.dataset.key = row.key;
    update(item, row);
    return item;
  });
  if (items.length !== list.children.length || items.some((item, i) => item !== list.children[i])) list.replaceChildren(...items);
}

function makeScore() {
  const item = element("li", "score");
  const line = element("div", "line");
  line.setAttribute("aria-hidden", "true");
  line.append(element("div", "range"), element("div", "point"));
  const name = element("span", "name");
  name.append(element("bdi", ""));
  item.append(name, element("span", "share"), line, element("small", "quiet"));
  return item;
}

function updateScore(item, { name, score, said, me }) {
  const [title, value, line, small] = item.children;
  tell(title.firstChild, name);
  tell(value, score.value === null ? "–" : percent(score.value));
  tell(small, said);
  item.classList.toggle("me", Boolean(me));
  line.children[0].style.left = `${100 * score.low}%`;
  line.children[0].style.width = `${100 * (score.high - score.low)}%`;
  line.children[1].style.left = `${100 * (score.value ?? 0.5)}%`;
  line.children[1].hidden = score.value === null;
}

/** Show scores as lines from 0 to 100 %, each with its interval and the mark of chance. */
export function showScores(list, rows) {
  keyed(list, rows, makeScore, updateScore);
}

const counted = (score) => fill(score.of ? t.right_of : t.nothing_yet, { right: whole(score.right), of: whole(score.of), interval: interval(score) });

export function ownScore(pupil) {
  const value = pupil.of ? pupil.right / pupil.of : null;
  const score = { low: 0, high: 1, ...pupil, value };
  return { key: "own", name: t.you, score, said: counted(score), me: true };
}

/** Show who sees through forgeries, who fooled whom, and which run is better. */
export function showBoard(board, me) {
  const isMine = (run) => me !== null && run.owner === me;
  showScores(at("seers"), board.pupils.map((pupil) => ({
    key: pupil.id, name: pupil.name, score: pupil, said: counted(pupil), me: pupil.id === me,
  })));
  const fooling = board.runs.filter((run) => run.fooled).sort((a, b) => b.fooled.low - a.fooled.low);
  showScores(at("foolers"), fooling.map((run) => {
    const victims = run.fooled.victims.map((v) => fill(t.victim, { name: `\u2068${nameOf(board, v.pupil) ?? "…"}\u2069`, fooled: v.fooled, of: v.of }));
    const said = fill(t.fooled_of, { fooled: whole(run.fooled.right), of: whole(run.fooled.of), interval: interval(run.fooled) });
    return { key: run.id, name: titleOf(board, run), score: run.fooled, me: isMine(run), said: victims.length ? `${said} ${fill(t.above_all, { names: victims.join(", ") })}` : said };
  }));
  const strong = board.runs.filter((run) => run.strength).sort((a, b) => b.strength.value - a.strength.value);
  showScores(at("strengths"), strong.map((run) => ({
    key: run.id, name: titleOf(board, run), score: run.strength, me: isMine(run),
    said: fill(t.votes_of, { interval: interval(run.strength), of: whole(run.strength.of) }),
  })));
  for (const id of ["seers", "foolers", "strengths"]) at(id).dataset.empty = at(id).children.length ? "" : t.nothing_yet;
}

function makeTile() {
  const item = element("li", "tile card");
  const gauge = element("div", "gauge");
  gauge.setAttribute("aria-hidden", "true");
  gauge.append(element("div", "filled"), element("div", "half"));
  const title = element("h3", "");
  title.append(element("bdi", ""));
  item.append(element("div", "picture"), title, element("p", "state"), element("p", "accuracy"), gauge, element("p", "verdict-line"), element("p", "small quiet chosen"), element("p", "small fooled"));
  return item;
}

function stateOf(run, place) {
  if (run.state === "waiting") return fill(t.in_line, { place });
  const state = texts.states[run.state] ?? t.failed;
  return run.state === "running" && run.progress ? `${state}, ${percent(run.progress)}` : state;
}

function updateTile(item, { run, title, place, whole: full }) {
  const [picture, heading, state, accuracy, gauge, verdict, chosen, fooled] = item.children;
  item.dataset.state = run.state;
  tell(heading.firstChild, title);
  tell(state, stateOf(run, place));
  state.className = `state ${run.state}`;
  showPicture(picture, run, title);
  const known = run.accuracy?.value !== undefined && run.accuracy?.value !== null;
  tell(accuracy, known ? fill(t.accuracy, { share: share(run.accuracy) }) : "");
  gauge.hidden = !known;
  if (known) gauge.firstChild.style.width = `${100 * run.accuracy.value}%`;
  const said = run.verdict;
  tell(verdict, said ? (full ? undefined : t.verdicts[said.name]) ?? said[language] : "");
  verdict.dataset.tone = said?.tone ?? "";
  const c = run.choices;
  tell(chosen, c ? [t.networks_short[c.network] ?? c.network, t.rates_short[c.rate], t.turns_short[c.steps], c.only === null ? "" : t.one_class].filter(Boolean).join(" · ") : run.fits === false ? t.other_kind : "");
  tell(fooled, run.fooled ? fill(t.fooled_of, { fooled: whole(run.fooled.right), of: whole(run.fooled.of), interval: interval(run.fooled) }) : "");
}

function showPicture(place, run, title) {
  if (run.picture === null || run.picture === undefined) return;
  const address = `/api/class/runs/${encodeURIComponent(run.id)}/${run.picture}.png`;
  if (place.dataset.address === address) return;
  place.dataset.address = address;
  const img = new Image(240, 240);
  img.className = "pixels";
  img.alt = fill(t.picture_alt, { name: title, kimg: thousands(run.picture) });
  img.addEventListener("load", () => { if (place.dataset.address === address) place.replaceChildren(img); });
  img.src = address;
}

/** Show a tile for each of these runs. */
export function showTiles(list, board, runs, full = false) {
  const line = board.runs.filter((run) => run.state === "waiting");
  list.dataset.many = runs.length > 15 ? "very" : runs.length > 6 ? "quite" : "";
  keyed(list, runs.map((run) => ({ key: run.id, run, title: titleOf(board, run), place: line.indexOf(run) + 1, whole: full })), makeTile, updateTile);
}
