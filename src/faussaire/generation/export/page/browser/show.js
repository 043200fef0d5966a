// Words, numbers and pictures as the page shows them.

const $ = (id) => document.getElementById(id);
const json = (id) => JSON.parse($(id).textContent);
const DATA = json("data"), TEXTS = json("texts"), FACTS = DATA.facts;
const LANGUAGES = Object.keys(TEXTS);
const [CHANNELS, HEIGHT, WIDTH] = FACTS.shape;

let language = LANGUAGES.find((code) => navigator.language?.toLowerCase().startsWith(code)) ?? "en";
try {
  language = LANGUAGES.find((code) => code === localStorage.getItem("faussaire-language")) ?? language;
} catch {
  // a page from a file may have no storage
}

const told = []; // what writes words again when the language changes

function words(name, values = {}) {
  return (TEXTS[language][name] ?? name).replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "…");
}

// Runs now, and again in another language.
function saying(write) {
  told.push(write);
  write();
}

function number(value, options = { maximumSignificantDigits: 4 }) {
  return Number.isFinite(value) ? new Intl.NumberFormat(language, options).format(value) : words("missing");
}

const whole = (value) => number(Math.round(value), {});
const percent = (share) => number(share, { style: "percent", maximumFractionDigits: 0 });

function noun() {
  const { nouns } = TEXTS[language];
  return (nouns[FACTS.data] ?? nouns.other).replace("{name}", FACTS.noun);
}

function speak(code) {
  language = code;
  document.documentElement.lang = code;
  for (const button of document.querySelectorAll("[data-language]")) button.setAttribute("aria-pressed", button.dataset.language === code);
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = words(element.dataset.t, { z_dim: FACTS.z_dim });
  for (const write of told) write();
}

// A sample [C, H, W] in [-1, 1], at a place in an array of several, as the pixels of a canvas.
function pixels(samples, place = 0) {
  const image = new ImageData(WIDTH, HEIGHT), area = HEIGHT * WIDTH, at = place * CHANNELS * area;
  for (let i = 0; i < area; i++)
    for (let c = 0; c < 4; c++) {
      const from = CHANNELS >= 3 ? c : c < 3 ? 0 : 3;
      image.data[4 * i + c] = from < CHANNELS ? Math.round(samples[at + from * area + i] * 127.5 + 127.5) : 255;
    }
  return image;
}

function paint(canvas, image) {
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  canvas.getContext("2d").putImageData(image, 0, 0);
}

// The bytes of a canvas as PNG, with the mark by which faussaire knows its own samples (core/marks.py).
async function png(canvas) {
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  const bytes = new Uint8Array(await blob.arrayBuffer()), header = 33; // signature and IHDR
  const text = new TextEncoder().encode(`tEXtSoftware\0${FACTS.mark}`);
  const chunk = new Uint8Array(text.length + 8), view = new DataView(chunk.buffer);
  view.setUint32(0, text.length - 4);
  chunk.set(text, 4);
  view.setUint32(text.length + 4, crc32(text));
  return new Blob([bytes.subarray(0, header), chunk, bytes.subarray(header)], { type: "image/png" });
}

function crc32(bytes) {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let i = 0; i < 8; i++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
