// Words, numbers and pictures as the page shows them.

const $ = (id) => document.getElementById(id);
const json = (id) => JSON.parse($(id).textContent);
const DATA = json("data"), TEXTS = json("texts"), FACTS = DATA.facts;
const LANGUAGES = Object.keys(TEXTS);
const SIZE = FACTS.shape.reduce((a, b) => a * b); // numbers in a sample

let language = LANGUAGES.find((code) => navigator.language?.toLowerCase().startsWith(code)) ?? "en";
try {
  language = LANGUAGES.find((code) => code === localStorage.getItem("faussaire-language")) ?? language;
} catch {
  // a page from a file may have no storage
}

function words(name, values = {}) {
  const texts = TEXTS[language];
  return (texts[FACTS.kind]?.[name] ?? texts[name] ?? name).replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "…");
}

function number(value, options = { maximumSignificantDigits: 4 }) {
  return Number.isFinite(value) ? new Intl.NumberFormat(language, options).format(value) : words("missing");
}

const whole = (value) => number(Math.round(value), {});

function noun() {
  return TEXTS[language].nouns[FACTS.data] ?? words("noun");
}

function speak(code) {
  language = code;
  document.documentElement.lang = code;
  for (const button of document.querySelectorAll("[data-language]")) button.setAttribute("aria-pressed", button.dataset.language === code);
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = words(element.dataset.t, { z_dim: FACTS.z_dim });
  for (const write of told) write();
}

const sampleOf = (samples, place = 0) => samples.subarray(place * SIZE, (place + 1) * SIZE);

// What the kind of data makes of a sample, at a place in an array of several: the pixels of a canvas.
const pixels = (samples, place = 0) => KIND.draw(sampleOf(samples, place));

function paint(canvas, image) {
  canvas.width = KIND.width;
  canvas.height = KIND.height;
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

// A wave in [-1, 1] as a WAV of 16 bits, with the mark of what faussaire makes (modalities/waves.py).
function wav(wave, rate) {
  const text = (letters) => new TextEncoder().encode(letters), software = text(`${FACTS.mark}\0`);
  const chunk = (name, parts) => {
    const size = parts.reduce((sum, part) => sum + part.length, 0), out = new Uint8Array(8 + size + (size % 2));
    out.set(text(name));
    new DataView(out.buffer).setUint32(4, size, true);
    let at = 8;
    for (const part of parts) {
      out.set(part, at);
      at += part.length;
    }
    return out;
  };
  const form = new DataView(new ArrayBuffer(16)), sound = new DataView(new ArrayBuffer(2 * wave.length));
  form.setUint16(0, 1, true);
  form.setUint16(2, 1, true);
  form.setUint32(4, rate, true);
  form.setUint32(8, 2 * rate, true);
  form.setUint16(12, 2, true);
  form.setUint16(14, 16, true);
  wave.forEach((value, i) => sound.setInt16(2 * i, Math.max(-32767, Math.min(32767, Math.round(value * 32767))), true));
  const info = chunk("LIST", [text("INFO"), chunk("ISFT", [software])]);
  const bytes = (view) => new Uint8Array(view.buffer);
  return chunk("RIFF", [text("WAVE"), chunk("fmt ", [bytes(form)]), info, chunk("data", [bytes(sound)])]);
}

// One sound at a time.
const listening = { audio: null, address: null };

function hear(sample) {
  listening.audio?.pause();
  if (listening.address) URL.revokeObjectURL(listening.address);
  listening.address = URL.createObjectURL(new Blob([KIND.heard(sample)], { type: "audio/wav" }));
  listening.audio = new Audio(listening.address);
  return listening.audio.play();
}

function download(content, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

function crc32(bytes) {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let i = 0; i < 8; i++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
