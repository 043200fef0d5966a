// The diagram of the game: what its boxes show, and how it moves through steps 1, 2 and 3.
import { fill, number, percent, tell, texts, whole } from "./words.js";
import { verdict } from "./story.js";
import { SVG, flow, light, travel } from "./wires.js";

const t = texts.live;
const at = (id) => document.getElementById(id);
const part = (name) => document.querySelector(`[data-part="${name}"]`);
const STEPS = [1, 1, 2, 2, 3]; // the step that each beat shows: the chapter's three, in slow motion
export const BEAT_MS = 1800;
const MOST_SQUARES = 1024; // of a box: more cannot be told apart
const still = matchMedia("(prefers-reduced-motion: reduce)");
let asked = ""; // the strip of samples that was fetched last
let coming = null; // and is not drawn yet
let beats = 0; // since the diagram began to move
let pace = 1; // beats that each of them takes
let held = false; // somebody stopped it
let replayed = Infinity; // beats of a round that is played again
let drawn = false; // a strip was
let step = -1; // none shown yet

export function showDiagram(story, base) {
  const f = story.figures();
  tell(at("D-accuracy"), percent(f.accuracy));
  tell(at("loss-D"), number(f.loss_D));
  tell(at("loss-G"), number(f.loss_G));
  for (const name of ["D", "G"]) {
    const gradient = f.judged?.data[`gradient_${name}`];
    tell(at(`gradient-${name}`), gradient === undefined ? "" : fill(t.gradient_now, { value: number(gradient, 2) }));
  }
  tell(at("rounds"), f.rounds === null ? "" : fill(story.ended ? t.slow_done : t.slow, {
    rounds: whole(f.rounds), speed: number(f.rounds_per_second, 2),
  }));
  if (f.judged) fetchJudged(f.judged, base);
  const cover = document.querySelector(".cover");
  if (story.last("samples") && !cover.style.backgroundImage) cover.style.backgroundImage = `url("${base}/files/reals.png?v=${story.events[0].time}")`;
}

/** Fetch the strip of the samples last judged; the next beat draws it with all that changes. */
function fetchJudged(event, base) {
  const name = `${base}/files/${event.data.path}?v=${event.nimg}-${event.time}`;
  if (name === asked) return;
  asked = name;
  coming = { event, strip: new Image() };
  if (!drawn) coming.strip.addEventListener("load", showJudged); // the first one waits for no beat
  coming.strip.src = name;
}

function showJudged() {
  if (!coming?.strip.complete || !coming.strip.naturalHeight) return;
  const { event, strip } = coming;
  coming = null;
  drawn = true;
  const width = strip.width / (event.data.real.length + event.data.fake.length); // lines of text are wide
  showKind("real", event, strip, width, 0);
  showKind("fake", event, strip, width, event.data.real.length);
  if (event.data.z) drawNoise(event.data.z); // runs of older versions do not tell it
}

function showKind(kind, event, strip, width, first) {
  const items = document.querySelectorAll(`.judged[data-kind="${kind}"] li`);
  items.forEach((item, i) => {
    const judged = verdict(event.data[kind][i] ?? null, event.data.boundary, kind === "real");
    item.hidden = !judged;
    if (!judged) return;
    const thumb = item.querySelector("svg");
    cut(thumb, strip, (first + i) * width, width);
    const says = t[judged.says];
    thumb.setAttribute("aria-label", fill(t[`${kind}_thumb`], { i: i + 1, verdict: says, confidence: percent(judged.sure) }));
    if (item.className !== judged.says) item.className = judged.says;
    tell(item.querySelector("b"), t[`${kind}_${judged.right ? "right" : "wrong"}`]);
  });
}

/** Let a picture show the part of a strip that begins at x: by SVG, as each canvas would be a layer, put together in every frame. */
function cut(picture, strip, x, width) {
  const [window, image] = picture.querySelectorAll("svg, image");
  const size = { width, height: strip.height };
  picture.setAttribute("viewBox", `0 0 ${width} ${strip.height}`);
  set(window, { ...size, viewBox: `${x} 0 ${width} ${strip.height}` });
  set(image, { width: strip.width, height: strip.height, href: strip.src });
}

function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
}

