// The explore page: places in latent space as addresses, pictures of them as plain images.
import { fill, number, texts as t, whole } from "./words.js";

const run = JSON.parse(document.getElementById("run").textContent);
const form = JSON.parse(document.getElementById("form").textContent); // what is played or read beside a picture
const at = (id) => document.getElementById(id);
const SHEET = 12;
const MOST = 6;
const NEIGHBOURS = 6;
const LETTERS = "ABCDEF";
let seed = 0;
let chosen = []; // places, the last one looked at closer; what was pulled along is written behind a ~
let looked = null;

/** Return the address of something made of places. */
function address(what, values) {
  const query = new URLSearchParams({ run: run.id, truncation: at("truncation").value });
  const label = at("class")?.value;
  if (label) query.set("class", label);
  for (const [name, value] of Object.entries(values)) for (const one of [value].flat()) query.append(name, one);
  return `/api/${what}?${query}`;
}

const sliders = [...at("moves").querySelectorAll("input")];

function moves() {
  return sliders.map((input) => Number(input.value)).join(",");
}

/** Return the place looked at, as far as it was pulled along. */
function pulled() {
  return sliders.some((input) => Number(input.value)) ? `${looked.split("~")[0]}~${moves()}` : looked.split("~")[0];
}

/** Keep every choice in the address: a reload, or whoever is sent it, sees the same. */
function remember() {
  const kept = new URLSearchParams();
  if (seed) kept.set("seed", seed);
  if (chosen.length) kept.set("chosen", chosen.join(" "));
  if (looked) kept.set("look", pulled());
  if (at("truncation").value !== at("truncation").defaultValue) kept.set("truncation", at("truncation").value);
  if (at("class")?.value) kept.set("class", at("class").value);
  if (at("distance").value !== at("distance").defaultValue) kept.set("distance", at("distance").value);
  history.replaceState(null, "", kept.size ? `#${kept}` : location.pathname + location.search);
}

/** Take up the choices that an address holds. */
function recall() {
  const kept = new URLSearchParams(location.hash.slice(1));
  seed = Math.max(0, Math.floor(Number(kept.get("seed"))) || 0);
  chosen = (kept.get("chosen") ?? "").split(" ").filter(Boolean).slice(0, MOST);
  for (const name of ["truncation", "class", "distance"]) if (kept.has(name) && at(name)) at(name).value = kept.get(name);
  look(kept.get("look"));
}

function picture(z, alt) {
  const img = new Image(72, 72);
  img.src = address("latent", { z });
  img.alt = fill(alt, { z });
  return img;
}

/** Return a button that chooses a place, or lets it go. */
function chooser(z, alt) {
  const button = document.createElement("button");
  button.type = "button";
  button.append(picture(z, alt));
  button.setAttribute("aria-label", fill(t.pressed, { z }));
  button.dataset.z = z;
  button.addEventListener("click", () => {
    if (chosen.includes(z)) letGo(z);
    else choose(z);
    show();
    if (looked === z && form?.shown === "player") at("player").play().catch(() => {}); // where the browser lets it
  });
  return button;
}

function choose(z) {
  chosen = [...chosen.filter((other) => other !== z).slice(-MOST + 1), z];
  look(z);
}

function letGo(z) {
  chosen = chosen.filter((other) => other !== z);
  if (looked === z) look(chosen.at(-1) ?? null);
}

function look(z) {
  looked = z;
  const steps = (z ?? "").split("~")[1]?.split(",") ?? [];
  sliders.forEach((input, k) => { input.value = steps[k] ?? 0; });
}

function showSheet() {
  at("sheet").replaceChildren(...Array.from({ length: SHEET }, (_, i) => chooser(`${seed}.${i}`, t.sample_alt)));
}

function showChosen() {
  at("chosen-none").hidden = chosen.length > 0;
  at("chosen").replaceChildren(...chosen.map((z, i) => {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-label", fill(t.remove, { z }));
    button.append(picture(z, t.chosen_alt));
    button.addEventListener("click", () => { letGo(z); show(); });
    const letter = document.createElement("span");
    letter.className = "letter";
    letter.textContent = LETTERS[i];
    item.append(button, letter);
    return item;
  }));
}

