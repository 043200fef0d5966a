// The film: the fixed grid along the whole run, by a slider or played.
import { fill, percent, texts, thousands } from "./words.js";

const t = texts.live;
const at = (id) => document.getElementById(id);
const FRAME_MS = 250;
let frames = [];
let base = "";
let following = true; // the newest picture is shown until somebody moves the slider
let timer = 0;
const kept = new Map(); // pictures by address

export function showFilm(story, address) {
  base = address;
  frames = story.all("samples");
  if (!frames.length) return;
  const slider = at("slider");
  slider.max = frames.length - 1;
  if (following && !timer) slider.value = frames.length - 1;
  showFrame();
  if (story.ended) fetchAll(); // the server may end with the training
  if (!at("reals").getAttribute("src")) at("reals").src = `${base}/files/reals.png?v=${story.events[0].time}`;
}

function showFrame() {
  const event = frames[Number(at("slider").value)];
  if (!event) return;
  const source = `${base}/files/${event.data.path}?v=${event.time}`;
  if (at("frame").getAttribute("src") === source) return;
  at("frame").src = source;
  at("frame").alt = fill(t.film_alt, { kimg: thousands(event.nimg) });
  const where = fill(t.film_where, { kimg: thousands(event.nimg), progress: percent(event.data.progress) });
  at("where").textContent = where;
  at("slider").setAttribute("aria-valuetext", where);
}

/** Have every picture at hand. */
function fetchAll() {
  for (const event of frames) {
    const source = `${base}/files/${event.data.path}?v=${event.time}`;
    if (kept.has(source)) continue;
    const image = new Image();
    image.src = source;
    kept.set(source, image);
  }
}

function stop() {
  clearInterval(timer);
  timer = 0;
  at("play").textContent = t.film_play;
}

function play() {
  const slider = at("slider");
  fetchAll();
  slider.value = 0;
  following = true;
  at("play").textContent = t.film_stop;
  showFrame();
  timer = setInterval(() => {
    slider.value = Number(slider.value) + 1;
    showFrame();
    if (Number(slider.value) >= frames.length - 1) stop();
  }, FRAME_MS);
}

at("play").addEventListener("click", () => (timer ? stop() : play()));
at("slider").addEventListener("input", () => {
  stop();
  following = Number(at("slider").value) >= frames.length - 1;
  showFrame();
});