/** Draw the random numbers of the first forgery shown beside them, each as a grey square. */
function drawNoise(z) {
  const side = Math.ceil(Math.sqrt(Math.min(z.length, MOST_SQUARES)));
  const squares = z.slice(0, MOST_SQUARES).map((number, i) => {
    const grey = Math.max(0, Math.min(255, Math.round(127.5 + 51 * number)));
    const square = document.createElementNS(SVG, "rect");
    set(square, { x: i % side, y: Math.floor(i / side), width: 1, height: 1, fill: `rgb(${grey} ${grey} ${grey})` });
    return square;
  });
  at("noise").setAttribute("viewBox", `0 0 ${side} ${side}`);
  at("noise").replaceChildren(...squares);
}

/** Draw what has come, and go on by a beat for as long as the run learns; stand still where motion is not wanted. */
export function moveDiagram(story) {
  showJudged();
  const moving = story.state === "running" && story.age < 10 && !still.matches && !held;
  at("hold").hidden = !["running", "paused"].includes(story.state);
  if (document.hidden) return;
  if (replayed < STEPS.length * pace) showBeat(replayed++, false);
  else if (moving) showBeat(beats++, false);
  else if (!held && step > 0) { step = 0; showStep(); }
}

/** Show the beat of that number: in the first of a step pictures go forwards, in its second the gradient comes back. */
function showBeat(number, asked) {
  const place = Math.floor(number / pace) % STEPS.length;
  const back = place > 0 && STEPS[place - 1] === STEPS[place];
  if (number % pace === 0 && (STEPS[place] !== step || asked)) { step = STEPS[place]; showStep(); }
  if (number % pace === 0 && step < 3 && !still.matches) travel(step, { back, pictures: pictures(), ms: 0.8 * BEAT_MS * pace });
  else flow();
}

/** What goes along the wires, by the box that it comes from. */
function pictures() {
  const [real, fake] = ["real", "fake"].map((kind) => document.querySelector(`.judged[data-kind="${kind}"] svg`));
  return { reals: real, real_sample: real, noise: at("noise"), generator: fake, fake_sample: fake };
}

/** Play one round, the last, from a step on; where motion is not wanted, show that step. */
function replay(from) {
  const first = STEPS.indexOf(from);
  replayed = still.matches ? Infinity : first * pace;
  if (still.matches) { held = true; step = from; showStep(); }
  else { showBeat(replayed++, true); tellPlayed(); }
}

/** Tell that somebody set the diagram moving: the next beat counts from here. */
function tellPlayed() {
  at("diagram").dispatchEvent(new Event("played"));
}

for (const item of document.querySelectorAll("#steps li")) {
  item.querySelector("button").addEventListener("click", () => replay(Number(item.dataset.step)));
}
at("hold").addEventListener("click", () => {
  held = !held;
  replayed = Infinity;
  at("hold").textContent = held ? t.motion_go : t.motion_stop;
});
at("one-step").addEventListener("click", () => {
  held = true;
  replayed = Infinity;
  at("hold").textContent = t.motion_go;
  step = (Math.max(step, 0) % 3) + 1;
  showStep();
  if (!still.matches) { travel(step, { back: false, pictures: pictures(), ms: BEAT_MS }); tellPlayed(); }
});
at("pace").addEventListener("change", () => { pace = Number(at("pace").value); beats = 0; });

function showStep() {
  light(step);
  at("diagram").dataset.step = step;
  tell(at("step-text"), step > 0 ? t[`step${step}_text`] : t.steps_lead);
  for (const item of document.querySelectorAll("#steps li")) {
    const now = Number(item.dataset.step) === step;
    item.classList.toggle("now", now);
    if (now) item.setAttribute("aria-current", "step"); else item.removeAttribute("aria-current");
  }
  const learning = { 1: "discriminator", 2: "generator" }[step];
  for (const name of ["discriminator", "generator"]) {
    part(name).classList.toggle("learning", name === learning);
    part(name).classList.toggle("still", step !== 0 && step !== 3 && name !== learning);
    const role = part(name).querySelector(".role");
    role.textContent = step === 1 || step === 2 ? (name === learning ? t.learns : t.fixed) : "";
  }
}