function showLooked() {
  at("nearest").hidden = true; // that of what was shown before
  remember();
  at("look").hidden = !looked;
  at("look-none").hidden = Boolean(looked);
  if (!looked) return;
  const place = { z: pulled() };
  at("keep").disabled = chosen.includes(pulled());
  at("large").src = address("latent", place);
  at("large").alt = fill(t.sample_alt, { z: looked });
  at("save-png").href = address("latent", place);
  at("save-png").download = `sample-${looked}.png`;
  at("save-npz").href = address("latent", { ...place, format: "npz" });
  at("save-npz").download = `sample-${looked}.npz`;
  if (form) showForm({ ...place, format: form.format });
}

/** Put the file of the sample looked at into the player, or its text beside the picture. */
async function showForm(place) {
  const url = address("latent", place);
  at("save-file").href = url;
  at("save-file").download = `sample-${looked}.${form.format}`;
  if (form.shown === "player") { at("player").src = url; return; }
  const answer = await fetch(url).catch(() => null);
  if (answer?.ok && at("save-file").href.endsWith(url)) at("text").textContent = await answer.text();
}

/** Show places that lie at an angle to the one looked at: the share of it that is left is the cosine. */
function showNeighbours() {
  if (!looked || /[*+~-]/.test(looked)) return at("neighbours").replaceChildren();
  const sine = Number(at("distance").value);
  const cosine = Math.sqrt(1 - sine * sine);
  at("neighbours").replaceChildren(...Array.from({ length: NEIGHBOURS }, (_, k) => {
    const z = `${looked}*${cosine.toFixed(4)}+1000003.${k}*${sine.toFixed(4)}`;
    return chooser(z, fill(t.neighbour_alt, { k: k + 1, z: looked }));
  }));
}

function show() {
  showChosen();
  showLooked();
  showNeighbours();
  at("walk").disabled = chosen.length < 2;
  at("walk-need").hidden = chosen.length >= 2;
  at("compute").disabled = chosen.length < 3 || chosen.slice(0, 3).some((z) => /[*+~-]/.test(z));
  at("compute-need").hidden = !at("compute").disabled;
  for (const button of document.querySelectorAll("[data-z]")) button.setAttribute("aria-pressed", String(chosen.includes(button.dataset.z)));
}

/** Ask for something that takes a moment, say so, and say what went wrong. */
async function get(url, read) {
  at("said").textContent = t.working;
  const answer = await fetch(url).catch(() => null);
  if (!answer?.ok) {
    at("said").textContent = fill(t.refused, { reason: answer ? (await answer.json()).detail : "…" });
    return null;
  }
  at("said").textContent = "";
  return read(answer);
}

at("again").addEventListener("click", () => { seed += 1; showSheet(); show(); });
at("back").addEventListener("click", () => { seed = Math.max(0, seed - 1); showSheet(); show(); });
at("truncation").addEventListener("change", () => { showSheet(); show(); });
at("class")?.addEventListener("change", () => { showSheet(); show(); });
at("moves").addEventListener("input", showLooked);
at("reset").addEventListener("click", () => { look(looked.split("~")[0]); show(); });
at("keep").addEventListener("click", () => { choose(pulled()); show(); });
at("distance").addEventListener("change", () => { showNeighbours(); show(); });

at("walk").addEventListener("click", async () => {
  const film = await get(address("walk", { z: chosen, frames: 16 * chosen.length }), (answer) => answer.blob());
  if (!film) return;
  const [img, save] = [at("film").querySelector("img"), at("film").querySelector("a")];
  URL.revokeObjectURL(img.src);
  img.src = save.href = URL.createObjectURL(film);
  img.alt = fill(t.walk_alt, { n: chosen.length });
  at("film").hidden = false;
});

at("compute").addEventListener("click", () => {
  const [a, b, c] = chosen;
  const sum = `${a}-${b}+${c}`;
  at("result").replaceChildren(chooser(sum, t.arithmetic_alt));
});

at("find").addEventListener("click", async () => {
  const asked = address("nearest", { z: pulled() });
  const found = await get(asked, (answer) => answer.json());
  if (!found || !looked || address("nearest", { z: pulled() }) !== asked) return; // another one is looked at by now
  at("nearest").querySelector("img").src = found.picture;
  at("nearest").querySelector("figcaption").textContent = fill(t.nearest_found, {
    of: whole(found.of), index: whole(found.index), distance: number(found.distance),
  });
  at("nearest").hidden = false;
});

recall();
showSheet();
show();
