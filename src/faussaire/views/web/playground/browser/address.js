// The whole state in the fragment of the address: settings that differ from the usual ones, the seed, and what was drawn.

const MOST_DRAWN = 400;

// Points as base64url, two bytes each.
function packed(points) {
  const bytes = points.flat().map((value) => Math.round(((value / SQUARE + 1) / 2) * 255));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function unpacked(text) {
  if (!/^[\w-]*$/.test(text)) return null;
  try {
    const bytes = Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
    if (bytes.length % 2 || bytes.length > 2 * MOST_DRAWN) return null;
    return Array.from({ length: bytes.length / 2 }, (_, k) => [snapped(bytes[2 * k]), snapped(bytes[2 * k + 1])]);
  } catch {
    return null;
  }
}

const snapped = (byte) => SQUARE * ((2 * byte) / 255 - 1);

// A point as its address will give it back, so that a link shows what its sender saw.
const kept = (point) => point.map((value) => snapped(Math.round(((Math.max(-SQUARE, Math.min(SQUARE, value)) / SQUARE + 1) / 2) * 255)));

// The settings of an experiment; `own` ones are told by what they differ in from the usual.
const settingsOf = (preset) => ({ ...DEFAULTS, ...PRESETS[preset], preset });

function fragmentOf(settings, drawn) {
  const usual = { ...settingsOf(settings.preset), preset: DEFAULTS.preset };
  const parts = Object.keys(DEFAULTS).filter((name) => settings[name] !== usual[name]).map((name) => `${name}=${settings[name]}`);
  if (drawn.length) parts.push(`drawn=${packed(drawn)}`);
  return `#${parts.join("&")}`;
}

// What a fragment says, and the parts of it that are not possible.
function stateOf(fragment) {
  const said = {}, wrong = [];
  for (const part of readable(fragment.replace(/^#/, "")).split("&").filter(Boolean)) {
    const [name, ...rest] = part.split("="), text = rest.join("=");
    if (name === "drawn" ? unpacked(text) !== null : isPossible(name, text)) said[name] = text;
    else wrong.push(name === "drawn" ? name : part);
  }
  const begun = settingsOf(said.preset ?? DEFAULTS.preset), settings = { ...begun };
  for (const name of Object.keys(DEFAULTS).filter((name) => name in said))
    settings[name] = typeof DEFAULTS[name] === "number" ? Number(said[name]) : said[name];
  // Some settings of an experiment with others: its sentence would not be true of them.
  if (Object.keys(begun).some((name) => !FREE.includes(name) && settings[name] !== begun[name])) settings.preset = "own";
  return { settings, drawn: unpacked(said.drawn ?? ""), wrong };
}

// Some programs that pass a link on write signs of it as %3D or &amp;.
function readable(text) {
  try {
    return decodeURIComponent(text).replaceAll("&amp;", "&");
  } catch {
    return text;
  }
}

function isPossible(name, text) {
  if (name === "preset") return text === "own" || Object.hasOwn(PRESETS, text);
  if (Object.hasOwn(CHOICES, name)) return CHOICES[name].includes(text);
  if (!Object.hasOwn(DEFAULTS, name) || !/^\d+(\.\d+)?$/.test(text) || (WHOLE.includes(name) && text.includes("."))) return false;
  const value = Number(text), stops = STOPS[name];
  return name === "seed" ? value <= MOST_SEED : value >= stops[0] && value <= stops.at(-1);
}
