// The picture on top: a fresh one at each visit, whose address is the fragment: #SEED.SAMPLE&t=TRUNCATION&c=CLASS&m=MOVES.

const MOST_SEED = 2n ** 63n - 1n, FRESH_SEEDS = 2 ** 31;
const engine = new Engine(DATA, $("weights").textContent, $("kernel").textContent, $("engine").textContent);
const fresh = () => ({ seed: String(Math.floor(Math.random() * FRESH_SEEDS)), index: 0 });
const still = () => ({ truncation: 1, label: null, moves: FACTS.directions.map(() => 0) });

let here = { ...fresh(), ...still() };
const before = [];

// The place that a fragment names, or null.
function placeOf(fragment) {
  const [name, ...rest] = fragment.replace(/^#/, "").split("&");
  const found = /^(\d{1,19})(?:\.(\d{1,4}))?$/.exec(name);
  if (!found || BigInt(found[1]) > MOST_SEED) return null;
  const place = { seed: String(BigInt(found[1])), index: Number(found[2] ?? 0), ...still() };
  for (const part of rest) {
    const [key, value = ""] = part.split("=");
    if (key === "t" && Number(value) >= 0 && Number(value) <= 1.5) place.truncation = Number(value);
    if (key === "c" && FACTS.shares.length > Number(value) && /^\d+$/.test(value)) place.label = Number(value);
    if (key === "m") value.split(",").slice(0, place.moves.length).forEach((move, k) => Math.abs(move) <= 8 && (place.moves[k] = Number(move)));
  }
  return place;
}

function fragmentOf({ seed, index, truncation, label, moves }) {
  const parts = [index ? `${seed}.${index}` : seed];
  if (truncation !== 1) parts.push(`t=${truncation}`);
  if (label !== null) parts.push(`c=${label}`);
  if (moves.some(Boolean)) parts.push(`m=${moves.join(",")}`);
  return `#${parts.join("&")}`;
}

// The latent of a place.
function moved({ seed, index, moves }) {
  const z = latentOf(seed, index, FACTS.z_dim);
  moves.forEach((move, k) => move && FACTS.directions[k].forEach((step, i) => (z[i] += move * step)));
  return z;
}

const labelOf = ({ seed, index, label }) => (FACTS.shares.length ? (label ?? classOf(seed, index, FACTS.shares)) : null);

async function sampleAt(place, options) {
  const label = labelOf(place);
  return engine.make(moved(place), place.truncation, label === null ? null : [label], options);
}

let asked = 0;
let shown = null; // the sample that is to be seen
async function show() {
  const mine = ++asked;
  const samples = await sampleAt(here, { urgent: true });
  if (mine !== asked) return;
  shown = samples;
  paint($("sample"), pixels(samples));
  describe();
  if (!document.body.classList.contains("ready")) {
    document.body.classList.add("ready");
    document.body.dataset.first = performance.now().toFixed(1); // milliseconds after opening
  }
  document.body.dataset.shown = fragmentOf(here);
}

// Goes to a place; its fragment takes the place of the one before, so that "back" leaves the page.
function go(place, { remember = true } = {}) {
  if (remember) before.push(here);
  here = place;
  settle();
}

function settle() {
  const fragment = fragmentOf(here);
  if (location.hash !== fragment) location.replace(fragment);
  $("before").disabled = !before.length;
  $("link").href = fragment;
  $("truncation").value = here.truncation;
  $("class").value = here.label ?? "";
  document.querySelectorAll("#moves input").forEach((slider, k) => (slider.value = here.moves[k]));
  describe();
  show().catch(report);
}

function describe() {
  const label = labelOf(here), seed = here.index ? `${here.seed}.${here.index}` : here.seed;
  const values = { x: noun(), seed, class: FACTS.classes[label] };
  const title = FACTS.title || words(FACTS.data in TEXTS[language].nouns ? "title" : "title_other", values);
  document.title = $("title").textContent = title;
  $("said").textContent = words(label === null ? "said" : "said_class", values);
  const read = shown && KIND.read ? KIND.read(shown) : "";
  $("read").textContent = read;
  $("sample").setAttribute("aria-label", [words("alt", values), read].filter(Boolean).join(": "));
}

function report(error) {
  $("trouble").hidden = false;
  $("trouble").textContent = words("trouble", { reason: error.message ?? String(error) });
}

function status(name) {
  $("status").textContent = name ? words(name) : "";
}

function beginSliders() {
  FACTS.directions.forEach((_, k) => {
    const label = document.createElement("label"), slider = document.createElement("input"), name = document.createElement("span");
    label.className = "slider";
    Object.assign(slider, { type: "range", min: -8, max: 8, step: 0.5 });
    slider.addEventListener("input", () => go({ ...here, moves: here.moves.map((move, i) => (i === k ? Number(slider.value) : move)) }, { remember: false }));
    saying(() => (name.textContent = words("move", { k: k + 1 })));
    label.append(name, slider);
    $("moves").append(label);
  });
}

function beginHero() {
  beginSliders();
  if (FACTS.shares.length) {
    $("classes").hidden = false;
    const any = new Option("", "");
    saying(() => (any.textContent = words("class_any")));
    $("class").append(any, ...FACTS.classes.map((name, i) => new Option(name, i)));
  }
  $("another").addEventListener("click", () => go({ ...here, ...fresh(), moves: still().moves }));
  $("before").addEventListener("click", () => go(before.pop(), { remember: false }));
  $("reset").addEventListener("click", () => go({ ...here, moves: still().moves }, { remember: false }));
  $("truncation").addEventListener("input", () => go({ ...here, truncation: Number($("truncation").value) }, { remember: false }));
  $("class").addEventListener("change", () => go({ ...here, label: $("class").value === "" ? null : Number($("class").value) }, { remember: false }));
  $("copy").addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(location.href);
      status("copied");
    } catch {
      status("not_copied");
    }
  });
  const named = (suffix) => `${FACTS.name}-${here.seed}.${here.index}${suffix}`;
  $("save").addEventListener("click", async () => download(await png($("sample")), named(".png")));
  for (const { suffix, type, bytes } of KIND.files) {
    const button = document.createElement("button");
    button.type = "button";
    saying(() => (button.textContent = words("save_as", { suffix })));
    button.addEventListener("click", () => shown && download(new Blob([bytes(shown)], { type }), named(suffix)));
    $("save").after(button);
  }
  $("hear").hidden = $("asked-hear").hidden = !KIND.heard;
  $("hear").addEventListener("click", () => shown && hear(shown).catch(report));
  addEventListener("hashchange", () => {
    const place = placeOf(location.hash);
    if (place && fragmentOf(place) !== fragmentOf(here)) go(place);
  });
  saying(describe);
  here = placeOf(location.hash) ?? here;
  settle();
}
